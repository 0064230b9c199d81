"""The marketplace's addresses: which one does what."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from commerce.networks.marketplace import config as files
from commerce.networks.marketplace import conversions, gateway, pages, trade
from commerce.networks.marketplace.amounts import minor_of
from commerce.networks.marketplace.config import Config
from commerce.networks.marketplace.postman import Postman
from commerce.networks.marketplace.scenarios import SCENARIOS, Scenarios
from commerce.networks.marketplace.store import Store

log = logging.getLogger("marketplace")

MAX_BODY_BYTES = 256 * 1024
STYLE = Path(__file__).with_name("marketplace.css")
# What a landing address may carry, and what goes from page to page into the order.
CLICK_NAMES = ("pb_click", "unid")
SUB_ID_NAMES = ("relation_id", "relationId")


class Request(NamedTuple):
    query: dict[str, str]
    form: dict[str, str]


class Answer(NamedTuple):
    body: bytes
    media_type: str = "text/html; charset=utf-8"
    status: int = HTTPStatus.OK
    location: str = ""


class Marketplace:
    """The application: a route's function per address, and what they share."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir, self.base = data_dir, f"http://127.0.0.1:{port}"
        self.store = Store(files.folder_of(data_dir))
        self._config, self._config_at = Config(), 0
        self._lock = threading.Lock()
        self.postman = Postman(self.store, self.config)

    def config(self) -> Config:
        """The file as it is now: the site's seeding may write it at any time."""
        path = files.path_of(self.data_dir)
        changed_at = path.stat().st_mtime_ns if path.exists() else 0
        with self._lock:
            if changed_at != self._config_at:
                self._config, self._config_at = files.load(self.data_dir), changed_at
            return self._config

    def answer(self, method: str, path: str, request: Request) -> Answer:
        wanted = "POST" if method == "POST" else "GET"
        known = False
        for pattern, allowed, view in ROUTES:
            if found := re.fullmatch(pattern, path):
                known = True
                if wanted in allowed:
                    return view(self, request, *found.groups())
        if known:
            return _message(HTTPStatus.METHOD_NOT_ALLOWED, "Not this way")
        return _message(HTTPStatus.NOT_FOUND, "Nothing here")


def shelves(shop: Marketplace, request: Request) -> Answer:
    return _html(pages.shelves(shop.config()))


def style(shop: Marketplace, request: Request) -> Answer:
    return Answer(STYLE.read_bytes(), "text/css; charset=utf-8")


def item(shop: Marketplace, request: Request, product_id: str) -> Answer:
    config = shop.config()
    product = config.product(product_id)
    if product is None:
        return _message(HTTPStatus.NOT_FOUND, "We do not sell this")
    hidden = _tracking(request.query)
    if hidden:
        hidden["seen_at"] = str(int(time.time()))
    store = config.shop(product.shop)
    return _html(pages.product_page(product, store, shop.base, hidden))


def converted(shop: Marketplace, request: Request, token: str) -> Answer:
    """An address that the gateway made: on to the item, with whose sale it will be."""
    product_id = conversions.item_behind(token)
    if product_id is None or shop.config().product(product_id) is None:
        return _message(HTTPStatus.NOT_FOUND, "We do not sell this")
    query = urlencode(request.query)
    return _see(f"/item/{quote(product_id)}" + (f"?{query}" if query else ""))


def picture(shop: Marketplace, request: Request, product_id: str) -> Answer:
    product = shop.config().product(product_id)
    path = files.pictures_of(shop.data_dir) / (product.image_path if product else "")
    if product is None or not path.is_file():
        return _message(HTTPStatus.NOT_FOUND, "No picture")
    content = path.read_bytes()
    media_type = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
    return Answer(content, media_type)


def buy(shop: Marketplace, request: Request, product_id: str) -> Answer:
    product = shop.config().product(product_id)
    if product is None or product.availability == "sold_out":
        return _message(HTTPStatus.NOT_FOUND, "We do not sell this")
    found = _tracking(request.form)
    with shop.store.open() as db:
        line_id = trade.buy(
            db,
            product,
            click_ref=found.get("pb_click", ""),
            sub_id=found.get("relation_id", ""),
            click_at=_moment(request.form.get("seen_at", "")),
        )
    return _see(f"/orders/{line_id}")


def order(shop: Marketplace, request: Request, line_id: str) -> Answer:
    with shop.store.open() as db:
        row = trade.order_of(db, line_id)
        refunds = db.execute(
            "SELECT * FROM refunds WHERE line_id = ?", (line_id,)
        ).fetchall()
    return _html(pages.order_page(row, refunds))


def pay(shop: Marketplace, request: Request, line_id: str) -> Answer:
    with shop.store.open() as db:
        # A second press finds it paid and is no mistake.
        if trade.order_of(db, line_id)["status"] == "created":
            if Scenarios(db).once("presale"):
                trade.pay_deposit(db, shop.config(), line_id)
            else:
                trade.move(db, shop.config(), line_id, "paid")
    shop.postman.ring()
    return _see(f"/orders/{line_id}")


