"""Programmes, the marketplace, and weeks of clicks, orders and commissions."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from commerce.actions.commissions import approve, reject
from commerce.actions.links import ensure_site_link
from commerce.actions.orders import observe
from commerce.actions.payouts import approve_batch, mark_paid, prepare_batch
from commerce.click_refs import click_ref_of
from commerce.exceptions import ApprovalRefused
from commerce.models import (
    Click,
    Commission,
    CommissionState,
    Network,
    Observation,
    OrderLine,
    PayoutAccount,
    PostbackKey,
    Programme,
    RateCard,
    TrackingLink,
)
from commerce.money import amount_text, share_of
from commerce.networks.adapters import read_report
from commerce.networks.marketplace import config as marketplace
from config.demo.risk import make_case
from config.demo.stage import DAYS, Stage, shop_of
from config.demo.words import SHOPS, ShopPlan
from pinboard.models import Shop

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BEIJING = ZoneInfo("Asia/Shanghai")
APP_KEY = "12345678"
SECRET_REF = "DEMO_LEAGUE_SECRET"  # noqa: S105  the variable's name
UNSEEN_FEE_BP = 1000  # of a commission: what the league keeps for its service


@dataclass
class DemoProgramme:
    plan: ShopPlan
    row: Programme
    shop: Shop
    kid: str = ""
    secret: str = ""

    @property
    def postback_url(self) -> str | None:
        if not self.plan.is_direct:
            return None
        path = reverse("commerce:postback", args=[self.row.code])
        return settings.SITE_URL + path

    def for_demo_file(self) -> dict[str, Any]:
        return {
            "id": self.row.pk,
            "code": self.row.code,
            "shop": self.shop.slug,
            "rate_bp": self.plan.rate_bp,
            "currency": self.plan.currency,
            "postback_url": self.postback_url,
            "keys": {self.kid: self.secret} if self.kid else {},
        }


def make_programmes(stage: Stage) -> list[DemoProgramme]:
    made = []
    host = urlsplit(settings.MARKETPLACE_URL).netloc
    for plan in SHOPS:
        programme = Programme.objects.create(
            network=_network(plan),
            shop=stage.shops[plan.slug],
            code=plan.programme,
            name=plan.name,
            hosts=[host],
            currency=plan.currency,
            hold_days=settings.HOLD_DAYS,
        )
        RateCard.objects.create(
            programme=programme, rate_bp=plan.rate_bp, valid=(LONG_AGO, None)
        )
        demo = DemoProgramme(plan, programme, stage.shops[plan.slug])
        if plan.is_direct:
            demo.kid, demo.secret = "k1", secrets.token_hex(24)
            PostbackKey.objects.create(
                programme=programme, kid=demo.kid, secret=demo.secret
            )
        made.append(demo)
    return made


def _network(plan: ShopPlan) -> Network:
    if plan.is_direct:
        return Network.objects.create(
            code=plan.programme, name=plan.name, adapter=Network.Adapter.DIRECT
        )
    return Network.objects.create(
        code=plan.programme,
        name="Affiliate league (local marketplace)",
        adapter=Network.Adapter.TAOBAO,
        tz="Asia/Shanghai",
        base_url=settings.MARKETPLACE_URL + "/router/rest",
        app_key=APP_KEY,
        secret_ref=SECRET_REF,
        polled_until=timezone.now(),
    )


def stock_marketplace(stage: Stage, programmes: list[DemoProgramme]) -> None:
    """Put the same goods on its shelves, and tell it whom to report orders to."""
    folder = marketplace.pictures_of(settings.DATA_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    products = []
    for number, (good, product) in enumerate(
        zip(stage.goods, stage.products, strict=True)
    ):
        picture = folder / f"{number + 1}.jpg"
        picture.write_bytes(good.photo)
        products.append(
            marketplace.Product(
                id=str(number + 1),
                shop=shop_of(number).slug,
                title=product.title,
                description=product.description,
                price_minor=product.price_minor or 0,
                currency=product.currency,
                image_path=str(picture),
                brand=product.brand,
                availability=product.availability,
            )
        )
    shops = [
        marketplace.Shop(
            slug=demo.plan.slug,
            name=demo.plan.name,
            programme=demo.row.code,
            kind="direct" if demo.plan.is_direct else "taobao",
            postback_url=demo.postback_url or "",
            kid=demo.kid,
            secret=demo.secret,
            rate_bp=demo.plan.rate_bp,
            currency=demo.plan.currency,
        )
        for demo in programmes
    ]
    marketplace.save(
        settings.DATA_DIR,
        marketplace.Config(
            site_url=settings.SITE_URL,
            app_key=APP_KEY,
            app_secret=os.environ.get(SECRET_REF, ""),
            session=os.environ.get(f"{SECRET_REF}_SESSION", ""),
            shops=shops,
            products=products,
        ),
    )


def make_trade(stage: Stage, *, weight: int) -> None:
    for product in stage.products:
        ensure_site_link(product=product)
    _give_accounts(stage)
    clicks = _make_clicks(stage, weight)
    for number, click in enumerate(click for click in clicks if click.is_counted):
        if number % 4 == 0:
            _Order(stage, click, number).report()
    _review(stage)
    make_case(stage)


def _give_accounts(stage: Stage) -> None:
    for user in stage.shoppers:
        PayoutAccount.objects.create(
            user=user,
            method=PayoutAccount.Method.ALIPAY,
            holder=str(user),
            number=f"{user.username}@example.org",
        )


def _make_clicks(stage: Stage, weight: int) -> list[Click]:
    now = timezone.now()
    links = TrackingLink.objects.live().exclude(pin=None).select_related("pin")
    clicks = []
    for link in links.order_by("pk"):
        # More at first, fewer later, as for real pins.
        pinned_at = link.pin.created_at if link.pin else now
        age = min(DAYS, (now - pinned_at).total_seconds() / 86400)
        card = RateCard.objects.rate_for(link.programme, link.product)
        for _ in range(stage.chance.choice([0, 1, 2, 3, 5, 9]) * weight):
            clicks.append(
                Click(
                    link=link,
                    programme=link.programme,
                    beneficiary_id=link.beneficiary_id,
                    originator_id=link.originator_id,
                    beneficiary_is_originator=link.beneficiary_is_originator,
                    occurred_at=now
                    - timedelta(days=age * stage.chance.triangular(0.02, 1, 0.9)),
                    visitor_key=f"{stage.chance.getrandbits(128):032x}",
                    rate_card=card,
                    rate_bp=card.rate_bp if card else 0,
                    **_kind_of_click(stage),
                )
            )
    clicks.sort(key=lambda click: click.occurred_at)
    return Click.objects.bulk_create(clicks)


def _kind_of_click(stage: Stage) -> dict[str, Any]:
    luck = stage.chance.random()
    if luck < 0.08:
        return {"is_qualified": False, "reason": Click.Reason.BOT}
    if luck < 0.11:
        return {"is_qualified": False, "reason": Click.Reason.PREFETCH}
    marks = ["dup"] if luck < 0.18 else []
    site = urlsplit(settings.SITE_URL).hostname or ""
    return {
        "is_qualified": True,
        "marks": marks,
        "ua_family": "Chrome",
        "referer_host": site,
    }


class _Order:
    """One order that followed a click, and what its shop reported of it since."""

    def __init__(self, stage: Stage, click: Click, number: int) -> None:
        self.stage, self.click, self.number = stage, click, number
        self.product = click.link.product
        self.programme = click.programme
        self.name = f"D{10_000_000 + number * 37}"
        self.bought_at = click.occurred_at + timedelta(
            minutes=stage.chance.randrange(3, 600)
        )
        self.paid_minor = self.product.price_minor or 0

    def report(self) -> None:
        now = timezone.now()
        if self.bought_at > now - timedelta(hours=3):
            return
        fate = self.stage.chance.random()
        self._observe("paid", self.bought_at)
        if fate < 0.07:
            self._observe("invalid", min(now, self.bought_at + timedelta(days=1)))
            return
        received_at = self.bought_at + timedelta(days=4, hours=5)
        if received_at < now:
            self._observe("received", received_at)
        settled_at = self.bought_at + timedelta(days=16)
        if settled_at < now:
            self._observe("settled", settled_at)
        if fate > 0.86 and self.programme.network.adapter == Network.Adapter.DIRECT:
            back = self.paid_minor if fate > 0.96 else self.paid_minor // 3
            self._refund(back, min(now, self.bought_at + timedelta(days=6)))

    def _observe(self, status: str, moment: datetime) -> None:
        if self.programme.network.adapter == Network.Adapter.TAOBAO:
            self._keep(self._league_row(status, moment), "")
            return
        payload = self._notice("order", moment) | {"status": status}
        self._keep(payload, str(payload["event_id"]))

    def _refund(self, minor: int, moment: datetime) -> None:
        payload = self._notice("refund", moment) | {
            "status": "received",
            "refund_id": f"R{self.number}",
            "refunded": amount_text(minor, self.product.currency),
        }
        self._keep(payload, str(payload["event_id"]))

    def _notice(self, kind: str, moment: datetime) -> dict[str, Any]:
        return {
            "event_id": f"e-{self.name}-{kind}-{int(moment.timestamp())}",
            "type": kind,
            "order_id": self.name,
            "line_id": f"{self.name}-1",
            "click_id": click_ref_of(self.click.pk),
            "amount": amount_text(self.paid_minor, self.product.currency),
            "currency": self.product.currency,
            "occurred_at": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _league_row(self, status: str, moment: datetime) -> dict[str, Any]:
        """As the league's order report words it, null fields included."""
        code = {"paid": 12, "received": 14, "settled": 3, "invalid": 13}[status]
        gross = share_of(self.paid_minor, rate_bp=self.click.rate_bp)
        fee = share_of(gross, rate_bp=UNSEEN_FEE_BP)
        is_over = status in ("received", "settled")
        price = amount_text(self.paid_minor, "CNY")
        return {
            "trade_id": f"9{self.name[1:]}0011",
            "trade_parent_id": f"9{self.name[1:]}0010",
            "tk_status": code,
            "tk_create_time": _beijing(self.bought_at),
            "tk_paid_time": _beijing(self.bought_at),
            "tb_paid_time": _beijing(self.bought_at),
            "click_time": _beijing(self.click.occurred_at),
            "tk_earning_time": _beijing(moment) if is_over else "--",
            "modified_time": _beijing(moment),
            "alipay_total_price": price,
            "pay_price": price if status == "settled" else "0.00",
            "tk_total_rate": f"{self.click.rate_bp / 100:.2f}",
            "pub_share_pre_fee": amount_text(gross, "CNY"),
            "pub_share_fee": amount_text(gross, "CNY")
            if status == "settled"
            else "0.00",
            "alimama_rate": "10.00",
            "alimama_share_fee": amount_text(fee, "CNY"),
            "refund_tag": 0,
            "relation_id": self.click.link.network_sub_id,
            "item_id": f"demo-{self.product.pk}",
            "item_title": self.product.title,
        }

    def _keep(self, payload: dict[str, Any], event_id: str) -> None:
        network = self.programme.network
        direct = network.adapter == Network.Adapter.DIRECT
        observe(
            network=network,
            source=Observation.Source.POSTBACK
            if direct
            else Observation.Source.TOP_POLL,
            report=read_report(network, payload),
            payload=payload,
            event_id=event_id,
            programme=self.programme,
        )


