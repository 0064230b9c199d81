"""Web addresses as names: whose they are, and which ones mean the same page."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import idna

from pinboard.exceptions import AddressRefused

MAX_LENGTH = 2000  # what the columns hold
DEFAULT_PORTS = {"http": 80, "https": 443}

# Parameters that say how somebody came to a page and never which page it is.
_TRACKING_PREFIXES = (
    "utm_",
    "pk_",
    "mtm_",
    "hsa_",
    "__hs",
    "_hs",
    "oly_",
    "ga_",
    "at_",
)
_TRACKING = frozenset(
    "_ga _gl _openstat aff_fcid aff_fsk aff_platform aff_trace_key affid aid_click "
    "algo_expid algo_pvid awc campaignid cjevent click_id clickid dclid ef_id "
    "epik fbclid gad_source gbraid gclid gclsrc igsh igshid irclickid irgwc "
    "mc_cid mc_eid mkt_tok msclkid pb_click pvid ranmid ranaffid raneaid ransiteid "
    "ref_ ref_src s_kwcid scm share_crt_v share_id sourcetype spm spm_id_from "
    "srsltid tduid ttclid twclid vero_id wbraid wickedid yclid zanpid".split()
)
_ENCODED = re.compile(r"%[0-9a-fA-F]{2}")
_SAFE_IN_PATH = "/:@!$&'()*+,;=-._~%"
_SAFE_IN_QUERY = _SAFE_IN_PATH + "?[]|"


def ascii_host(host: str) -> str:
    """The name as DNS knows it. Full-width digits and dots become plain ones here,
    so this comes before any look at the host."""
    host = host.removesuffix(".").lower()
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii").removesuffix(".").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressRefused from error


def host_of(url: str) -> str:
    """`host`, or `host:port` where the port says something. Empty for no address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        name = ascii_host(host) if host else ""
    except (ValueError, AddressRefused):
        return ""
    if ":" in name:
        name = f"[{name}]"
    return (
        f"{name}:{port}" if port and port != DEFAULT_PORTS.get(parts.scheme) else name
    )


def site_of(url: str) -> str:
    """The host without `www.`: what people call the shop."""
    return host_of(url).removeprefix("www.")


def same_site(one: str, other: str) -> bool:
    return bool(site_of(one)) and site_of(one) == site_of(other)


def url_key(url: str) -> str:
    """The address by which a product is known: no tracking parameters, no fragment,
    parameters in order, one spelling of scheme, host and escapes.

    Pages that answer by http and https are the same page: the key says https.
    """
    try:
        parts = urlsplit(url.strip())
        has_port = parts.port is not None
    except ValueError as error:
        raise AddressRefused from error
    host = host_of(url)
    if not host:
        raise AddressRefused
    scheme = "https" if parts.scheme == "http" and not has_port else parts.scheme
    query = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _is_tracking(name)
    )
    key = urlunsplit((scheme, host, escaped_path(parts.path), urlencode(query), ""))
    if len(key) > MAX_LENGTH:
        raise AddressRefused
    return key


def without_tracking(url: str) -> str:
    """The address as it was given, less the parameters that name who sent whom."""
    parts = urlsplit(url.strip())
    kept = [
        pair
        for pair in parts.query.split("&")
        if pair and not _is_tracking(pair.partition("=")[0])
    ]
    return parts._replace(query="&".join(kept)).geturl()


def escaped_path(path: str) -> str:
    path = quote(path or "/", safe=_SAFE_IN_PATH, errors="replace")
    return _ENCODED.sub(lambda found: found.group().upper(), path)


def escaped_query(query: str) -> str:
    return quote(query, safe=_SAFE_IN_QUERY, errors="replace")


def _is_tracking(name: str) -> bool:
    name = name.lower()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)
