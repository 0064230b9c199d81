"""The twenty-five hard cases of an affiliate ledger and their right answers, each by
the door at which it happens. After each one the ledger proves itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from commerce.actions.commissions import approve
from commerce.actions.imports import import_orders
from commerce.actions.orders import observe_page
from commerce.actions.payouts import approve_batch, mark_paid, prepare_batch
from commerce.exceptions import CommerceError, TransitionRefused
from commerce.ledger import replay, verify
from commerce.models import (
    Account,
    Commission,
    CommissionShare,
    Discrepancy,
    Journal,
    Network,
    Observation,
    OrderLine,
    PayoutAccount,
    PayoutBatch,
    PayoutLine,
    Programme,
    RateCard,
    Statement,
)
from commerce.networks import top_client
from commerce.networks.adapters import read_report
from commerce.networks.fields import as_gmt8, as_utc
from commerce.reconciliation.exceptions import StatementKnown
from pinboard.models import Board, Pin, Product
from tests.commerce.marketplace import APP_KEY, APP_SECRET, Marketplace
from tests.commerce.statements import SETTLED, make_league, upload
from tests.commerce.till import Till, make_signing_programme
from tests.factories import (
    LONG_AGO,
    make_board,
    make_click,
    make_link,
    make_pin,
    make_product,
    make_programme,
    make_user,
)
from users.actions import close_account

pytestmark = pytest.mark.django_db
at_once = pytest.mark.django_db(transaction=True, serialized_rollback=True)
Kind = Discrepancy.Kind


@pytest.fixture(autouse=True)
def _the_ledger_proves_itself_afterwards(db):
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert verify().findings == []
    assert list(replay()) == []


@pytest.fixture
def till(alice, bob):
    """A direct programme of 10 %: alice's pin, of which bob's was the first, and a
    click on it an hour ago."""
    return make_till(alice, bob)


def make_till(pinner, first, **programme):
    programme = make_signing_programme(rate_bp=1000, **programme)
    pin = make_pin(make_board(pinner), product=make_product(), origin_pinner=first)
    link = make_link(programme=programme, pin=pin)
    moment = timezone.now() - timedelta(hours=1)
    return Till(programme, make_click(link, rate_bp=1000, occurred_at=moment))


@pytest.fixture
def league(alice, bob):
    """A network that reports rows as Taobao does."""
    network = Network.objects.create(
        code="league", name="League", adapter=Network.Adapter.TAOBAO, tz="Asia/Shanghai"
    )
    programme = make_programme(network=network, rate_bp=500)
    pin = make_pin(make_board(alice), product=make_product(), origin_pinner=bob)
    link = make_link(programme=programme, pin=pin, network_sub_id="1009")
    make_click(link, occurred_at=NOON - timedelta(minutes=10))
    return League(network)


NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class League:
    def __init__(self, network):
        self.network = network

    def row(self, *, hours=0, **changes):
        moment = as_gmt8(NOON + timedelta(hours=hours))
        return {
            "trade_id": "9007199254740993001",  # beyond what a double can tell apart
            "trade_parent_id": "9007199254740993000",
            "tk_status": 12,
            "tk_create_time": as_gmt8(NOON),
            "tk_paid_time": "--",
            "click_time": as_gmt8(NOON - timedelta(minutes=10)),
            "modified_time": moment,
            "tk_earning_time": "--",
            "alipay_total_price": "100.00",
            "pub_share_pre_fee": "10.00",
            "alimama_share_fee": "1.00",
            "relation_id": "1009",
        } | changes

    def settled(self, **changes):
        fields = {"tk_status": 3, "pay_price": "100.00", "pub_share_fee": "10.00"}
        earned = as_gmt8(NOON + timedelta(hours=48))
        return self.row(**({"hours": 48, "tk_earning_time": earned} | fields | changes))

    def refund(self, amount="100.00", *, hours=72, status="2", number="R-1"):
        return {
            "refund_suit_id": number,
            "tb_trade_id": "9007199254740993001",
            "refund_status": status,
            "refund_fee": amount,
            "modified_time": as_gmt8(NOON + timedelta(hours=hours)),
        }

    def tell(self, *rows):
        source = Observation.Source.TOP_POLL
        read = [(read_report(self.network, row), row) for row in rows]
        observe_page(network=self.network, source=source, rows=read)


def shares():
    rows = CommissionShare.objects.order_by("commission", "role")
    return {share.role: share.amount_minor for share in rows}


def balances():
    rows = Account.objects.exclude(balance_minor=0)
    return {f"{row.kind}:{row.key}": row.balance_minor for row in rows}


def the_line():
    return OrderLine.objects.get()


def the_commission():
    return Commission.objects.get()


def can_be_paid(user):
    EmailAddress.objects.create(user=user, email=user.email, verified=True)
    number = f"621700000000{user.pk}"
    PayoutAccount.objects.create(
        user=user, method="alipay", holder=user.username, number=number
    )


def pay_out(rosa, ruth):
    batch = approve_batch(batch=prepare_batch(currency="CNY", by=rosa), by=ruth)
    for payout in batch.payouts.order_by("pk"):
        mark_paid(payout=payout, by=rosa, external_ref=f"B-{payout.pk}")
    return batch


def all_at_once(*deeds):
    """Each deed on a connection of its own; what each returned, or its refusal."""
    start = threading.Barrier(len(deeds))

    def run(deed):
        try:
            start.wait(10)
            return deed()
        except CommerceError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


@at_once
def test_case_01_the_same_postback_a_hundred_times_at_once_books_once(alice, bob):
    till = make_till(alice, bob)
    order = till.order(status="received")
    answers = []
    for _ in range(5):
        answers += all_at_once(*[lambda: till.send(order).status_code] * 20)
    assert answers == [200] * 100
    assert Observation.objects.count() == Commission.objects.count() == 1
    assert Journal.objects.count() == 1


def test_case_02_the_same_event_with_another_amount_is_409_and_alerts(till, caplog):
    order = till.order()
    till.send(order)
    before = balances(), the_line().version
    assert till.send(order | {"amount": "1.00"}).status_code == 409
    assert (balances(), the_line().version) == before
    assert "came with two contents" in caplog.text


def test_case_03_a_refund_before_its_order_ends_as_if_in_order(till):
    order = till.order(status="received")
    refund = till.refund(order, "250.00")
    assert till.send(refund).status_code == 202
    assert not Commission.objects.exists()
    assert till.send(order).status_code == 200

    assert the_line().refunded_minor == 25000
    assert shares() == {"pinner": 4500, "originator": 750, "platform": 2250}


def test_case_04_settled_without_received_is_accepted(league):
    league.tell(league.row())
    league.tell(league.settled())

    line = the_line()
    assert (line.status, line.received_at) == ("settled", line.settled_at)
    assert line.received_at == NOON + timedelta(hours=48)
    assert Observation.objects.count() == 2
    assert the_commission().state == "maturing"


def test_case_05_invalid_after_settled_is_reversed_in_full(league):
    league.tell(league.row(), league.settled())
    assert balances()["asset:receivable:league"] == 900
    league.tell(league.row(tk_status=13, hours=60))

    commission = the_commission()
    assert (commission.state, commission.net_minor) == ("clawed_back", 0)
    assert balances() == {}


def test_case_05_invalid_before_anything_was_booked_is_void(league):
    league.tell(league.row(), league.row(tk_status=13, hours=1))
    assert the_commission().state == "void"
    assert not Journal.objects.exists()


def test_case_06_paid_again_after_settled_touches_nothing(league):
    league.tell(league.settled())
    before = the_line().version, balances()
    league.tell(league.row(hours=50))

    line = the_line()
    assert (line.status, line.version, balances()) == ("settled", *before)
    assert Observation.objects.filter(code=Kind.REGRESSION).count() == 1
    assert line.discrepancies.get().kind == Kind.REGRESSION


def test_case_07_an_unknown_status_is_held_and_not_guessed(league):
    league.tell(league.row(), league.row(tk_status=99, hours=1))
    commission = the_commission()
    assert (the_line().status, commission.state) == ("paid", "estimated")
    assert commission.hold_reasons == [Kind.UNMAPPED_STATUS]


@pytest.mark.parametrize("order_of_arrival", permutations([0, 1, 2]))
def test_case_08_three_partial_refunds_leave_exactly_nothing(till, order_of_arrival):
    order = till.order(status="received", amount="10.00")
    till.send(order)
    refunds = [till.refund(order, amount) for amount in ("3.33", "3.33", "3.34")]
    before = shares()
    for number in order_of_arrival:
        till.send(refunds[number])
        after = shares()
        assert all(after[role] <= before[role] for role in before)
        before = after
    assert set(before.values()) == {0}
    assert balances() == {}
    assert the_commission().state == "clawed_back"


def test_case_09_a_refund_above_the_price_leaves_the_last_good_state(till):
    order = till.order(status="received")
    till.send(order)
    till.send(till.refund(order, "400.00"))
    before = balances()
    assert till.send(till.refund(order, "700.00")).status_code == 202

    line = the_line()
    assert (line.refunded_minor, balances()) == (40000, before)
    found = line.discrepancies.get()
    assert (found.kind, found.delta_minor) == (Kind.REFUND_EXCEEDS, 10000)
    with (
        pytest.raises(IntegrityError, match="refunded_is_at_most_paid"),
        transaction.atomic(),
    ):
        OrderLine.objects.update(refunded_minor=line.paid_minor + 1)


def test_case_10_a_refund_after_the_payout_is_a_debt_that_the_next_one_nets(
    till, client, alice, rosa, ruth
):
    can_be_paid(alice)
    first = till.order(status="received")
    till.send(first)
    approve(commission=the_commission(), by=rosa)
    pay_out(rosa, ruth)
    till.send(till.refund(first, "500.00"))
    assert balances()[f"liab:payable:{alice.pk}"] == 3000

    client.force_login(alice)
    assert b"30.00" in client.get("/earnings/").content

    till.send(till.order(status="received"))
    approve(commission=Commission.objects.latest("pk"), by=rosa)
    batch = prepare_batch(currency="CNY", by=rosa)
    payout = batch.payouts.get()
    assert payout.amount_minor == 3000
    netted = payout.lines.order_by("amount_minor").values_list("amount_minor", "share")
    assert [amount for amount, _share in netted] == [-3000, 6000]


def test_case_11_a_refund_that_fails_gives_back_to_the_minor_unit(league):
    league.tell(league.settled())
    before = balances(), shares()
    league.tell(league.refund("33.33"))
    assert balances() != before[0]
    league.tell(league.refund("33.33", hours=80, status="3"))

    assert (balances(), shares()) == before
    kinds = list(Journal.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["ACCRUE", "ADJUST", "ADJUST"]


def test_case_12_a_presale_is_attributed_by_its_creation_and_grows(league):
    """The final payment comes after the window; the deposit came within."""
    league.tell(league.row(alipay_total_price="10.00", pub_share_pre_fee="1.00"))
    paid_at = as_gmt8(NOON + timedelta(days=20))
    league.tell(
        league.row(hours=480, tk_paid_time=paid_at, alipay_total_price="100.00")
    )

    line = the_line()
    assert (line.paid_minor, line.created_at) == (10000, NOON)
    assert line.attributions.get().basis == "sub_id"
    assert the_commission().net_minor == 900


def test_case_13_a_commission_below_the_minor_unit_is_no_commission(league):
    row = league.settled(pub_share_fee="0.00", alimama_share_fee="0.00")
    league.tell(row)
    commission = the_commission()
    assert (commission.net_minor, commission.return_reason) == (0, "no_commission")
    assert not Journal.objects.exists()


def test_case_14_thirteen_fen_are_split_7_1_5_and_of_a_first_pin_9_4(league, bob):
    fees = {"pub_share_pre_fee": "0.14", "alimama_share_fee": "0.01"}
    league.tell(league.row(alipay_total_price="2.80", **fees))
    assert shares() == {"pinner": 7, "originator": 1, "platform": 5}

    programme = Programme.objects.get()
    link = make_link(
        programme=programme,
        beneficiary=bob,
        beneficiary_is_originator=True,
        network_sub_id="1010",
    )
    make_click(link, occurred_at=NOON - timedelta(minutes=10))
    row = league.row(trade_id="2", relation_id="1010", **fees)
    league.tell(row | {"alipay_total_price": "2.80"})
    own = CommissionShare.objects.filter(commission__line__line_id="2")
    assert {share.role: share.amount_minor for share in own} == {
        "pinner": 9,
        "platform": 4,
    }


def test_case_15_the_rate_at_the_click_holds_in_a_direct_programme(till):
    """Promised 10 %; by the time of the order the card says 6 %."""
    now = timezone.now()
    RateCard.objects.update(valid=(LONG_AGO, now - timedelta(minutes=30)))
    RateCard.objects.create(
        programme=till.click.programme,
        rate_bp=600,
        valid=(now - timedelta(minutes=30), None),
    )
    till.send(till.order())
    assert (the_commission().gross_minor, the_commission().rate_bp) == (10000, 1000)

    till.send(till.order(commission="60.00"))
    short = Commission.objects.latest("pk")
    assert short.gross_minor == 10000
    assert short.line.discrepancies.get().kind == Kind.RATE_BELOW


def test_case_15_a_networks_report_wins_over_any_rate(league):
    league.tell(league.row())
    assert (the_commission().gross_minor, the_commission().rate_bp) == (1000, 1000)


@at_once
def test_case_16_of_two_overlapping_rates_saved_at_once_one_is_refused(settings):
    settings.STAFF_SECOND_FACTOR = False
    programme = make_programme()
    RateCard.objects.all().delete()
    chief = make_user("chief", reviewer=True, is_superuser=True)
    form = {
        "programme": programme.pk,
        "rate_bp": 800,
        "valid_0": "2026-01-01 00:00:00",
        "valid_1": "",
    }

    def save():
        client = Client(raise_request_exception=True)
        client.force_login(chief)
        page = client.post("/admin/commerce/ratecard/add/", form, follow=True)
        return page.content.decode()

    pages = all_at_once(save, save, save)
    kept = [page for page in pages if "added successfully" in page]
    assert len(kept) == RateCard.objects.count() == 1
    reasons = ("Another rate holds", "Somebody else was faster")
    refused = [page for page in pages if any(reason in page for reason in reasons)]
    assert len(refused) == 2


def test_case_17_another_currency_is_never_exchanged(till):
    assert till.send(till.order(currency="USD")).status_code == 202
    assert Observation.objects.get().outcome == Observation.Outcome.REJECTED
    assert Discrepancy.objects.get().kind == Kind.CURRENCY
    assert not OrderLine.objects.exists()


MONEY = [
    "-1.00", "NaN", "1e3", "\uff11\uff12", "1,000.00", "1.234", "", " 1.00", "1.", 100,
    1.5, None, True, "0x10", "1_000", "\u0661.00", "+1.00", "1000000000000.00",
]  # fmt: skip


@pytest.mark.parametrize("amount", MONEY, ids=repr)
def test_case_18_money_that_is_not_written_as_money_is_refused(till, amount):
    order = till.order() | {"amount": amount}
    assert till.send(order).status_code == 400
    assert not Observation.objects.exists()


def test_case_18_a_yen_has_no_decimals(till):
    Programme.objects.update(currency="JPY")
    assert till.send(till.order(currency="JPY", amount="15.50")).status_code == 400
    assert till.send(till.order(currency="JPY", amount="1550")).status_code == 200
    assert the_line().paid_minor == 1550


def test_case_19_a_signature_lasts_300_seconds_and_a_replay_moves_nothing(
    till, time_machine
):
    now = timezone.now().replace(microsecond=0)
    time_machine.move_to(now, tick=False)
    order = till.order(occurred_at=now.isoformat())
    assert till.send(order).status_code == 200
    signature, before = till.sign(till.raw(order)), the_line().version
    time_machine.move_to(now + timedelta(seconds=300), tick=False)
    assert till.post(till.raw(order), signature).status_code == 200
    time_machine.move_to(now + timedelta(seconds=301), tick=False)
    assert till.post(till.raw(order), signature).status_code == 401
    assert (Observation.objects.count(), the_line().version) == (1, before)


@pytest.mark.parametrize(
    ("seconds", "status"), [(-300, 200), (300, 200), (-301, 401), (301, 401)]
)
def test_case_20_clocks_may_differ_by_300_seconds(till, time_machine, seconds, status):
    now = timezone.now().replace(microsecond=0)
    time_machine.move_to(now, tick=False)
    raw = till.raw(till.order())
    assert till.post(raw, till.sign(raw, at=seconds)).status_code == status


def test_case_20_times_without_a_zone_are_pekings_and_eight_hours_matter(league):
    """Read as UTC, the order would be eight hours after its click's own time."""
    assert as_utc("2026-06-01 20:00:00") == NOON
    league.tell(league.row())
    shifted = league.row(
        trade_id="2", click_time=as_gmt8(NOON + timedelta(hours=7, minutes=50))
    )
    league.tell(shifted)
    bases = OrderLine.objects.order_by("pk").values_list(
        "attributions__click", "attributions__basis"
    )
    assert bases[0][0] is not None
    assert bases[1] == (None, "sub_id")


