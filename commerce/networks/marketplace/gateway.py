"""Taobao's open platform, as far as an affiliate asks it: `/router/rest`.

Strict where the real one is unknown: it checks in one order (method, app key, version,
timestamp, format, signature, session, arguments) and takes upper-case signatures only.
Errors come with HTTP status 200, an empty list leaves its inner key out, null is "--".
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from xml.sax.saxutils import escape

from commerce.networks import top_signature
from commerce.networks.marketplace import conversions
from commerce.networks.marketplace.amounts import amount_text
from commerce.networks.marketplace.config import Config
from commerce.networks.marketplace.errors import (
    Document,
    GatewayError,
    Parameters,
    wrong_argument,
)
from commerce.networks.marketplace.scenarios import Scenarios

GMT8 = timezone(timedelta(hours=8))
CLOCK_TOLERANCE_S = 600
LONGEST_WINDOW = timedelta(hours=3)
LONGEST_WINDOW_IN_SEASON = timedelta(minutes=20)
OLDEST_START = timedelta(days=90)
SERVICE_FEE_BP = 1000  # of the commission; the sample rows say "10.00"

_STATUS = {"created": 11, "paid": 12, "received": 14, "settled": 3, "invalid": 13}
_REFUND_STATUS = {"opened": 4, "success": 2, "failed": 3}
_TIME_COLUMN = {
    "1": "created_at",
    "2": "paid_at",
    "3": "settled_at",
    "4": "modified_at",
    "5": "modified_at",
}


def answer(
    db: sqlite3.Connection, config: Config, parameters: Parameters
) -> tuple[str, str]:
    """Media type and body of the answer to one call."""
    scenarios = Scenarios(db)
    try:
        _refuse_by_scenario(scenarios)
        document = _call(db, config, parameters, scenarios)
    except GatewayError as error:
        document = error.document()
    if parameters.get("format") != "json" or scenarios.once("xml"):
        return "text/xml;charset=UTF-8", _as_xml(document)
    text = json.dumps(document, ensure_ascii=False)
    if scenarios.once("truncated"):
        text = text[: len(text) // 2]
    return "text/javascript;charset=UTF-8", text


def _call(
    db: sqlite3.Connection, config: Config, given: Parameters, scenarios: Scenarios
) -> Document:
    method = given.get("method", "")
    _check_system(config, given, method, scenarios)
    name = method.removeprefix("taobao.").replace(".", "_") + "_response"
    document = METHODS[method](db, config, given, scenarios)
    return {name: document | {"request_id": secrets.token_hex(6)}}


def _refuse_by_scenario(scenarios: Scenarios) -> None:
    ban = scenarios.value("ban") - int(time.time())
    if ban > 0:
        raise GatewayError(
            7,
            "App Call Limited",
            "accesscontrol.limited-by-api-access-count",
            f"This ban will last for {ban} more seconds",
        )
    if scenarios.once("outage"):
        raise GatewayError(15, "Remote service error", "isp.remote-service-timeout")


def _check_system(
    config: Config, given: Parameters, method: str, scenarios: Scenarios
) -> None:
    if not method:
        raise GatewayError(21, "Missing Method")
    if method not in METHODS:
        raise GatewayError(22, "Invalid Method")
    if not given.get("app_key"):
        raise GatewayError(28, "Missing App Key")
    if given["app_key"] != config.app_key:
        raise GatewayError(29, "Invalid App Key")
    if not given.get("v"):
        raise GatewayError(32, "Missing Version")
    if given["v"] != "2.0":
        raise GatewayError(33, "Invalid Version")
    _check_time(given.get("timestamp", ""), scenarios)
    if given.get("format", "xml") not in ("xml", "json"):
        raise GatewayError(23, "Invalid Format")
    if not given.get("sign"):
        raise GatewayError(24, "Missing Signature")
    if not _is_signed(config, given):
        raise GatewayError(25, "Invalid Signature")
    session = given.get("session", "")
    if not session and ".sc." in method:
        raise GatewayError(26, "Missing Session")
    if session and session != config.session:
        raise GatewayError(27, "Invalid session", "invalid-sessionkey", "SessionKey")


def _check_time(text: str, scenarios: Scenarios) -> None:
    if not text:
        raise GatewayError(30, "Missing Timestamp")
    moment = _epoch_of(text)
    now = int(time.time()) + scenarios.value("clock_skew")
    if moment is None or abs(moment - now) > CLOCK_TOLERANCE_S:
        raise GatewayError(31, "Invalid Timestamp")


def _epoch_of(text: str) -> float | None:
    """Peking's wall clock, or what the official Python client sends: milliseconds."""
    if text.isascii() and text.isdigit() and len(text) == 13:
        return int(text) / 1000
    try:
        naive = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  zone below
    except ValueError:
        return None
    return naive.replace(tzinfo=GMT8).timestamp()


