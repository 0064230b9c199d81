"""The poller and the real marketplace: nothing lost, nothing twice."""

import threading
import time
from datetime import UTC, datetime, timedelta
from io import StringIO

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from commerce import tasks
from commerce.actions.imports import (
    Window,
    _keep,
    import_orders,
    last_month,
    nightly_windows,
    polled_networks,
    read_past,
)
from commerce.actions.links import ensure_links
from commerce.click_refs import click_ref_of
from commerce.exceptions import NetworkError
from commerce.ledger import verify
from commerce.models import Network, Observation, OrderLine, PostbackKey
from commerce.networks import top_client
from tests.commerce.marketplace import APP_KEY, APP_SECRET, Marketplace
from tests.factories import (
    make_board,
    make_click,
    make_pin,
    make_product,
    make_programme,
    make_shop,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    market = Marketplace(tmp_path_factory.mktemp("market"))
    market.stock()
    yield market
    market.stop()


@pytest.fixture
def league(market, monkeypatch, settings):
    """The network whose gateway the marketplace is, and nothing of before on it."""
    monkeypatch.setenv("TEST_LEAGUE_SECRET", APP_SECRET)
    settings.MARKETPLACE_URL = market.url
    market.calm()
    network = Network.objects.create(
        code="league",
        name="League",
        adapter=Network.Adapter.TAOBAO,
        base_url=f"{market.url}/router/rest",
        app_key=APP_KEY,
        secret_ref="TEST_LEAGUE_SECRET",
        polled_until=timezone.now(),
    )
    make_programme(network=network, shop=None, hosts=[market.url.split("//")[1]])
    return network


@pytest.fixture
def link(league, market, alice):
    url = f"{market.url}/item/2"
    product = make_product(make_shop(), url=url, url_key=url)
    return ensure_links(pin=make_pin(make_board(alice), product=product))[0]


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(top_client, "PAGE_SIZE", 2)


def poll(network):
    """As if a little later: the gateway reports whole seconds, but not the last."""
    time.sleep(1.1)
    network.refresh_from_db()
    return import_orders(network=network)


def test_a_sale_finds_its_click_by_sub_id_and_time(league, market, link, alice):
    click = make_click(link)
    line = market.buy("2", relation_id=link.network_sub_id)

    poll(league)

    row = OrderLine.objects.get(line_id=line)
    assert (row.status, row.paid_minor) == ("paid", 28000)
    assert (row.gross_fee_minor, row.tech_fee_minor) == (2520, 252)
    attribution = row.attributions.get()
    assert (attribution.basis, attribution.click) == ("sub_id", click)
    assert attribution.beneficiary == alice
    assert row.commission.net_minor == 2268


def test_a_sale_that_brings_its_reference_back_names_its_click(league, market, link):
    clicks = [make_click(link), make_click(link)]
    line = market.buy(
        "2", relation_id=link.network_sub_id, unid=click_ref_of(clicks[0].pk)
    )

    poll(league)

    attribution = OrderLine.objects.get(line_id=line).attributions.get()
    assert (attribution.basis, attribution.click) == ("click_ref", clicks[0])


def test_an_order_moves_on_and_is_refunded_and_is_not(league, market, link):
    make_click(link)
    line = market.buy("2", relation_id=link.network_sub_id)
    poll(league)
    market.move(line, "settled")
    market.desk(line, "refund", amount="140.00")
    poll(league)

    row = OrderLine.objects.get(line_id=line)
    assert (row.status, row.settled_minor) == ("settled", 28000)
    assert row.received_at
    assert row.refunded_minor == 14000
    assert row.commission.net_minor == 1134

    refund = row.refunds.get()
    market.desk(line, "fail-refund", refund_id=refund.refund_id)
    poll(league)
    row.refresh_from_db()
    assert row.refunded_minor == 0
    assert row.commission.net_minor == 2268


def test_what_was_read_before_is_read_and_kept_once(league, market):
    line = market.buy("2")
    assert poll(league) >= 1
    before = Observation.objects.count()
    assert poll(league) >= 1  # the overlap

    assert Observation.objects.count() == before
    assert OrderLine.objects.get(line_id=line).version == 1


@pytest.mark.usefixtures("small_pages")
def test_all_pages_are_read_though_rows_repeat_on_them(league, market):
    market.play("duplicates")
    lines = {market.buy("2") for _ in range(5)}
    poll(league)

    assert lines <= set(OrderLine.objects.values_list("line_id", flat=True))
    assert Observation.objects.filter(line_id__in=lines).count() == 5


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(
    "trouble", ["stale_index", "outage", "truncated", "empty_page", "xml"]
)
def test_a_trouble_that_passes_loses_nothing(league, market, trouble):
    lines = {market.buy("2") for _ in range(3)}
    market.play(trouble)
    poll(league)

    assert lines <= set(OrderLine.objects.values_list("line_id", flat=True))


@pytest.mark.usefixtures("small_pages")
def test_a_row_that_moves_while_pages_are_read_is_read_the_next_time(league, market):
    lines = {market.buy("2") for _ in range(5)}
    market.play("moved")
    poll(league)
    read = set(OrderLine.objects.values_list("line_id", flat=True))
    assert len(lines - read) <= 1

    poll(league)
    assert lines <= set(OrderLine.objects.values_list("line_id", flat=True))


def test_a_refund_that_comes_before_its_order_waits_for_it(league, market, link):
    make_click(link)
    line = market.buy("2", relation_id=link.network_sub_id)
    market.desk(line, "refund", amount="140.00")
    market.play("late_orders")
    poll(league)
    assert not OrderLine.objects.filter(line_id=line).exists()
    assert Observation.objects.get(line_id=line).outcome == "parked"

    poll(league)
    row = OrderLine.objects.get(line_id=line)
    assert (row.paid_minor, row.refunded_minor) == (28000, 14000)
    assert row.commission.net_minor == 1134


def test_a_presale_grows_by_its_last_payment_and_keeps_its_click(
    league, market, link, alice
):
    make_click(link)
    market.play("presale")
    line = market.buy("2", relation_id=link.network_sub_id)
    poll(league)
    row = OrderLine.objects.get(line_id=line)
    created_at, paid_at = row.created_at, row.paid_at
    assert (row.paid_minor, row.gross_fee_minor) == (2800, 252)

    market.desk(line, "rest")
    time.sleep(1)  # the rest is paid a second after the deposit at the earliest
    poll(league)
    row.refresh_from_db()
    assert (row.paid_minor, row.gross_fee_minor) == (28000, 2520)
    assert row.created_at == created_at
    assert row.paid_at > paid_at
    assert row.attributions.get().beneficiary == alice
    assert row.commission.net_minor == 2268


def test_opaque_ids_of_items_and_nulls_are_kept_as_they_are(league, market):
    line = market.buy("2")
    poll(league)
    row = OrderLine.objects.get(line_id=line)
    assert row.item_ref
    assert not row.item_ref.isdigit()
    payload = Observation.objects.get(line_id=line).payload
    assert (payload["relation_id"], payload["tk_earning_time"]) == ("--", "--")
    # What "--" stands for is nobody; the ad zone is what remains.
    assert (row.sub_id, row.settled_at) == (str(payload["adzone_id"]), None)


def test_settled_without_received_is_received_by_then(league, market, link):
    line = market.buy("2", relation_id=link.network_sub_id)
    poll(league)
    market.move(line, "settled")
    poll(league)
    row = OrderLine.objects.get(line_id=line)
    assert row.status == "settled"
    assert row.received_at == row.settled_at


def test_invalid_after_settled_takes_all_of_it_back(league, market, link):
    make_click(link)
    line = market.buy("2", relation_id=link.network_sub_id)
    market.move(line, "settled")
    poll(league)
    commission = OrderLine.objects.get(line_id=line).commission
    assert commission.state == "maturing"

    market.move(line, "invalid")
    poll(league)
    commission.refresh_from_db()
    assert (commission.state, commission.net_minor) == ("clawed_back", 0)
    assert verify().findings == []


def test_in_season_its_windows_are_short_enough(league, market):
    market.play("season")
    Network.objects.update(polled_until=timezone.now() - timedelta(minutes=50))
    poll(league)


def test_the_mark_moves_after_the_last_page_only(league, market):
    mark = league.polled_until
    market.buy("2")
    market.play("outage", 9)
    with pytest.raises(NetworkError) as refusal:
        poll(league)
    league.refresh_from_db()
    assert refusal.value.retry
    assert league.polled_until == mark

    market.play("outage", 0)
    poll(league)
    league.refresh_from_db()
    assert league.polled_until > mark


def test_a_long_ban_is_told_and_not_slept_through(league, market):
    market.play("ban", 50)
    with pytest.raises(NetworkError) as refusal:
        poll(league)
    assert 45 < refusal.value.retry_after_s <= 51


def test_a_short_ban_is_slept_through(league, market):
    line = market.buy("2")
    market.play("ban", 2)
    poll(league)
    assert OrderLine.objects.filter(line_id=line).exists()


def test_a_clock_that_is_off_is_no_reason_to_ask_again(league, market):
    market.play("clock_skew", 700)
    with pytest.raises(NetworkError) as refusal:
        poll(league)
    assert (refusal.value.network_code, refusal.value.retry) == ("31", False)


def test_a_wrong_secret_is_no_reason_to_ask_again(league, monkeypatch):
    monkeypatch.setenv("TEST_LEAGUE_SECRET", "guess")
    with pytest.raises(NetworkError) as refusal:
        poll(league)
    assert (refusal.value.network_code, refusal.value.retry) == ("25", False)


def test_a_missing_secret_is_named(league, monkeypatch):
    monkeypatch.delenv("TEST_LEAGUE_SECRET")
    with pytest.raises(NetworkError, match="TEST_LEAGUE_SECRET"):
        import_orders(network=league)


def test_since_reads_further_back_and_leaves_no_gap_behind_the_mark(league, market):
    line = market.buy("2")
    ahead = timezone.now() + timedelta(hours=1)
    Network.objects.update(polled_until=ahead)
    league.refresh_from_db()
    time.sleep(1.1)
    import_orders(network=league, since=timezone.now() - timedelta(minutes=5))

    league.refresh_from_db()
    assert OrderLine.objects.filter(line_id=line).exists()
    assert league.polled_until == ahead


def test_a_long_way_is_gone_in_parts_when_time_is_short(league):
    long_ago = timezone.now() - timedelta(hours=5)
    Network.objects.update(polled_until=long_ago)
    league.refresh_from_db()
    import_orders(network=league, budget_s=0)
    league.refresh_from_db()
    assert league.polled_until == long_ago
    import_orders(network=league, budget_s=0.3)

    league.refresh_from_db()
    assert long_ago < league.polled_until
    import_orders(network=league, budget_s=60)
    league.refresh_from_db()
    assert league.polled_until > timezone.now() - timedelta(minutes=1)


def test_a_row_that_cannot_be_read_is_kept_and_holds_nothing_up(league, market):
    good = {
        "trade_id": "1",
        "tk_status": 12,
        "tk_create_time": "2026-11-01 10:00:00",
        "alipay_total_price": "1.00",
    }
    assert _keep(league, [{"trade_id": "2", "tk_status": 12}, good]) == 2

    assert OrderLine.objects.get().line_id == "1"
    assert Observation.objects.get(code="malformed").line_id == "2"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_second_poller_leaves_the_work_to_the_first(league):
    held, done = threading.Event(), threading.Event()

    def hold():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_lock(hashtextextended(%s, 0))",
                [f"poll:{league.pk}"],
            )
            held.set()
            done.wait(20)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    held.wait(20)
    mark = league.polled_until
    try:
        assert import_orders(network=league) == 0
    finally:
        done.set()
        other.join()
    league.refresh_from_db()
    assert league.polled_until == mark