def test_case_21_what_is_deleted_after_the_click_still_earns(till, alice):
    pin = till.click.link.pin
    Pin.objects.filter(pk=pin.pk).delete()
    Board.objects.filter(pk=pin.board_id).delete()
    Product.objects.update(removed_at=timezone.now())
    till.send(till.order(status="received"))
    assert shares() == {"pinner": 6000, "originator": 1000, "platform": 3000}


def test_case_21_a_deleted_persons_share_waits_in_suspense(till, alice):
    order = till.order(status="received")
    till.send(order)
    close_account(user=alice)
    held = balances()
    assert held["liab:suspense:unattributed"] == -6000
    assert f"liab:pending:{alice.pk}" not in held
    alice.refresh_from_db()
    assert (alice.email, alice.display_name) == ("", "")
    till.send(till.refund(order, "1000.00"))
    assert "liab:suspense:unattributed" not in balances()


def test_case_21_a_banned_persons_commission_is_held(till, alice):
    alice.is_active = False
    alice.save()
    till.send(till.order(status="received"))
    assert the_commission().hold_reasons == ["banned"]


@pytest.mark.parametrize(
    ("policy", "state", "holds"),
    [
        ("allow", "maturing", []),
        ("void", "void", []),
        ("review", "maturing", ["self_purchase"]),
    ],
)
@pytest.mark.parametrize("evidence", ["account", "browser", "place to pay"])
def test_case_22_ones_own_purchase_follows_the_policy_and_bans_nobody(
    alice, bob, charlie, policy, state, holds, evidence
):
    till = make_till(alice, bob, self_purchase=policy)
    who = {"user": alice}
    if evidence == "browser":
        make_click(till.click.link, user=alice, visitor_key="v" * 32)
        who = {"visitor_key": "v" * 32}
    elif evidence == "place to pay":
        for person in (alice, charlie):
            PayoutAccount.objects.create(
                user=person, method="bank", holder="A", number="1"
            )
        who = {"user": charlie}
    till.click = make_click(till.click.link, rate_bp=1000, **who)
    till.send(till.order(status="received"))

    commission = the_commission()
    assert (commission.state, commission.hold_reasons) == (state, holds)
    assert commission.line.attributions.get().is_self_purchase
    alice.refresh_from_db()
    assert alice.is_active


