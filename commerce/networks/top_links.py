"""Taobao's own addresses of goods, and the codes that people paste into its app."""

from __future__ import annotations

import re
from typing import Any

from commerce.exceptions import NetworkError
from commerce.networks.top_client import TopClient

CONVERT = "taobao.tbk.dg.general.link.convert"
CREATE_CODE = "taobao.tbk.tpwd.create"
_ADDRESSES = ("cps_long_url", "cps_short_url")
LONGEST_TITLE = 50
_CODE = re.compile(r"[^\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e]{1,200}")


def click_url_of(client: TopClient, *, url: str, adzone_id: str) -> str:
    """The address under which a sale of what is at `url` is paid to this ad zone.
    Raises NetworkError; what is not promoted is `not_promoted`."""
    given = {"adzone_id": adzone_id, "material_list": url}
    content = client.call(CONVERT, given)
    row = _only_row(content)
    links = row.get("link_info_dto")
    if str(row.get("code", "0")) != "0" or not isinstance(links, dict):
        raise NetworkError(
            f"{CONVERT}: {row.get('code')} {str(row.get('msg', ''))[:300]}",
            retry=False,
            code="not_promoted",
        )
    for name in _ADDRESSES:
        if isinstance(address := links.get(name), str) and address:
            # They leave the scheme out of some addresses, as of pictures.
            return f"https:{address}" if address.startswith("//") else address
    raise NetworkError(f"{CONVERT}: no address", retry=False, code="malformed")


def code_for(client: TopClient, *, url: str, title: str) -> str:
    """The code for an address of theirs, the short one if there is one. Raises
    NetworkError."""
    content = client.call(CREATE_CODE, {"url": url, "text": title[:LONGEST_TITLE]})
    told = content.get("data")
    told = told if isinstance(told, dict) else {}
    for name in ("password_simple", "model"):
        code = told.get(name)
        if isinstance(code, str) and _CODE.fullmatch(code.strip()):
            return code.strip()
    raise NetworkError(f"{CREATE_CODE}: no code", retry=False, code="malformed")


def _only_row(content: dict[str, Any]) -> dict[str, Any]:
    """Lists are wrapped in an object of the same name, one or several times."""
    inner: object = content
    for name in ("data", "material_url_list", "material_url_list"):
        if isinstance(inner, dict):
            inner = inner.get(name)
    if isinstance(inner, list) and inner and isinstance(inner[0], dict):
        return inner[0]
    raise NetworkError(f"{CONVERT}: no row", retry=False, code="malformed")