def test_the_command_polls_one_network_or_says_why_not(league, market):
    line = market.buy("2")
    time.sleep(1.1)
    out = StringIO()
    call_command("import_orders", "--network", "league", stdout=out)

    assert "league" in out.getvalue()
    assert OrderLine.objects.filter(line_id=line).exists()
    with pytest.raises(CommandError, match="nobody"):
        call_command("import_orders", "--network", "nobody")
    for wrong in ("yesterday", "2026-02-31"):
        with pytest.raises(CommandError):
            call_command("import_orders", "--since", wrong)
    market.play("ban", 60)
    with pytest.raises(CommandError, match="App Call Limited"):
        call_command("import_orders")


def test_the_task_goes_on_where_a_network_is_down(league, market):
    line = market.buy("2")
    time.sleep(1.1)
    Network.objects.create(code="a-dead-one", name="Dead", adapter="taobao")
    for network in polled_networks():
        tasks.import_network(network.pk)
    assert OrderLine.objects.filter(line_id=line).exists()


def test_the_night_reads_four_days_by_payment_and_by_refund(league):
    windows = nightly_windows()
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    days_ago = [(today.timestamp() - w.start_s) / 86400 for w in windows]
    assert days_ago == [1, 1, 7, 7, 30, 30, 89, 89]
    assert [w.reading for w in windows[:2]] == ["paid", "refunded"]
    assert {w.end_s - w.start_s for w in windows} == {86400}


