"""Reports in, order lines out: whatever comes, how often, and in which order."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from commerce.actions.orders import observe, resolve_parked, was_booked
from commerce.click_refs import click_ref_of
from commerce.exceptions import EventReused
from commerce.models import (
    Commission,
    Discrepancy,
    Network,
    Observation,
    OrderLine,
    OrderRefund,
    ParkedObservation,
)
from commerce.networks.adapters import read_report
from pinboard.models import Board, Pin, Product
from tests.factories import (
    make_board,
    make_click,
    make_link,
    make_pin,
    make_product,
    make_programme,
)

pytestmark = pytest.mark.django_db
Outcome = Observation.Outcome
Kind = Discrepancy.Kind
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def click(alice):
    programme = make_programme()
    pin = make_pin(make_board(alice), product=make_product())
    link = make_link(programme=programme, pin=pin)
    return make_click(link, occurred_at=NOON - timedelta(hours=1))


@pytest.fixture
def shop(click):
    return Shop(click)


class Shop:
    """Tells the site of one order line that came by a click."""

    def __init__(self, click):
        self.click, self.programme = click, click.programme
        self.numbers = itertools.count(1)

    def notice(self, kind="order", hours=0, **changes):
        moment = NOON + timedelta(hours=hours)
        payload = {
            "event_id": f"e-{next(self.numbers)}",
            "type": kind,
            "order_id": "A-1",
            "line_id": "A-1-1",
            "click_id": click_ref_of(self.click.pk),
            "status": "paid",
            "amount": "100.00",
            "currency": "CNY",
            "occurred_at": moment.isoformat(),
        }
        return payload | changes

    def refund(self, refunded, hours=1, refund_id="r-1", **changes):
        return self.notice(
            "refund", hours, refund_id=refund_id, refunded=refunded, **changes
        )

    def tell(self, payload):
        network = self.programme.network
        return observe(
            network=network,
            programme=self.programme,
            source=Observation.Source.POSTBACK,
            report=read_report(network, payload),
            payload=payload,
            event_id=payload["event_id"],
        )

    @property
    def line(self):
        return OrderLine.objects.get(line_id="A-1-1")


def test_an_order_becomes_a_line_and_a_commission(shop, click):
    observation = shop.tell(shop.notice())

    line = shop.line
    assert observation.outcome == Outcome.APPLIED
    assert was_booked(observation)
    assert (line.status, line.paid_minor, line.currency) == ("paid", 10000, "CNY")
    assert line.created_at == NOON
    assert line.product == click.link.product
    assert line.commission.net_minor == 800


def test_the_same_report_again_is_the_first_one(shop):
    notice = shop.notice()

    first, second = shop.tell(notice), shop.tell(notice)

    assert first == second
    assert Observation.objects.count() == 1
    assert shop.line.version == 1


def test_an_event_id_with_another_content_is_refused(shop):
    notice = shop.notice()
    shop.tell(notice)

    with pytest.raises(EventReused):
        shop.tell(notice | {"amount": "900.00"})

    assert shop.line.paid_minor == 10000


def test_an_event_id_of_another_line_is_refused(shop):
    notice = shop.notice()
    shop.tell(notice)

    with pytest.raises(EventReused):
        shop.tell(notice | {"line_id": "A-1-2"})

    assert OrderLine.objects.count() == 1


def test_a_status_rises_and_its_times_are_kept(shop):
    shop.tell(shop.notice())
    shop.tell(shop.notice(status="received", hours=50))
    shop.tell(shop.notice(status="settled", hours=400))

    line = shop.line
    assert line.status == "settled"
    assert line.paid_at == line.created_at == NOON
    assert line.received_at == NOON + timedelta(hours=50)
    assert line.settled_at == NOON + timedelta(hours=400)


def test_settled_without_received_was_received_by_then(shop):
    shop.tell(shop.notice())
    shop.tell(shop.notice(status="settled", hours=400))

    assert shop.line.received_at == NOON + timedelta(hours=400)


def test_a_status_that_goes_back_is_kept_but_not_believed(shop):
    shop.tell(shop.notice(status="settled", hours=1))
    before = shop.line

    observation = shop.tell(shop.notice(status="paid", amount="5.00", hours=2))

    assert (observation.outcome, observation.code) == (Outcome.REJECTED, "regression")
    assert not was_booked(observation)
    assert (shop.line.status, shop.line.paid_minor) == ("settled", 10000)
    assert shop.line.version == before.version
    assert Discrepancy.objects.get().kind == Kind.REGRESSION
    assert "discrepancy" in shop.line.commission.hold_reasons


def test_an_older_report_that_comes_late_is_no_contradiction(shop):
    shop.tell(shop.notice(status="received", hours=48))
    shop.tell(shop.notice(status="paid", hours=0))

    line = shop.line
    assert line.status == "received"
    assert line.created_at == line.paid_at == NOON
    assert not Discrepancy.objects.exists()


def test_a_presale_grows_with_its_final_payment(shop):
    shop.tell(shop.notice(amount="10.00"))
    shop.tell(shop.notice(amount="100.00", hours=72))

    line = shop.line
    assert line.paid_minor == 10000
    assert line.created_at == NOON
    assert line.commission.net_minor == 800


def test_a_final_payment_after_the_window_is_still_of_the_click(shop, click):
    """What counts is when it was ordered: a presale is paid weeks later."""
    shop.tell(shop.notice(amount="10.00"))
    shop.tell(shop.notice(amount="100.00", hours=24 * 40))

    assert shop.line.attributions.get().click == click
    assert shop.line.commission.net_minor == 800


def test_who_deletes_pin_board_and_product_after_the_click_still_earns(
    shop, click, alice
):
    pin = click.link.pin
    Pin.objects.filter(pk=pin.pk).delete()
    Board.objects.filter(pk=pin.board_id).delete()
    Product.objects.filter(pk=click.link.product_id).update(removed_at=NOON)

    shop.tell(shop.notice())

    share = shop.line.commission.shares.get(role="pinner")
    assert (share.party, share.amount_minor) == (alice, 560)


def test_the_database_itself_refuses_more_refunded_than_paid(shop):
    shop.tell(shop.notice())
    with pytest.raises(IntegrityError, match="refunded_is_at_most_paid"):
        OrderLine.objects.update(refunded_minor=10001)


def test_another_currency_is_refused_without_exchange(shop):
    observation = shop.tell(shop.notice(currency="USD"))

    assert (observation.outcome, observation.code) == (Outcome.REJECTED, Kind.CURRENCY)
    assert Discrepancy.objects.get().kind == Kind.CURRENCY
    assert not OrderLine.objects.exists()


def test_a_reported_commission_stays_known_when_later_reports_omit_it(shop):
    shop.tell(shop.notice(commission="9.00"))
    shop.tell(shop.notice(status="received", hours=9))

    assert shop.line.gross_fee_minor == 900


def test_a_refund_before_its_order_waits_and_then_counts(shop):
    refund = shop.tell(shop.refund("25.00"))
    assert (refund.outcome, refund.code) == (Outcome.PARKED, "unknown_order")
    assert not was_booked(refund)

    shop.tell(shop.notice())

    assert shop.line.refunded_minor == 2500
    assert was_booked(refund)


def test_refunds_add_up_and_the_latest_word_on_each_counts(shop):
    shop.tell(shop.notice())
    shop.tell(shop.refund("20.00", refund_id="r-1", hours=1))
    shop.tell(shop.refund("30.00", refund_id="r-2", hours=2))
    shop.tell(shop.refund("10.00", refund_id="r-1", hours=3))
    shop.tell(shop.refund("99.00", refund_id="r-1", hours=2))

    assert shop.line.refunded_minor == 4000
    assert OrderRefund.objects.count() == 2


def test_a_refund_above_the_price_leaves_the_last_good_state(shop):
    shop.tell(shop.notice())
    shop.tell(shop.refund("60.00", refund_id="r-1"))
    shop.tell(shop.refund("60.00", refund_id="r-2"))

    assert shop.line.refunded_minor == 6000
    discrepancy = Discrepancy.objects.get()
    assert (discrepancy.kind, discrepancy.delta_minor) == (Kind.REFUND_EXCEEDS, 2000)


def test_a_price_below_what_was_refunded_leaves_the_last_good_state(shop):
    shop.tell(shop.notice())
    shop.tell(shop.refund("60.00"))
    shop.tell(shop.notice(status="received", amount="40.00", hours=9))

    assert (shop.line.paid_minor, shop.line.refunded_minor) == (10000, 6000)
    assert Discrepancy.objects.get().kind == Kind.REFUND_EXCEEDS
    shop.tell(shop.notice(status="invalid", amount="40.00", hours=10))
    assert shop.line.status == "invalid"


def test_a_discrepancy_that_was_resolved_stays_resolved(shop):
    shop.tell(shop.notice())
    shop.tell(shop.refund("160.00"))
    Discrepancy.objects.update(resolved_at=timezone.now())
    shop.tell(shop.notice(status="received", hours=9))

    assert Discrepancy.objects.filter(resolved_at=None).count() == 0


def test_waiting_refunds_above_the_price_are_told_when_the_order_comes(shop):
    shop.tell(shop.refund("60.00", refund_id="r-1"))
    shop.tell(shop.refund("60.00", refund_id="r-2"))
    shop.tell(shop.notice())

    assert shop.line.refunded_minor == 6000
    assert Discrepancy.objects.get().kind == Kind.REFUND_EXCEEDS


def test_what_was_settled_can_still_become_invalid(shop):
    shop.tell(shop.notice())
    shop.tell(shop.notice(status="settled", hours=400))
    shop.tell(shop.notice(status="invalid", amount="0.00", hours=500))

    line = shop.line
    assert (line.status, line.paid_minor) == ("invalid", 10000)
    assert line.commission.net_minor == 0


@pytest.mark.parametrize("order", itertools.permutations(range(4)))
def test_any_order_of_arrival_ends_in_the_same_line(shop, order):
    notices = [
        shop.notice(commission="9.00"),
        shop.notice(status="received", hours=48),
        shop.refund("20.00", refund_id="r-1", hours=50),
        shop.refund("13.33", refund_id="r-2", hours=60),
    ]

    for number in [*order, *order]:
        shop.tell(notices[number])

    line = shop.line
    assert (line.status, line.refunded_minor) == ("received", 3333)
    assert (line.gross_fee_minor, line.created_at) == (900, NOON)
    assert line.paid_at == NOON
    assert line.commission.net_minor == 900 * (10000 - 3333) // 10000


def test_an_unknown_click_keeps_the_order_waiting(shop):
    observation = shop.tell(shop.notice(click_id="no-such-click"))

    assert (observation.outcome, observation.code) == (Outcome.PARKED, "unknown_click")
    assert not OrderLine.objects.exists()
    assert ParkedObservation.objects.get().click_ref == "no-such-click"


def test_after_a_day_an_order_without_its_click_is_nobodys(shop, time_machine):
    observation = shop.tell(shop.notice(click_id="no-such-click"))
    shop.tell(shop.notice(click_id="no-such-click", status="received", hours=1))

    resolve_parked()
    assert not OrderLine.objects.exists()
    time_machine.move_to(timezone.now() + timedelta(hours=25))
    assert resolve_parked() == 1
    assert resolve_parked() == 0

    assert shop.line.status == "received"
    assert shop.line.commission.state == "unattributed"
    assert was_booked(observation)


def test_an_order_without_its_click_is_of_no_product(shop, time_machine):
    """Else its rate would be that of a product somebody else sold."""
    shop.tell(shop.notice(click_id="no-such-click"))
    time_machine.move_to(timezone.now() + timedelta(hours=25))
    resolve_parked()

    assert shop.line.product is None


def test_a_forged_click_is_nobodys_at_once(shop, click):
    forged = click_ref_of(click.pk)[:-12] + "0" * 12

    observation = shop.tell(shop.notice(click_id=forged))

    assert (observation.outcome, observation.code) == (Outcome.APPLIED, "bad_ref")
    assert not was_booked(observation)
    assert shop.line.commission.state == "unattributed"


def test_reports_are_never_changed(shop):
    first = shop.tell(shop.notice(click_id="no-such-click"))
    shop.tell(shop.notice())
    shop.tell(shop.refund("1.00"))

    first.refresh_from_db()
    assert first.outcome == Outcome.PARKED
    assert Observation.objects.count() == 3


class TestAPolledNetwork:
    @pytest.fixture
    def league(self, click):
        network = click.programme.network
        network.adapter = Network.Adapter.TAOBAO
        network.save()
        return network

    def row(self, **changes):
        return {
            "trade_id": "1234567890123456789",
            "trade_parent_id": "1234567890123456000",
            "tk_status": 12,
            "tk_create_time": "2026-06-01 20:00:00",
            "tk_paid_time": "2026-06-01 20:00:05",
            "click_time": "--",
            "modified_time": "2026-06-01 20:00:05",
            "alipay_total_price": "2.80",
            "pub_share_pre_fee": "0.14",
            "alimama_share_fee": "0.01",
        } | changes

    def tell(self, network, row):
        return observe(
            network=network,
            source=Observation.Source.TOP_POLL,
            report=read_report(network, row),
            payload=row,
        )

    def test_an_unknown_status_holds_and_guesses_nothing(self, league):
        self.tell(league, self.row())
        observation = self.tell(
            league, self.row(tk_status=99, modified_time="2026-06-02 20:00:00")
        )

        line = OrderLine.objects.get()
        assert observation.code == "unmapped_status"
        assert line.status == "paid"
        assert "unmapped_status" in line.commission.hold_reasons

    def test_an_unknown_status_at_first_makes_no_line(self, league):
        self.tell(league, self.row(tk_status=99))

        assert not OrderLine.objects.exists()
        assert Discrepancy.objects.get().kind == Kind.UNMAPPED_STATUS

    def test_rows_without_a_change_time_may_flip_there_and_back(self, league):
        first, second = self.row(), self.row(alipay_total_price="3.00")
        for row in (first, second):
            del row["modified_time"]

        for row in (first, first, second, second, first):
            self.tell(league, row)

        assert Observation.objects.count() == 3
        assert OrderLine.objects.get().paid_minor == 280

    def test_the_real_rows_figures_are_kept_as_reported(self, league):
        self.tell(league, self.row())

        commission = Commission.objects.get()
        assert (commission.gross_minor, commission.fee_minor) == (14, 1)
        assert commission.net_minor == 13

    def test_times_are_peking_times(self, league):
        self.tell(league, self.row())

        assert OrderLine.objects.get().created_at == NOON


def test_a_new_order_costs_the_same_however_many_links_its_programme_has(
    shop, click, django_assert_max_num_queries, alice
):
    for _ in range(20):
        make_link(programme=shop.programme, beneficiary=alice)

    with django_assert_max_num_queries(40) as asked:
        shop.tell(shop.notice())

    loose = [q["sql"] for q in asked if "network_sub_id" in q["sql"]]
    assert not [sql for sql in loose if "IS NULL" in sql.partition(" WHERE ")[2]]
