"""Clicks: the durable row behind every redirect through /go/."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from commerce.bots import browser_of, is_bot
from commerce.models import Click
from commerce.models.link import new_click_id
from commerce.risk_rules import CLICKS_A_MINUTE
from commerce.visitors import hash_of, prefix_of
from users.models import User

REPEATED_WITHIN = timedelta(minutes=30)
FIELDS_KEPT = timedelta(days=395)  # 13 months

# Both by hand: they are the whole price of a redirect, which may cost no more than
# three times a view that says hello. The function stands in migration 0037.
_FIND = "SELECT * FROM commerce_find_target(%s, %s, %s, %s, %s, %s)"
_INSERT = """
INSERT INTO commerce_click (
    id, link_id, programme_id, beneficiary_id, originator_id,
    beneficiary_is_originator, occurred_at, visitor_key, user_id, is_qualified, reason,
    marks, rate_card_id, rate_bp, ip_prefix, ip_hash, ua_family, referer_host)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


class Target(NamedTuple):
    """A tracking link with all that its redirect needs, in one query."""

    link_id: int
    programme_id: int
    beneficiary_id: int | None
    originator_id: int | None
    beneficiary_is_originator: bool
    destination_url: str
    network_sub_id: str | None
    is_active: bool
    hosts: list[str]
    adapter: str
    click_parameter: str
    rate_card_id: int | None
    rate_bp: int
    is_repeated: bool  # by this visitor, within half an hour
    converted_url: str
    is_in_a_rush: bool  # many clicks on it in this minute, from the same network


class Recorded(NamedTuple):
    click_id: str
    is_qualified: bool


@dataclass(frozen=True)
class Visit:
    """What the browser told of who comes."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    visitor_key: str = ""
    user_id: int | None = None

    @property
    def reason_against(self) -> str:
        """Why nobody pressed Buy here; empty for a person's click."""
        if self.method == "HEAD":
            return Click.Reason.HEAD
        purposes = ("Sec-Purpose", "Purpose", "X-Moz")
        if any("pre" in self.headers.get(name, "").lower() for name in purposes):
            return Click.Reason.PREFETCH
        if is_bot(self.headers.get("User-Agent", "")):
            return Click.Reason.BOT
        return Click.Reason.EMBED if self._is_embedded else ""

    @property
    def _is_embedded(self) -> bool:
        """Cookie stuffing: a picture, a frame, or a navigation nobody asked for.

        Browsers that send no such headers prove nothing by it.
        """
        if self.headers.get("Sec-Fetch-Dest", "document") != "document":
            return True
        is_navigation = self.headers.get("Sec-Fetch-Mode", "") == "navigate"
        return is_navigation and self.headers.get("Sec-Fetch-User", "") != "?1"


def find_target(*, token: str, visitor_key: str, address: str = "") -> Target | None:
    now = timezone.now()
    rush = (prefix_of(address), CLICKS_A_MINUTE)
    with connection.cursor() as cursor:
        cursor.execute(_FIND, (token, visitor_key, *rush, now, now - REPEATED_WITHIN))
        row = cursor.fetchone()
    return Target(*row) if row else None


def record_click(*, target: Target, visit: Visit) -> Recorded:
    """One INSERT, committed before the redirect is sent: no click is lost on the way.

    The rate of this moment is kept with it; no rate is cut after the click.
    """
    reason = visit.reason_against
    now = timezone.now()
    click_id = new_click_id()
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            (
                click_id,
                target.link_id,
                target.programme_id,
                target.beneficiary_id,
                target.originator_id,
                target.beneficiary_is_originator,
                now,
                "" if reason else visit.visitor_key,
                visit.user_id,
                not reason,
                reason,
                json.dumps(_marks(target, visit)),
                target.rate_card_id,
                target.rate_bp,
                prefix_of(visit.address),
                hash_of(visit.address, now.date()),
                browser_of(visit.headers.get("User-Agent", "")),
                _host_of(visit.headers.get("Referer", "")),
            ),
        )
    return Recorded(click_id, not reason)


def purge_clicks() -> int:
    """Blank what could still name a person, 13 months after; rows and counts stay."""
    old = Click.objects.filter(occurred_at__lt=timezone.now() - FIELDS_KEPT)
    named = Q(visitor_key="", ip_prefix="", ip_hash="", referer_host="", user=None)
    return _blank(old.exclude(named))


def forget_clicks_of(user: User) -> int:
    """The same of all that a person clicked while signed in, who has left."""
    return _blank(Click.objects.filter(user=user))


def _blank(clicks: QuerySet[Click]) -> int:
    return clicks.update(
        visitor_key="",
        ip_prefix="",
        ip_hash="",
        ua_family="",
        referer_host="",
        user=None,
    )


def _marks(target: Target, visit: Visit) -> list[str]:
    is_own = visit.user_id is not None and visit.user_id == target.beneficiary_id
    marks = {
        "dup": target.is_repeated,
        "velocity": target.is_in_a_rush,
        "self": is_own,
    }
    return [name for name, holds in marks.items() if holds]


def _host_of(referer: str) -> str:
    try:
        return (urlsplit(referer[:2000]).hostname or "")[:253].replace("\0", "")
    except ValueError:
        return ""