def test_last_month_is_read_whole_in_every_zone():
    window = last_month()
    start = timezone.localtime(datetime.fromtimestamp(window.start_s, UTC))
    end = timezone.localtime(datetime.fromtimestamp(window.end_s, UTC))
    this_month = timezone.localtime().replace(day=1)
    assert (end - timedelta(days=1)).date() == this_month.date()
    assert (start + timedelta(days=1)).day == 1
    assert 30 <= (end - start).days <= 33
    assert window.reading == "settled"


@pytest.mark.parametrize(
    ("reading", "status"), [("paid", "paid"), ("settled", "settled")]
)
def test_a_time_past_is_read_again_by_what_happened_in_it(
    league, market, reading, status
):
    line, other = market.buy("2"), market.buy("2")
    market.move(line, "settled")
    now = int(time.time())
    window = Window(reading, now - 900, now + 2)
    assert read_past(network=league, window=window) is None

    found = set(OrderLine.objects.values_list("line_id", flat=True))
    assert line in found
    assert (other in found) == (reading == "paid")
    league.refresh_from_db()
    assert league.polled_until <= timezone.now()  # it is no poll


def test_a_refund_that_no_poll_saw_is_found_by_night(league, market):
    line = market.buy("2")
    poll(league)
    market.desk(line, "refund", amount="80.00")
    now = int(time.time())
    read_past(network=league, window=Window("refunded", now - 900, now + 2))
    assert OrderLine.objects.get(line_id=line).refunded_minor == 8000


