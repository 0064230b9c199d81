"""Rows with sensible defaults. Plain functions: what a test needs it says."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import Group
from django.utils import timezone

from commerce.actions.commissions import sync_commission
from commerce.click_refs import click_ref_of
from commerce.models import (
    Click,
    Commission,
    Network,
    OrderLine,
    Programme,
    RateCard,
    SplitRule,
    TrackingLink,
)
from pinboard.actions.tags import write_tags
from pinboard.models import (
    Board,
    ExchangeRate,
    Import,
    ImportJob,
    Picture,
    Pin,
    PinPoint,
    Product,
    Shop,
)
from users.models import ApiToken, User, digest_of, new_secret

PASSWORD = "correct horse battery"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_number = itertools.count(1)


def make_user(username: str | None = None, *, reviewer: bool = False, **fields) -> User:
    username = username or f"user{next(_number)}"
    user = User.objects.create_user(
        username, f"{username}@example.org", PASSWORD, is_staff=reviewer, **fields
    )
    if reviewer:
        user.groups.add(Group.objects.get(name="Reviewers"))
    return user


def make_board(owner: User, title: str = "Coats", **fields) -> Board:
    board = Board(owner=owner, title=title, **fields)
    board.slug = board.slug_of_title()
    board.save()
    return board


def make_picture(**fields) -> Picture:
    number = next(_number)
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    defaults = {
        "sha256": digest,
        "name": digest[:43],
        "media_type": "image/jpeg",
        "width": 800,
        "height": 1000,
        "is_ready": True,
        "is_public": True,
    }
    return Picture.objects.create(**(defaults | fields))


def make_pin(board: Board, **fields) -> Pin:
    defaults = {
        "pinner": board.owner,
        "title": f"Pin {next(_number)}",
        "state": "ready",
    }
    if "picture" not in fields:
        defaults["picture"] = make_picture()
    return Pin.objects.create(board=board, **(defaults | fields))


def make_tags(pin: Pin, *names: str) -> None:
    write_tags({pin.pk: names})


def make_import(pin: Pin) -> Import:
    """One that is done and brought this pin, onto a board that it made."""
    source = Import.objects.create(
        owner=pin.pinner,
        kind="table",
        name=f"{pin.title}.csv",
        confirmed_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=30),
    )
    board = source.boards.create(
        number=1, title=pin.board.title, board=pin.board, is_new=True
    )
    source.rows.create(
        board=board, number=1, turn=1, title=pin.title, state="pinned", pin=pin
    )
    ImportJob.objects.create(source=source, state="done")
    return source


def make_shop(
    *, owner: User | None = None, name: str = "Qiao Studio", **fields
) -> Shop:
    number = next(_number)
    defaults = {"slug": f"shop-{number}"}
    return Shop.objects.create(owner=owner, name=name, **(defaults | fields))


def make_product(shop: Shop | None = None, **fields) -> Product:
    number = next(_number)
    url = f"https://shop.example/products/{number}"
    defaults = {
        "title": f"Product {number}",
        "url": url,
        "url_key": url,
        "price_minor": 19900,
        "currency": "CNY",
        "price_at": timezone.now(),
        "availability": "in_stock",
    }
    return Product.objects.create(shop=shop or make_shop(), **(defaults | fields))


def make_programme(
    *, shop: Shop | None = None, rate_bp: int = 800, **fields
) -> Programme:
    """A direct programme with its network and a rate card since long ago."""
    number = next(_number)
    network = fields.pop("network", None) or Network.objects.create(
        code=f"direct-{number}", name="Direct", adapter=Network.Adapter.DIRECT
    )
    defaults = {
        "code": f"programme-{number}",
        "name": "Programme",
        "hosts": ["shop.example"],
        "currency": "CNY",
        "hold_days": 0,
    }
    programme = Programme.objects.create(
        network=network, shop=shop, **(defaults | fields)
    )
    RateCard.objects.create(
        programme=programme, rate_bp=rate_bp, valid=(LONG_AGO, None)
    )
    return programme


def make_link(
    *, programme: Programme, pin: Pin | None = None, **fields
) -> TrackingLink:
    product = fields.pop("product", None) or (pin and pin.product) or make_product()
    defaults = {
        "beneficiary": pin.pinner if pin else None,
        "beneficiary_is_originator": bool(pin and pin.origin_pinner_id is None),
        "originator": pin.origin_pinner if pin else None,
        "destination_url": product.url,
    }
    return TrackingLink.objects.create(
        programme=programme, pin=pin, product=product, **(defaults | fields)
    )


def make_click(link: TrackingLink, *, rate_bp: int = 800, **fields) -> Click:
    defaults = {
        "programme": link.programme,
        "beneficiary": link.beneficiary,
        "originator": link.originator,
        "beneficiary_is_originator": link.beneficiary_is_originator,
        "is_qualified": True,
        "rate_bp": rate_bp,
    }
    return Click.objects.create(link=link, **(defaults | fields))


def make_line(
    programme: Programme,
    *,
    click: Click | None = None,
    paid_minor: int = 10_000,
    **fields,
) -> OrderLine:
    """An order line as the import leaves it; the commission is not made here."""
    number = next(_number)
    now = timezone.now()
    defaults = {
        "network": programme.network,
        "line_id": f"A-{number}-1",
        "order_id": f"A-{number}",
        "click_ref": click_ref_of(click.pk) if click else "",
        "status": "paid",
        "currency": programme.currency,
        "created_at": now,
        "paid_at": now,
        "modified_at": now,
    }
    return OrderLine.objects.create(
        programme=programme, paid_minor=paid_minor, **(defaults | fields)
    )


def tell_line(line: OrderLine, **facts) -> Commission:
    """The network tells something new about the line; our money follows."""
    if facts.get("status") == "received":
        facts.setdefault("received_at", timezone.now())
    OrderLine.objects.filter(pk=line.pk).update(**facts)
    line.refresh_from_db()
    return sync_commission(line=line)


def current_split_rule() -> SplitRule:
    return SplitRule.objects.valid_at(timezone.now())


def make_rate(base: str, quote: str, rate: str, *, days_ago: int = 0) -> ExchangeRate:
    day = timezone.localdate() - timedelta(days=days_ago)
    fields = {"rate": Decimal(rate), "day": day, "source": "A bank"}
    return ExchangeRate.objects.create(base=base, quote=quote, **fields)


def make_token(user: User, *scopes: str) -> str:
    """A token for the API; the secret, as a program would send it."""
    secret = new_secret()
    ApiToken.objects.create(
        user=user,
        prefix=secret[:8],
        digest=digest_of(secret),
        scopes=list(scopes) or ["read", "write", "products", "earnings"],
    )
    return secret


def make_point(pin: Pin, product: Product | None = None, **fields) -> PinPoint:
    """A product in the pin's picture, as the page puts it there."""
    number = pin.points.count() + 1
    defaults = {"x": 800 * number, "y": 500 * number, "number": number}
    point = PinPoint.objects.create(
        pin=pin, product=product or make_product(), **(defaults | fields)
    )
    pin.point_count = number
    pin.save(update_fields=["point_count"])
    return point
