"""Where a tracking link may lead. Asked when it is made, and at every click again:
the programme's list of hosts may have become shorter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings

from pinboard.sources.addresses import host_of

# Spaces and backslashes too: browsers read `https:\\evil` and ` https:` their own way.
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


def may_lead_to(url: str, hosts: Iterable[str]) -> bool:
    """https to a host of the list, spelled exactly; http where a setting allows it."""
    if _UNSAFE.search(url) or not url.startswith(("https://", "http://")):
        return False
    host = host_of(url)
    if not host or "@" in urlsplit(url).netloc:
        return False
    if url.startswith("http://") and host not in hosts_without_https():
        return False
    return host in hosts


def hosts_without_https() -> set[str]:
    return {*settings.FETCH_ALLOWED_HOSTS, urlsplit(settings.MARKETPLACE_URL).netloc}


def with_parameters(url: str, parameters: dict[str, str]) -> str:
    """The address with these parameters; one of the same name gives way."""
    parts = urlsplit(url)
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name not in parameters
    ]
    # Untouched where nothing had to give way: re-encoding is not always the same.
    query = parts.query
    if len(kept) != len(parse_qsl(parts.query, keep_blank_values=True)):
        query = urlencode(kept)
    query = "&".join(filter(None, [query, urlencode(parameters)]))
    return urlunsplit(parts._replace(query=query))
