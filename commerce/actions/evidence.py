"""What clicks, links and people say about order lines: read for a page of them at once,
and asked about one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from commerce.attribution import SKEW, SelfEvidence
from commerce.click_refs import BadClickTag, click_id_of
from commerce.models import Click, Network, Programme, TrackingLink
from commerce.rows import Part, from_json, select
from pinboard.models import Product
from users.models import User

# As many clicks by one sub-id in one window as a decision looks at.
MOST_CLICKS = 500
MOST_KEYS = 200

SubId = tuple[int, str]  # programme, sub-id

# A link's product and people are read with it; of wide rows only what is asked about.
_LINK = Part("link", TrackingLink)
_PRODUCT = Part("product", Product, ("shop_id", "title"))
_PERSON = ("is_active", "closed_at")
_PEOPLE = [Part("beneficiary", User, _PERSON), Part("originator", User, _PERSON)]
_PRODUCT_OF_LINK = "JOIN pinboard_product product ON product.id = link.product_id"
_JOIN_PEOPLE = (
    "LEFT JOIN users_user beneficiary ON beneficiary.id = {0}.beneficiary_id"
    " LEFT JOIN users_user originator ON originator.id = {0}.originator_id"
)


@dataclass(frozen=True)
class Clue:
    """What an order says of where it came from."""

    programme: Programme
    created_at: datetime
    click_ref: str = ""
    sub_id: str = ""

    @property
    def window(self) -> tuple[datetime, datetime]:
        days = timedelta(days=self.programme.window_days)
        return self.created_at - days, self.created_at + SKEW


@dataclass
class Evidence:
    clicks: dict[str, Click] = field(default_factory=dict)
    links: dict[SubId, TrackingLink] = field(default_factory=dict)
    # The ids of a link's clicks in each window that was asked about, last one first.
    in_window: Mapping[tuple[int, str, datetime], list[str]] = field(
        default_factory=dict
    )
    # Of all whom one of the clicks may pay.
    marks: dict[int, SelfEvidence] = field(default_factory=dict)

    def click_named(self, click_ref: str, network: Network) -> Click | None:
        """Raises BadClickTag for a reference that somebody made up."""
        click_id = named_by(click_ref, network)
        return self.clicks.get(click_id) if click_id else None

    def clicks_of(self, programme: Programme, sub_id: str, at: datetime) -> list[Click]:
        ids = self.in_window.get((programme.pk, sub_id, at), [])
        return [self.clicks[click_id] for click_id in ids]


def gather(
    clues: Iterable[Clue],
    network: Network,
    *,
    links: dict[SubId, TrackingLink] | None = None,
) -> Evidence:
    """All that `decide` may look at, in a handful of queries however many clues; the
    links that their sub-ids name may be known already."""
    clues = list(clues)
    evidence = Evidence()
    if by_sub_id := [clue for clue in clues if clue.sub_id]:
        names = {(clue.programme.pk, clue.sub_id) for clue in by_sub_id}
        evidence.links = links_by_sub_id(names) if links is None else links
        evidence.in_window = _clicks_in_windows(by_sub_id)
    ids = {click_id for found in evidence.in_window.values() for click_id in found}
    for clue in clues:
        with suppress(BadClickTag):
            if click_id := named_by(clue.click_ref, network):
                ids.add(click_id)
    if ids:
        _read_clicks(evidence, ids)
    return evidence


def named_by(click_ref: str, network: Network) -> str | None:
    """The id of the click that an order names. Raises BadClickTag."""
    click_id = click_id_of(click_ref) if click_ref else None
    # A network keeps sub-ids of its own length: there may be no room for the tag.
    if click_id is None and network.adapter != Network.Adapter.DIRECT:
        return click_ref or None
    return click_id


def links_by_sub_id(names: Iterable[SubId]) -> dict[SubId, TrackingLink]:
    wanted = list(names)
    rows = select(
        [_LINK, _PRODUCT, *_PEOPLE],
        f"FROM commerce_trackinglink link {_PRODUCT_OF_LINK}"  # noqa: S608  our own
        f" {_JOIN_PEOPLE.format('link')}"
        " WHERE (link.programme_id, link.network_sub_id) IN"
        " (SELECT * FROM unnest(%s::bigint[], %s::text[]))",
        [[programme for programme, _ in wanted], [sub_id for _, sub_id in wanted]],
    )
    found = {}
    for link, product, beneficiary, originator in rows:
        link.product = product
        _with_people(link, beneficiary, originator)
        found[link.programme_id, link.network_sub_id] = link
    return found


def _read_clicks(evidence: Evidence, ids: Iterable[str]) -> None:
    """With their places and people, and the marks by which these are known: browsers
    in which they clicked themselves, others who are paid to the same place."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT commerce_clicks(%s, %s)", [list(ids), MOST_KEYS])
        (found,) = cursor.fetchone()
    products = {row.pk: row for row in from_json(Product, found["products"])}
    people = {row.pk: row for row in from_json(User, found["people"])}
    links = {row.pk: row for row in from_json(TrackingLink, found["links"])}
    for link in links.values():
        link.product = products[link.product_id]
    for click in from_json(Click, found["clicks"]):
        click.link = links[click.link_id]
        _with_people(
            click,
            people.get(click.beneficiary_id or 0),
            people.get(click.originator_id or 0),
        )
        evidence.clicks[click.pk] = click
    keys: defaultdict[int, set[str]] = defaultdict(set)
    twins: defaultdict[int, set[int]] = defaultdict(set)
    for person, visitor_key in found["keys"] or ():
        keys[person].add(visitor_key)
    for person, twin in found["twins"] or ():
        twins[person].add(twin)
    evidence.marks = {
        person: SelfEvidence(frozenset(keys[person]), frozenset(twins[person]))
        for person in people
    }


def _with_people(
    row: Click | TrackingLink, beneficiary: User | None, originator: User | None
) -> None:
    row.beneficiary, row.originator = beneficiary, originator


def _clicks_in_windows(
    clues: Iterable[Clue],
) -> dict[tuple[int, str, datetime], list[str]]:
    asked = {(c.programme.pk, c.sub_id, c.created_at): c.window for c in clues}
    columns = list(zip(*((*name[:2], *w) for name, w in asked.items()), strict=True))
    found: dict[tuple[int, str, datetime], list[str]] = {name: [] for name in asked}
    names = list(asked)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT asked.n, seen.id
            FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[])
                WITH ORDINALITY AS asked (programme, sub_id, since, until, n)
            CROSS JOIN LATERAL (
                SELECT click.id, click.occurred_at
                FROM commerce_trackinglink link
                JOIN commerce_click click ON click.link_id = link.id
                WHERE link.programme_id = asked.programme
                    AND link.network_sub_id = asked.sub_id
                    AND click.programme_id = asked.programme
                    AND click.occurred_at > asked.since
                    AND click.occurred_at <= asked.until
                ORDER BY click.occurred_at DESC LIMIT {MOST_CLICKS}
            ) AS seen
            ORDER BY asked.n, seen.occurred_at DESC
            """,  # noqa: S608  our own number
            [list(column) for column in columns],
        )
        for number, click_id in cursor.fetchall():
            found[names[number - 1]].append(click_id)
    return found