@pytest.mark.parametrize(
    ("before_order", "basis"),
    [
        (timedelta(days=15), "none"),
        (timedelta(days=15) - timedelta(seconds=1), "click_ref"),
        (timedelta(0), "click_ref"),
        (-timedelta(minutes=5), "click_ref"),
        (-timedelta(minutes=5, seconds=1), "none"),
    ],
)
def test_case_23_the_windows_ends(till, before_order, basis):
    ordered_at = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    clicked_at = ordered_at - before_order
    till.click = make_click(till.click.link, rate_bp=1000, occurred_at=clicked_at)
    till.send(till.order(occurred_at=ordered_at.isoformat()))
    assert the_line().attributions.get().basis == basis


@pytest.fixture
def market(tmp_path, monkeypatch):
    market = Marketplace(tmp_path)
    market.stock()
    monkeypatch.setattr(top_client, "PAGE_SIZE", 2)
    monkeypatch.setenv("TEST_LEAGUE_SECRET", APP_SECRET)
    yield market
    market.stop()


@pytest.fixture
def polled(market):
    return make_polled(market)


def make_polled(market):
    network = Network.objects.create(
        code="league",
        name="League",
        adapter=Network.Adapter.TAOBAO,
        base_url=f"{market.url}/router/rest",
        app_key=APP_KEY,
        secret_ref="TEST_LEAGUE_SECRET",
        polled_until=timezone.now() - timedelta(minutes=5),
    )
    make_programme(network=network, hosts=[market.url.split("//")[1]])
    return network


