"""Gateways that speak as JD Union and Pinduoduo do, for tests that click, buy and poll.

Strict: they check signature, clock, method, window and page as the networks say they
do, and refuse by the networks' codes. The signatures are computed here once more, by
the rule as published and not by what the client signs with.
"""

from __future__ import annotations

import calendar
import hashlib
import http.server
import itertools
import json
import re
import threading
import time
from urllib.parse import parse_qs, parse_qsl, urlsplit

KEY, SECRET = "0123456789abcdef0123456789abcdef", "a-secret-of-the-gateway"
CLOCK = "%Y-%m-%d %H:%M:%S"
_number = itertools.count(1)


class Refusal(Exception):
    def __init__(self, code, text=""):
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


class Gateway:
    """One account's orders, in memory, behind a real HTTP server."""

    path = "/"

    def __init__(self):
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                form = dict(parse_qsl(urlsplit(self.path).query) + parse_qsl(body))
                status, answer = gateway.answer(form)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                for name, value in gateway.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}{self.path}"
        self.forget()

    def forget(self):
        """As on the first day: no orders, no troubles."""
        self.orders, self.calls, self.pages = {}, [], []
        # What is said instead of an answer, one a call: bytes, a status or a Refusal.
        self.troubles, self.headers = [], {}
        self.clock_skew = 0
        self.after_page = lambda number: None

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, form):
        self.calls.append(form)
        trouble = self.troubles.pop(0) if self.troubles else None
        if isinstance(trouble, bytes):
            return 200, trouble
        if isinstance(trouble, int):
            return trouble, b""
        try:
            if trouble:
                raise trouble
            self.check(form)
            document = self.content(form)
        except Refusal as refusal:
            document = self.refused(refusal)
        return 200, json.dumps(document, ensure_ascii=False).encode()

    def now(self):
        return int(time.time()) + self.clock_skew

    def window(self, start, end, column):
        """Orders whose time lies in it, the earliest first."""
        rows = [o for o in self.orders.values() if o[column] is not None]
        rows = [o for o in rows if start <= o[column] < end]
        return sorted(rows, key=lambda order: (order[column], order["id"]))

    def buy(self, landing="", *, price=5400, rate_bp=500, at=None, **fields):
        """What the buyer's browser came with stays with the order; its id."""
        query = {k: v[0] for k, v in parse_qs(urlsplit(landing).query).items()}
        at = at or self.now() - 30
        number = str(900000000000000000 + next(_number))
        self.orders[number] = {
            **{"id": number, "price": price, "fee": price * rate_bp // 10_000},
            **{"rate_bp": rate_bp, "created": at, "changed": at},
            **{"received": None, "settled": None, "query": query},
            **{"title": "A thing", "status": self.PAID, **fields},
        }
        return number

    def change(self, number, *, at=None, **fields):
        order = self.orders[number]
        order |= fields
        # Always a second later than it was said before, never in the future.
        order["changed"] = at or max(self.now() - 20, order["changed"] + 1)

    def refund(self, number, back, **fields):
        """Price and fee are rewritten by what is left."""
        order = self.orders[number]
        left = order["price"] - back
        fee = left * order["rate_bp"] // 10_000
        self.change(number, price=left, fee=fee, **fields)


def signature_of(form, secret, *, but=("sign",)):
    text = "".join(name + form[name] for name in sorted(form) if name not in but)
    wrapped = f"{secret}{text}{secret}".encode()
    return hashlib.md5(wrapped).hexdigest().upper()


class JdGateway(Gateway):
    path = "/routerjson"
    UNPAID, PAID, FINISHED, CANCELLED = 15, 16, 17, 3
    METHOD = "jd.union.open.order.row.query"
    COLUMNS = {1: "created", 2: "received", 3: "changed"}

    def forget(self):
        super().forget()
        self.packed_as = "360buy_param_json"
        self.root = "jd_union_open_order_row_query_responce"
        self.returns_sub_ids = True

    def check(self, form):
        if form.get("method") != self.METHOD:
            raise Refusal("15" if form.get("method") else "14", "method")
        if form.get("app_key") != KEY:
            raise Refusal("19", "app_key")
        if form.get("v") != "1.0":
            raise Refusal("5", "version")
        if not re.fullmatch(r"\d{4}(-\d\d){2} \d\d(:\d\d){2}", form["timestamp"]):
            raise Refusal("8", "timestamp")
        if abs(epoch_of(form["timestamp"]) - self.now()) > 360:
            raise Refusal("8", "timestamp")
        if form.get("sign") != signature_of(form, SECRET):
            raise Refusal("12", "signature")

    def content(self, form):
        request = json.loads(form[self.packed_as])["orderReq"]
        start, end = (epoch_of(request[k]) for k in ("startTime", "endTime"))
        if not 0 < end - start <= 3600 or not 1 <= request["pageSize"] <= 500:
            return self.wrapped({"code": 400, "message": "a window of an hour at most"})
        if start < self.now() - 90 * 86400:
            return self.wrapped({"code": 400, "message": "too long ago"})
        rows = self.window(start, end, self.COLUMNS[request["type"]])
        first = (request["pageIndex"] - 1) * request["pageSize"]
        page = rows[first : first + request["pageSize"]]
        self.pages.append((request["type"], request["pageIndex"], len(page)))
        has_more = len(rows) > first + len(page)
        told = {"code": 200, "message": "success", "hasMore": has_more}
        if page:  # an empty list is left out
            told["data"] = [self.row(o, n % 2 == 1) for n, o in enumerate(page)]
        self.after_page(request["pageIndex"])
        return self.wrapped(told)

    def wrapped(self, inner):
        text = json.dumps(inner, ensure_ascii=False)
        return {self.root: {"code": "0", "queryResult": text}}

    def refused(self, refusal):
        words = {"code": refusal.code, "zh_desc": refusal.text, "en_desc": refusal.text}
        return {"error_response": words}

    def row(self, order, as_text):
        """Numbers as numbers in one row, as texts in the next, as accounts differ."""
        query = order["query"] if self.returns_sub_ids else {}
        is_finished = order["received"] is not None
        numbers = {
            "orderId": int(order["id"]) - 1,
            "skuId": 100012043978,
            "price": order["price"] / 100,
            "commissionRate": order["rate_bp"] / 100,
            "finalRate": 90.0,
            "estimateCosPrice": order["price"] / 100,
            "estimateFee": order["fee"] / 100,
            "actualCosPrice": order["price"] / 100 if is_finished else 0.0,
            "actualFee": order["fee"] / 100 if is_finished else 0.0,
            "validCode": order["status"],
            "positionId": 3000000009,
            "skuReturnNum": 0,
        }
        if as_text:
            numbers = {name: str(value) for name, value in numbers.items()}
        return numbers | {
            "id": order["id"],
            "orderTime": clock_of(order["created"]),
            "modifyTime": clock_of(order["changed"]),
            "finishTime": clock_of(order["received"]) if is_finished else "",
            "subUnionId": query.get("subUnionId", ""),
            "ext1": query.get("ext1", ""),
            "skuName": order["title"],
            "payMonth": "0",
        }


class PddGateway(Gateway):
    path = "/api/router"
    UNPAID, PAID, RECEIVED, AUDITED, FAILED, SETTLED = -1, 0, 2, 3, 4, 5
    TYPE = "pdd.ddk.order.list.increment.get"

    def check(self, form):
        if form.get("type") != self.TYPE:
            raise Refusal(10017, "type")
        if form.get("client_id") != KEY:
            raise Refusal(10016, "client_id")
        if not re.fullmatch(r"\d{10}", form.get("timestamp", "")):
            raise Refusal(10001, "timestamp")
        if abs(int(form["timestamp"]) - self.now()) > 600:
            raise Refusal(10001, "timestamp")
        if form.get("sign") != signature_of(form, SECRET):
            raise Refusal(20004, "sign")

    def content(self, form):
        start, end = int(form["start_update_time"]), int(form["end_update_time"])
        size, number = int(form["page_size"]), int(form["page"])
        if not 0 < end - start <= 86400 or start < self.now() - 90 * 86400:
            raise Refusal(21001, "window")
        if not 10 <= size <= 100 or number < 1:
            raise Refusal(21001, "page")
        rows = self.window(start, end, "changed")
        page = rows[(number - 1) * size : number * size]
        self.pages.append((number, len(page)))
        told = {"order_list": [self.row(order) for order in page]}
        if form.get("return_count") == "true":
            told["total_count"] = len(rows)
        self.after_page(number)
        return {"order_list_get_response": told | {"request_id": "1"}}

    def refused(self, refusal):
        code, text = refusal.code, refusal.text
        words = {"error_code": code, "error_msg": text, "sub_code": None, "sub_msg": ""}
        return {"error_response": words | {"request_id": "1"}}

    def row(self, order):
        return {
            "order_sn": f"261124-{order['id']}",
            "goods_id": 864621591,
            "goods_name": order["title"],
            "goods_quantity": 1,
            "order_amount": order["price"],
            "promotion_rate": order["rate_bp"] // 10,
            "promotion_amount": order["fee"],
            "duo_id_service_fee": order["fee"] // 10,
            "order_status": order["status"],
            "order_create_time": order["created"],
            "order_pay_time": order["created"],
            "order_receive_time": order["received"],
            "order_settle_time": order["settled"],
            "order_modify_at": order["changed"],
            "custom_parameters": order["query"].get("custom_parameters", ""),
            "p_id": "100001_10000001",
        }


def clock_of(epoch):
    """Peking's."""
    return time.strftime(CLOCK, time.gmtime(epoch + 8 * 3600))


def epoch_of(text):
    return calendar.timegm(time.strptime(text, CLOCK)) - 8 * 3600


# What no network says, and what nevertheless comes. None of it may stop the poller.
HOSTILE = [
    b"",
    b"<html><body>502 Bad Gateway</body></html>",
    b"null",
    b"[]",
    b'"text"',
    b"12",
    b'{"cut": ',
    b'{"a": NaN}',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"error_response": "no"}',
    b'{"error_response": {}}',
    b'{"error_response": {"code": {}, "error_code": [], "msg": 5}}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b'{"a": "' + b"x" * (17 * 1024 * 1024) + b'"}',
]