def _is_signed(config: Config, given: Parameters) -> bool:
    sign_method = given.get("sign_method", "md5")
    if sign_method not in top_signature.METHODS:
        return False
    right = top_signature.sign(given, config.app_secret, sign_method=sign_method)
    return hmac.compare_digest(right.encode(), given["sign"].encode())


# Orders -------------------------------------------------------------------------------


def order_details(
    db: sqlite3.Connection, config: Config, given: Parameters, scenarios: Scenarios
) -> Document:
    slugs = [shop.slug for shop in config.shops if shop.kind == "taobao"]
    column = _TIME_COLUMN.get(given.get("query_type", "1"), "created_at")
    marks = ",".join("?" * len(slugs))
    sql = (
        f"SELECT *, {column} AS moment, line_id AS id"  # noqa: S608  a name from above
        f" FROM orders WHERE shop IN ({marks})"
    )
    page = _page(db, sql, slugs, given, scenarios)
    if (moving := page.pop("next")) and scenarios.once("moved"):
        now = int(time.time())
        db.execute("UPDATE orders SET modified_at = ? WHERE line_id = ?", (now, moving))
    if scenarios.once("late_orders"):
        page |= {"rows": [], "has_next": False}
    rows = [_row(config, order) for order in page.pop("rows")]
    results = {"publisher_order_dto": rows} if rows else {}
    return {"data": {"results": results, **page}}


def refunds(
    db: sqlite3.Connection, config: Config, given: Parameters, scenarios: Scenarios
) -> Document:
    try:
        option = json.loads(given.get("publisher_refund_order_query_option", ""))
    except ValueError as error:
        raise wrong_argument(1001, "option is null") from error
    option = {name: str(value) for name, value in option.items()}
    slugs = [shop.slug for shop in config.shops if shop.kind == "taobao"]
    marks = ",".join("?" * len(slugs))
    sql = (
        "SELECT refunds.*, order_id, refunds.modified_at AS moment, refund_id AS id"  # noqa: S608  marks are question marks
        f" FROM refunds JOIN orders USING (line_id) WHERE shop IN ({marks})"
    )
    page = _page(db, sql, slugs, option, scenarios)
    del page["next"]
    rows = [_refund_row(refund) for refund in page.pop("rows")]
    # Envelopes differ between the official clients; this is the older one.
    return {"result": ({"result": rows} if rows else {}) | page}


def _page(
    db: sqlite3.Connection,
    sql: str,
    slugs: list[str],
    given: Parameters,
    scenarios: Scenarios,
) -> Document:
    """Rows by (moment, id), walked by the index of where the last page ended."""
    start, end = _window(given, scenarios)
    size = int(_number(given, "page_size", 20, 1, 100))
    number = int(_number(given, "page_no", 1, 1, 10_000))
    after = (start, "")
    if number > 1:
        after = _end_of(given.get("position_index", ""))
        if scenarios.once("stale_index"):
            raise wrong_argument(1008, "positionIndex is out of date")
    rows = db.execute(
        f"SELECT * FROM ({sql}) WHERE moment >= ? AND moment < ?"  # noqa: S608  as above
        " AND (moment, id) > (?, ?) ORDER BY moment, id LIMIT ?",
        (*slugs, start, end, *after, size + 1),
    ).fetchall()
    page, has_next = rows[:size], len(rows) > size
    if scenarios.once("empty_page"):
        page, has_next = [], True
    last = page[-1] if page else None
    if page and has_next and scenarios.value("duplicates") and len(page) > 1:
        last = page[-2]  # so the next page begins with a row of this one
    ended = (last["moment"], last["id"]) if last else after
    return {
        "rows": page,
        "next": rows[size]["id"] if len(rows) > size else "",
        "has_next": has_next,
        "has_pre": number > 1,
        "page_no": number,
        "page_size": size,
        "position_index": _index(after, ended),
    }


def _window(given: Parameters, scenarios: Scenarios) -> tuple[float, float]:
    moments = [_epoch_of(given.get(name, "")) for name in ("start_time", "end_time")]
    if moments[0] is None or moments[1] is None:
        raise wrong_argument(2000, "startTime or endTime is wrong")
    start, end = moments[0], moments[1]
    if end <= start:
        raise wrong_argument(2001, "endTime is before startTime")
    if start < time.time() - OLDEST_START.total_seconds():
        raise wrong_argument(2004, "startTime is older than 90 days")
    longest = LONGEST_WINDOW
    if scenarios.value("season"):
        longest = LONGEST_WINDOW_IN_SEASON
    if end - start > longest.total_seconds():
        raise wrong_argument(2007, "the window is too long")
    return start, end