def test_case_24_rows_that_move_between_pages_are_read_once_each(market, polled):
    lines = {market.buy("2") for _ in range(5)}
    market.play("duplicates")
    later = timezone.now() + timedelta(seconds=2)
    import_until(polled, later)
    import_until(polled, later)
    assert set(OrderLine.objects.values_list("line_id", flat=True)) == lines
    assert Observation.objects.count() == len(lines)


def import_until(network, moment):
    """The gateway reports whole seconds, but not the last."""
    while timezone.now() < moment:
        threading.Event().wait(0.1)
    network.refresh_from_db()
    return import_orders(network=network)


def test_case_24_a_crash_after_a_page_moves_no_mark_and_loses_nothing(
    market, polled, monkeypatch
):
    lines = {market.buy("2") for _ in range(5)}
    later = timezone.now() + timedelta(seconds=2)
    mark = polled.polled_until
    pages = iter([None, None])

    class Killed(BaseException):
        """As if the process had been killed: nothing catches it."""

    read = top_client.TopClient.orders

    def two_pages(self, *args, **options):
        for rows in read(self, *args, **options):
            if next(pages, Killed) is Killed:
                raise Killed
            yield rows

    monkeypatch.setattr(top_client.TopClient, "orders", two_pages)
    with pytest.raises(Killed):
        import_until(polled, later)
    polled.refresh_from_db()
    assert polled.polled_until == mark
    assert 0 < OrderLine.objects.count() < len(lines)

    monkeypatch.setattr(top_client.TopClient, "orders", read)
    import_until(polled, later)
    assert set(OrderLine.objects.values_list("line_id", flat=True)) == lines


