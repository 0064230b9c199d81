"""The local marketplace: a shop one can buy in, and a gateway as strict as Taobao's."""

import http.server
import json
import re
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from commerce.networks.marketplace.store import SCHEMA, Store
from commerce.networks.top_signature import sign
from tests.commerce.marketplace import APP_SECRET, ROOT, Marketplace, peking

ORDERS = "tbk_order_details_get_response"


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    market = Marketplace(tmp_path_factory.mktemp("market"))
    market.stock()
    yield market
    market.stop()


@pytest.fixture(autouse=True)
def _good_days(market):
    """What one test let happen is over for the next."""
    yield
    market.calm()


def error_of(answer):
    return answer.json()["error_response"]


def rows_of(answer):
    return answer.json()[ORDERS]["data"]["results"].get("publisher_order_dto", [])


# The process --------------------------------------------------------------------------


def test_it_imports_nothing_of_the_site():
    code = (
        "import sys, commerce.networks.marketplace.__main__\n"
        "names = {m.split('.')[0] for m in sys.modules}\n"
        "ours = {m for m in sys.modules if m.startswith('commerce.')}\n"
        "print(names & {'django', 'celery', 'pinboard', 'users', 'config', 'httpx'},"
        " {m for m in ours if not m.startswith('commerce.networks')})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "set() set()", done.stderr


def test_it_starts_before_there_is_anything_to_sell(tmp_path):
    market = Marketplace(tmp_path)
    try:
        assert "Nothing yet" in market.http.get("/").text
        market.stock()
        assert "A coat" in market.http.get("/").text
    finally:
        assert market.stop() == 0


# The shop -----------------------------------------------------------------------------


def test_a_product_page_tells_machines_what_it_sells(market):
    html = market.http.get("/item/1").text

    linked = re.search(r'<script type="application/ld\+json">(.*?)</script>', html)
    product = json.loads(linked[1])
    assert (product["name"], product["brand"]["name"]) == ("A coat", "Qiao")
    assert product["offers"]["price"] == "199.00"
    assert product["offers"]["priceCurrency"] == "CNY"
    assert '<meta property="og:title" content="A coat">' in html
    assert f'<link rel="canonical" href="{market.url}/item/1">' in html
    assert "¥199.00" in html


def test_what_is_sold_out_cannot_be_bought(market):
    assert 'data-action="buy"' not in market.http.get("/item/3").text
    assert market.http.post("/item/3/buy").status_code == 404


def test_a_person_buys_and_pays_by_forms_alone(market):
    line = market.buy("1", pb_click="click-1.tag")
    assert "paid" in market.http.get(f"/orders/{line}").text
    assert line in market.http.get("/desk/").text


def test_paying_twice_is_paying_once(market):
    line = market.buy("2", relation_id="1")
    assert market.http.post(f"/orders/{line}/pay").status_code == 200


@pytest.mark.parametrize(
    "path", ["/item/99", "/item/%00", "/nowhere", "/orders/1", "/item/1/picture.jpg"]
)
def test_what_is_not_there_is_404(market, path):
    assert market.http.get(path).status_code == 404


def test_a_move_that_the_order_does_not_allow_is_refused(market):
    line = market.buy("2")
    market.move(line, "settled")
    for form in ({"status": "paid"}, {"status": "lost"}, {}):
        answer = market.http.post(f"/desk/orders/{line}/move", data=form)
        assert answer.status_code == 409


@pytest.mark.parametrize("amount", ["", "0", "-1", "281.00", "1.001", "a", "１"])
def test_no_more_is_refunded_than_was_paid(market, amount):
    line = market.buy("2")
    answer = market.http.post(f"/desk/orders/{line}/refund", data={"amount": amount})
    assert answer.status_code == 409


def test_another_site_cannot_press_its_buttons(market):
    headers = {"Origin": "https://evil.example"}
    answer = market.http.post("/item/1/buy", headers=headers)
    assert answer.status_code == 403


def test_a_shop_of_its_own_tells_the_site_until_it_is_heard(market):
    heard = []

    class Site(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.headers["X-Pinboard-Signature"], json.loads(body)))
            self.send_response(503 if len(heard) == 1 else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    site = http.server.HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    market.stock(postback_url=f"http://127.0.0.1:{site.server_port}/hook")

    line = market.buy("1", pb_click="click-2.tag")
    market.desk(line, "refund", amount="50.00")
    wait_for(lambda: len(heard) >= 3)
    site.shutdown()
    site.server_close()

    notices = {notice["event_id"]: notice for _, notice in heard}
    assert {n["type"] for n in notices.values()} == {"order", "refund"}
    order = next(n for n in notices.values() if n["type"] == "order")
    assert (order["line_id"], order["status"]) == (line, "paid")
    assert (order["amount"], order["click_id"]) == ("199.00", "click-2.tag")
    assert len({signature for signature, _ in heard}) == len(heard)


def wait_for(holds, seconds=15):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


# The gateway --------------------------------------------------------------------------


@pytest.mark.parametrize("sign_method", ["md5", "hmac", "hmac-sha256"])
def test_a_signed_call_is_answered(market, sign_method):
    answer = market.call(sign_method=sign_method)
    assert answer.status_code == 200
    assert "data" in answer.json()[ORDERS]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": None}, 21),
        ({"method": "taobao.item.get"}, 22),
        ({"app_key": None}, 28),
        ({"app_key": "1"}, 29),
        ({"v": None}, 32),
        ({"v": "1.0"}, 33),
        ({"timestamp": None}, 30),
        ({"timestamp": "yesterday"}, 31),
        ({"format": "yaml"}, 23),
        ({"sign": None}, 24),
        ({"sign": "0" * 64}, 25),
        ({"session": "stolen"}, 27),
        ({"method": "taobao.tbk.sc.order.details.get"}, 26),
        ({"page_size": "101"}, 41),
    ],
)
def test_what_is_wrong_with_a_call_is_told_by_its_code(market, changes, code):
    answer = market.call(**changes)
    if changes.get("format") == "yaml":
        assert f"<code>{code}</code>" in answer.text
    else:
        assert error_of(answer)["code"] == code