def test_what_the_budget_leaves_of_a_time_past_is_told(league):
    now = int(time.time())
    window = Window("paid", now - 7200, now)
    assert read_past(network=league, window=window, budget_s=-1) == window
    left = read_past(network=league, window=window, budget_s=0.05)
    assert left is None or left.end_s == now


def test_a_night_goes_on_after_a_window_that_is_refused(league, monkeypatch):
    """The task drops what will be wrong again, and keeps what passes for later."""
    monkeypatch.setenv("TEST_LEAGUE_SECRET", "guess")
    now = int(time.time())
    tasks.read_past(league.pk, [["paid", now - 600, now]])


def test_what_lies_too_far_back_is_left_out_and_not_asked_for_ever(league):
    """A network that slept for half a year wakes up again."""
    long_ago = timezone.now() - timedelta(days=180)
    Network.objects.update(polled_until=long_ago)
    league.refresh_from_db()
    import_orders(network=league, budget_s=0.5)
    league.refresh_from_db()
    assert league.polled_until > timezone.now() - timedelta(days=90)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_from_buy_to_the_pinners_earnings(market, alice, live_server, settings):
    """The whole way of a direct programme, by the pages and processes people use."""
    settings.MARKETPLACE_URL = market.url
    programme = make_programme(code="own-direct", hosts=[market.url.split("//")[1]])
    PostbackKey.objects.create(programme=programme, kid="k1", secret="shop-secret")
    market.stock(postback_url=f"{live_server.url}/commerce/postbacks/own-direct/")
    url = f"{market.url}/item/1"
    product = make_product(make_shop(), url=url, url_key=url)
    link = ensure_links(pin=make_pin(make_board(alice), product=product))[0]

    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    go = httpx.get(
        f"{live_server.url}{link.get_absolute_url()}", headers=browser, trust_env=False
    )
    landing = httpx.URL(go.headers["Location"])
    line_id = market.buy("1", pb_click=landing.params["pb_click"])

    line = wait_for(lambda: OrderLine.objects.filter(line_id=line_id).first())
    assert line.commission.net_minor == 1592
    assert line.commission.shares.get(party=alice).amount_minor == 1114
    market.desk(line_id, "refund", amount="199.00")
    wait_for(lambda: OrderLine.objects.get().refunded_minor == 19900)


def wait_for(look, seconds=20):
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
    return seen