@at_once
def test_case_24_two_pollers_at_once_read_each_row_once(market):
    network = make_polled(market)
    lines = {market.buy("2") for _ in range(5)}
    threading.Event().wait(2)
    all_at_once(*[lambda: import_orders(network=network)] * 2)
    assert set(OrderLine.objects.values_list("line_id", flat=True)) == lines
    assert Observation.objects.count() == len(lines)


def payable_to(alice, bob, rosa, orders=1):
    can_be_paid(alice)
    till = make_till(alice, bob)
    for _ in range(orders):
        order = till.order(status="received")
        till.send(order)
    for commission in Commission.objects.all():
        approve(commission=commission, by=rosa)
    return till, order


@at_once
def test_case_25_of_two_who_approve_a_batch_at_once_one_wins(alice, bob, rosa, ruth):
    payable_to(alice, bob, rosa)
    rene = make_user("rene", reviewer=True)
    batch = prepare_batch(currency="CNY", by=rosa)
    outcomes = all_at_once(
        lambda: approve_batch(batch=batch, by=ruth),
        lambda: approve_batch(batch=batch, by=rene),
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "PayoutBatch",
        "TransitionRefused",
    ]
    assert Journal.objects.filter(kind="PAYOUT_SUBMIT").count() == 1


@at_once
def test_case_25_a_share_is_in_one_batch_of_two_made_at_once(alice, bob, rosa, ruth):
    payable_to(alice, bob, rosa)
    outcomes = all_at_once(
        lambda: prepare_batch(currency="CNY", by=rosa),
        lambda: prepare_batch(currency="CNY", by=ruth),
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "ApprovalRefused",
        "PayoutBatch",
    ]
    line = PayoutLine.objects.exclude(share=None).get()
    with (
        pytest.raises(IntegrityError, match="one_live_payout_per_share"),
        transaction.atomic(),
    ):
        PayoutLine.objects.create(
            payout=line.payout, share=line.share, amount_minor=line.amount_minor
        )


@at_once
def test_case_25_a_refund_that_lands_while_a_batch_is_approved_is_the_next_ones_debt(
    alice, bob, rosa, ruth
):
    till, order = payable_to(alice, bob, rosa)
    batch = prepare_batch(currency="CNY", by=rosa)
    approved, answer = all_at_once(
        lambda: approve_batch(batch=batch, by=ruth),
        lambda: till.send(till.refund(order, "500.00")).status_code,
    )
    assert isinstance(approved, PayoutBatch)
    assert answer == 200
    assert approved.payouts.get().amount_minor == 6000
    assert balances()[f"liab:payable:{alice.pk}"] == 3000
    with pytest.raises(TransitionRefused):
        approve_batch(batch=batch, by=ruth)


def test_case_25_a_statement_file_uploaded_twice_is_refused(alice, rosa, ruth):
    network = make_league(alice)
    first = upload(network, rosa, ("1", *SETTLED))
    for by in (rosa, ruth):
        with pytest.raises(StatementKnown) as refused:
            upload(network, by, ("1", *SETTLED))
        assert refused.value.statement == first
    assert Statement.objects.count() == 1