def test_the_first_thing_wrong_is_what_is_told(market):
    assert error_of(market.call(method="x", app_key="1", v="1", sign="0"))["code"] == 22
    assert error_of(market.call(app_key="1", timestamp="1", sign="0"))["code"] == 29
    assert error_of(market.call(timestamp="1", sign="0"))["code"] == 31
    assert error_of(market.call(sign="0", session="x"))["code"] == 25


def test_a_signature_in_small_letters_is_refused(market):
    given = {
        "method": "taobao.tbk.order.details.get",
        "app_key": "12345678",
        "timestamp": peking(time.time()),
        "v": "2.0",
        "format": "json",
        "sign_method": "md5",
    }
    small = sign(given, APP_SECRET, sign_method="md5").lower()
    answer = market.http.post("/router/rest", data=given | {"sign": small})
    assert error_of(answer)["code"] == 25


@pytest.mark.parametrize(
    ("timestamp", "is_right"),
    [
        (lambda now: peking(now + 598), True),
        (lambda now: peking(now - 598), True),
        (lambda now: peking(now + 603), False),
        (lambda now: peking(now - 603), False),
        (lambda now: str(int(now * 1000)), True),
        (lambda now: peking(now - 8 * 3600), False),  # UTC taken for Peking's time
    ],
)
def test_the_clock_may_be_ten_minutes_off(market, timestamp, is_right):
    answer = market.call(timestamp=timestamp(time.time())).json()
    assert (ORDERS in answer) == is_right


def test_without_a_format_it_speaks_xml(market):
    answer = market.call(format=None)
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert "<tbk_order_details_get_response>" in answer.text


def test_it_may_speak_xml_to_who_asked_for_json(market):
    market.play("xml")
    assert market.call().headers["Content-Type"].startswith("text/xml")
    assert ORDERS in market.call().json()


