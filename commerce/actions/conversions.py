"""Taobao's own addresses and codes of our links, where its network has an ad zone.

They are asked for after a link is made, for the network may be slow or away: until then
the plain address leads to the shop. A link says itself when it is asked for next, so
nothing is lost with a message.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from commerce.actions.imports import Budget
from commerce.destinations import may_lead_to, with_parameters
from commerce.exceptions import NetworkError
from commerce.models import Network, TrackingLink
from commerce.networks.clients import account_of
from commerce.networks.options import ADZONE_ID
from commerce.networks.taobao import SUB_ID_PARAMETER
from commerce.networks.top_client import TopClient
from commerce.networks.top_links import click_url_of, code_for

log = logging.getLogger(__name__)

# After a trouble that passes; it is also how long one who takes a link may need.
SOON = timedelta(minutes=10)
# What a network does not promote today it may next week.
LATER = timedelta(days=7)
# A code is renewed so long before it ends.
AHEAD = timedelta(days=3)


def converting_networks() -> QuerySet[Network]:
    return Network.objects.filter(
        is_active=True,
        adapter=Network.Adapter.TAOBAO,
        poll_cfg__has_key=ADZONE_ID,
    )


def convert_due(*, network: Network, budget_s: float) -> int:
    """Ask for links that are due, as many as the budget allows; how many were. Raises
    NetworkError for what is no single link's trouble."""
    budget = Budget(budget_s)
    client = TopClient(account_of(network))
    done = 0
    try:
        while budget.allows(0) and (link := _take(network)):
            _convert(client, network, link)
            done += 1
    finally:
        client.close()
    return done


@transaction.atomic
def forget_conversions(*, network: Network) -> int:
    """They were made for another ad zone: ask anew."""
    links = TrackingLink.objects.filter(programme__network=network)
    return links.update(
        converted_url="",
        taobao_code="",
        taobao_code_at=None,
        convert_at=timezone.now(),
    )


@transaction.atomic
def _take(network: Network) -> TrackingLink | None:
    """The link that waits longest, for a while ours alone."""
    due = TrackingLink.objects.live().filter(
        programme__network=network, convert_at__lte=timezone.now()
    )
    link = (
        due.select_related("programme", "product")
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("convert_at")
        .first()
    )
    if link:
        link.convert_at = timezone.now() + SOON
        link.save(update_fields=["convert_at"])
    return link


def _convert(client: TopClient, network: Network, link: TrackingLink) -> None:
    zone = str(network.poll_cfg[ADZONE_ID])
    try:
        url = click_url_of(client, url=link.destination_url, adzone_id=zone)
        if not may_lead_to(url, link.programme.hosts) or len(url) > 2000:
            log.error("link %s would lead to %.100s", link.token, url)
            raise NetworkError("a host of nobody", retry=False, code="not_promoted")
        # Pasted codes come by no click of ours, so the sub-id has to be in them.
        own = {SUB_ID_PARAMETER: link.network_sub_id} if link.network_sub_id else {}
        title = link.product.title
        code = code_for(client, url=with_parameters(url, own), title=title)
    except NetworkError as error:
        if error.network_code not in ("not_promoted", "isv.url-invalid"):
            raise
        log.warning("link %s was not converted: %s", link.token, error)
        _keep(link, "", "", LATER)
    else:
        _keep(link, url, code, timedelta(days=settings.TAOBAO_CODE_DAYS) - AHEAD)


def _keep(link: TrackingLink, url: str, code: str, until: timedelta) -> None:
    now = timezone.now()
    TrackingLink.objects.filter(pk=link.pk).update(
        converted_url=url,
        taobao_code=code,
        taobao_code_at=now if code else None,
        convert_at=now + until,
    )