def desk(shop: Marketplace, request: Request) -> Answer:
    with shop.store.open() as db:
        orders = db.execute(
            "SELECT * FROM orders ORDER BY created_at DESC, line_id LIMIT 100"
        ).fetchall()
        refunds = db.execute("SELECT * FROM refunds ORDER BY created_at").fetchall()
        notices = db.execute(
            "SELECT line_id, count(*) AS total, sum(is_done) AS done,"
            " answer, max(id) FROM notices GROUP BY line_id"  # the last one's answer
        ).fetchall()
        running = {name: Scenarios(db).value(name) for name in SCENARIOS}
    by_line = {
        row["line_id"]: [r for r in refunds if r["line_id"] == row["line_id"]]
        for row in orders
    }
    told = {row["line_id"]: row for row in notices}
    return _html(pages.desk_page(shop.config(), orders, by_line, told, running))


def desk_move(shop: Marketplace, request: Request, line_id: str) -> Answer:
    with shop.store.open() as db:
        trade.move(db, shop.config(), line_id, request.form.get("status", ""))
    shop.postman.ring()
    return _see("/desk/")


def desk_rest(shop: Marketplace, request: Request, line_id: str) -> Answer:
    with shop.store.open() as db:
        trade.pay_rest(db, shop.config(), line_id)
    shop.postman.ring()
    return _see("/desk/")


def desk_refund(shop: Marketplace, request: Request, line_id: str) -> Answer:
    with shop.store.open() as db:
        currency = trade.order_of(db, line_id)["currency"]
        minor = minor_of(request.form.get("amount", ""), currency)
        trade.refund(db, shop.config(), line_id, minor or 0)
    shop.postman.ring()
    return _see("/desk/")


def desk_fail_refund(shop: Marketplace, request: Request, line_id: str) -> Answer:
    with shop.store.open() as db:
        trade.fail_refund(db, shop.config(), request.form.get("refund_id", ""))
    shop.postman.ring()
    return _see("/desk/")


def desk_scenario(shop: Marketplace, request: Request) -> Answer:
    name, value = request.form.get("name", ""), request.form.get("value", "")
    if name not in SCENARIOS or not re.fullmatch(r"-?[0-9]{1,6}", value):
        raise trade.MoveRefused("scenario")
    with shop.store.open() as db:
        Scenarios(db).set(name, int(value))
    return _see("/desk/")


def router(shop: Marketplace, request: Request) -> Answer:
    with shop.store.open() as db:
        media_type, body = gateway.answer(
            db, shop.config(), request.query | request.form
        )
    return Answer(body.encode(), media_type)


ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    (r"/", "GET", shelves),
    (r"/marketplace\.css", "GET", style),
    (r"/item/([^/]{1,64})", "GET", item),
    (r"/s/([A-Za-z0-9_-]{1,200})", "GET", converted),
    (r"/item/([^/]{1,64})/picture\.jpg", "GET", picture),
    (r"/item/([^/]{1,64})/buy", "POST", buy),
    (r"/orders/([0-9]{1,20})", "GET", order),
    (r"/orders/([0-9]{1,20})/pay", "POST", pay),
    (r"/desk/", "GET", desk),
    (r"/desk/orders/([0-9]{1,20})/move", "POST", desk_move),
    (r"/desk/orders/([0-9]{1,20})/rest", "POST", desk_rest),
    (r"/desk/orders/([0-9]{1,20})/refund", "POST", desk_refund),
    (r"/desk/orders/([0-9]{1,20})/fail-refund", "POST", desk_fail_refund),
    (r"/desk/scenario", "POST", desk_scenario),
    (r"/router/rest", "GET POST", router),
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: Server

    def do_GET(self) -> None:  # the standard library's names
        self._answer({})

    do_HEAD = do_GET

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._send(_message(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too long"))
            return
        body = self.rfile.read(int(length)).decode("utf-8", "replace")
        origin = self.headers.get("Origin")
        if origin and urlsplit(origin).netloc != self.headers.get("Host"):
            self._send(_message(HTTPStatus.FORBIDDEN, "Not from another site"))
            return
        self._answer(dict(parse_qsl(body)))

    def _answer(self, form: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        request = Request(dict(parse_qsl(parts.query)), form)
        try:
            answer = self.server.marketplace.answer(self.command, parts.path, request)
        except LookupError:
            answer = _message(HTTPStatus.NOT_FOUND, "There is no such order")
        except trade.MoveRefused:
            answer = _message(HTTPStatus.CONFLICT, "The order does not allow this now")
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self';"
            " frame-ancestors 'none'; base-uri 'none'",
        )
        if answer.location:
            self.send_header("Location", answer.location)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        log.debug(format, *args)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, data_dir: Path) -> None:
        super().__init__((host, port), Handler)
        self.marketplace = Marketplace(data_dir, self.server_address[1])
        self.marketplace.postman.start()


def _tracking(found: dict[str, str]) -> dict[str, str]:
    """The click and the sub-id under one name each, as far as they are there."""
    clicks = [found[name] for name in CLICK_NAMES if found.get(name)]
    sub_ids = [found[name] for name in SUB_ID_NAMES if found.get(name)]
    kept = {"pb_click": clicks[0]} if clicks else {}
    return kept | ({"relation_id": sub_ids[0]} if sub_ids else {})


def _moment(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,11}", text) else None


def _html(text: str) -> Answer:
    return Answer(text.encode("utf-8", "replace"))


def _message(status: HTTPStatus, text: str) -> Answer:
    body = pages.message_page(text, f"{status.value} {status.phrase}")
    return Answer(body.encode(), status=status)


def _see(path: str) -> Answer:
    return Answer(b"", status=HTTPStatus.SEE_OTHER, location=path)