def _number(given: Parameters, name: str, usual: int, low: int, high: int) -> int:
    text = given.get(name) or str(usual)
    if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
        raise GatewayError(41, "Invalid Arguments", "isv.invalid-parameter", name)
    return int(text)


def _index(after: tuple[float, str], ended: tuple[float, str]) -> str:
    return "|".join(f"{int(moment)}_{_veiled(key)}" for moment, key in (after, ended))


def _end_of(index: str) -> tuple[float, str]:
    try:
        moment, key = index.split("|")[1].split("_", 1)
        return float(moment), base64.urlsafe_b64decode(key).decode()
    except (IndexError, ValueError) as error:
        raise wrong_argument(1008, "positionIndex is wrong") from error


def _veiled(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _row(config: Config, order: sqlite3.Row) -> Document:
    shop = config.shop(order["shop"])
    rate_bp = shop.rate_bp if shop else 0
    gross = order["price_minor"] * rate_bp // 10_000
    fee = gross * SERVICE_FEE_BP // 10_000
    is_settled = order["status"] == "settled"
    price = amount_text(order["price_minor"], "CNY")
    return {
        "trade_id": order["line_id"],
        "trade_parent_id": order["order_id"],
        "tk_status": _STATUS[order["status"]],
        "order_type": "淘宝",
        "tk_create_time": _clock(order["created_at"]),
        "tk_paid_time": _clock(order["paid_at"]),
        "tb_paid_time": _clock(order["paid_at"]),
        "tk_earning_time": _clock(order["settled_at"]),
        "click_time": _clock(order["click_at"]),
        "modified_time": _clock(order["modified_at"]),
        "alipay_total_price": price if order["paid_at"] else "0.00",
        "pay_price": price if is_settled else "",
        "total_commission_rate": f"{rate_bp / 100:.2f}",
        "tk_total_rate": f"{rate_bp / 100:.2f}",
        "pub_share_rate": "100.00",
        "pub_share_pre_fee": amount_text(gross, "CNY"),
        "pub_share_fee": amount_text(gross, "CNY") if is_settled else "0.00",
        "total_commission_fee": amount_text(gross, "CNY") if is_settled else "0.00",
        "alimama_rate": f"{SERVICE_FEE_BP / 100:.2f}",
        "alimama_share_fee": amount_text(fee, "CNY"),
        "refund_tag": 0,
        "relation_id": order["sub_id"] or "--",
        "special_id": "--",
        "unid": order["click_ref"] or "--",
        "adzone_id": 100000000001,
        "site_id": 10000001,
        "pub_id": 100000001,
        # Opaque, as the real ones are since their last upgrade.
        "item_id": f"m{_veiled(order['product']).rstrip('=')}-{order['shop']}",
        "item_title": order["title"],
        "item_num": 1,
        "seller_shop_title": shop.name if shop else "--",
        "subsidy_type": "--",
    }


def _refund_row(refund: sqlite3.Row) -> Document:
    return {
        "refund_suit_id": refund["refund_id"],
        "tb_trade_id": refund["line_id"],
        "tb_trade_parent_id": refund["order_id"],
        "refund_status": _REFUND_STATUS[refund["status"]],
        "refund_fee": amount_text(refund["minor"], "CNY"),
        "tk_refund_time": _clock(refund["created_at"]),
        "modified_time": _clock(refund["modified_at"]),
        "tb_trade_finish_price": "--",
    }


def _clock(epoch: int | None) -> str:
    if epoch is None:
        return "--"
    return datetime.fromtimestamp(epoch, GMT8).strftime("%Y-%m-%d %H:%M:%S")


def _as_xml(document: Document) -> str:
    return '<?xml version="1.0" encoding="utf-8" ?>' + "".join(
        _element(name, value) for name, value in document.items()
    )


def _element(name: str, value: Any) -> str:  # noqa: ANN401  any JSON value
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        inner = "".join(_element(key, item) for key, item in value.items())
    else:
        inner = escape(str(value).lower() if isinstance(value, bool) else str(value))
    return f"<{name}>{inner}</{name}>"


METHODS: dict[
    str, Callable[[sqlite3.Connection, Config, Parameters, Scenarios], Document]
] = {
    "taobao.tbk.order.details.get": order_details,
    "taobao.tbk.sc.order.details.get": order_details,  # needs a session
    "taobao.tbk.order.refund.get": refunds,
    "taobao.tbk.dg.general.link.convert": conversions.convert,
    "taobao.tbk.tpwd.create": conversions.create_code,
}