def test_a_presale_is_paid_in_two_parts(market):
    market.play("presale")
    line = market.buy("2")
    row = next(r for r in rows_of(market.call()) if r["trade_id"] == line)
    assert (row["tk_status"], row["alipay_total_price"]) == (12, "28.00")
    assert "Pay the rest, ¥252.00" in market.http.get("/desk/").text

    market.desk(line, "rest")
    later = market.call(end_time=peking(time.time() + 60))
    row = next(r for r in rows_of(later) if r["trade_id"] == line)
    assert row["alipay_total_price"] == "280.00"
    assert market.http.post(f"/desk/orders/{line}/rest").status_code == 409


def test_a_file_from_before_presales_is_read_on(tmp_path):
    db = sqlite3.connect(tmp_path / "marketplace.sqlite3")
    old = SCHEMA.replace(",\n    rest_minor INTEGER NOT NULL DEFAULT 0", "")
    db.executescript(old)
    db.close()
    for _ in range(2):
        with Store(tmp_path).open() as db:
            assert db.execute("SELECT rest_minor FROM orders").fetchall() == []


def test_rates_fees_and_nulls_are_texts(market):
    line = market.buy("2", relation_id="2000000001", unid="click.tag")
    row = next(r for r in rows_of(market.call()) if r["trade_id"] == line)

    assert (row["tk_status"], row["alipay_total_price"]) == (12, "280.00")
    assert (row["pub_share_pre_fee"], row["alimama_share_fee"]) == ("25.20", "2.52")
    assert (row["tk_total_rate"], row["tk_earning_time"]) == ("9.00", "--")
    assert (row["relation_id"], row["unid"]) == ("2000000001", "click.tag")
    assert int(row["trade_id"]) > 2**53
    assert not row["item_id"].isdigit()


def test_a_shop_of_its_own_is_not_in_the_leagues_report(market):
    line = market.buy("1", pb_click="click-3.tag")
    assert line not in {row["trade_id"] for row in rows_of(market.call())}


def test_an_empty_list_leaves_its_name_out(market):
    now = time.time()
    answer = market.call(start_time=peking(now - 9000), end_time=peking(now - 8000))
    assert answer.json()[ORDERS]["data"]["results"] == {}


@pytest.mark.parametrize(
    ("start", "end", "sub_code"),
    [
        (-10900, 0, "isv.2007"),
        (0, -10, "isv.2001"),
        (-91 * 86400, -91 * 86400 + 60, "isv.2004"),
    ],
)
def test_windows_have_rules(market, start, end, sub_code):
    now = time.time()
    answer = market.call(start_time=peking(now + start), end_time=peking(now + end))
    assert error_of(answer)["sub_code"] == sub_code


def test_in_season_windows_are_short(market):
    market.play("season")
    now = time.time()
    long, short = peking(now - 1300), peking(now - 1100)
    answer = market.call(start_time=long, end_time=peking(now))
    assert error_of(answer)["sub_code"] == "isv.2007"
    assert rows_of(market.call(start_time=short, end_time=peking(now + 1))) is not None


def test_pages_are_walked_by_their_index(market):
    lines = {market.buy("2") for _ in range(5)}
    seen, index, number = [], None, 1
    while True:
        answer = market.call(page_size="2", page_no=str(number), position_index=index)
        page = answer.json()[ORDERS]["data"]
        seen += [row["trade_id"] for row in rows_of(answer)]
        if not page["has_next"]:
            break
        index, number = page["position_index"], number + 1

    assert lines <= set(seen)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("index", [None, "nonsense", "1|2"])
def test_a_later_page_needs_its_index(market, index):
    answer = market.call(page_no="2", position_index=index)
    assert error_of(answer)["sub_code"] == "isv.1008"


def test_a_ban_names_its_seconds(market):
    market.play("ban", 30)
    error = error_of(market.call())
    assert error["code"] == 7
    assert re.search(r"ban will last for \d+ more seconds", error["sub_msg"])