class _Nameless(_Order):
    """An order of the league that its report connects with no link."""

    def _league_row(self, status: str, moment: datetime) -> dict[str, Any]:
        row = super()._league_row(status, moment)
        return row | {"relation_id": "", "click_time": "--"}

    def report(self) -> None:
        self._observe("paid", min(timezone.now(), self.bought_at))


def report_nameless(stage: Stage, click: Click, number: int) -> str:
    """What somebody bought after this click, though nobody can tell; its number."""
    _Nameless(stage, click, number).report()
    return OrderLine.objects.latest("pk").order_id


def _beijing(moment: datetime) -> str:
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _review(stage: Stage) -> None:
    """Rosa reviews what is old enough, Ruth approves the payout that Rosa prepared.

    What came lately waits in the queue, for whoever tries the demo.
    """
    rosa, ruth = stage.people["rosa"], stage.people["ruth"]
    now = timezone.now()
    waiting = Commission.objects.filter(
        state=CommissionState.MATURING, hold_until__lte=now, hold_reasons=[]
    ).order_by("line__created_at", "pk")
    old = list(waiting.filter(line__created_at__lt=now - timedelta(days=30)))
    for commission in old[1:]:
        approve(commission=commission, by=rosa)
    if old:
        reject(commission=old[0], by=rosa, reason="The order was placed by the shop.")
    for currency in sorted({plan.currency for plan in SHOPS}):
        try:
            batch = prepare_batch(currency=currency, by=rosa)
        except ApprovalRefused:  # nobody is owed the minimum: a small catalogue
            continue
        approve_batch(batch=batch, by=ruth)
        for number, payout in enumerate(batch.payouts.all(), start=1):
            mark_paid(payout=payout, by=ruth, external_ref=f"DEMO-{batch.pk}-{number}")
    newer = waiting.filter(line__created_at__lt=now - timedelta(days=20))
    for commission in newer:
        approve(commission=commission, by=rosa)
