"""The league's own addresses of its goods, and the codes that people paste into its
app.

An address stands for an item and the ad zone it was made for; following it leads to the
item's page, and whose sale it will be goes with it in the query.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
from urllib.parse import urlsplit

from commerce.networks.marketplace.config import Config
from commerce.networks.marketplace.errors import (
    Document,
    GatewayError,
    Parameters,
    wrong_argument,
)
from commerce.networks.marketplace.scenarios import Scenarios

_ITEM = re.compile(r"/item/([^/]{1,64})")
_ZONE = re.compile(r"[1-9][0-9]{0,19}")


def convert(
    db: sqlite3.Connection, config: Config, given: Parameters, scenarios: Scenarios
) -> Document:
    """Answers for each address; what it does not sell has a code of its own."""
    zone = given.get("adzone_id", "")
    if not _ZONE.fullmatch(zone):
        raise GatewayError(41, "Invalid Arguments", "isv.invalid-parameter", "adzone")
    rows = []
    for address in filter(None, given.get("material_list", "").split(",")):
        row: Document = {"material_url": address}
        if product_id := _sold_at(config, address):
            made = _address(address, product_id, zone, scenarios)
            row |= {"code": 0, "link_info_dto": {"cps_long_url": made}}
        else:
            row |= {"code": 15003, "msg": "not promoted"}
        rows.append(row)
    if not rows:
        raise wrong_argument(1001, "material_list is null")
    return {"data": {"material_url_list": {"material_url_list": rows}}}


def create_code(
    db: sqlite3.Connection, config: Config, given: Parameters, scenarios: Scenarios
) -> Document:
    address = given.get("url", "")
    if item_behind(urlsplit(address).path.removeprefix("/s/")) is None:
        raise GatewayError(50, "Remote service error", "isv.url-invalid", "url")
    digest = hashlib.sha256(address.encode()).digest()
    short = f"￥{base64.b32encode(digest)[:11].decode()}￥"
    return {"data": {"model": f"{short} {address}", "password_simple": short}}


def item_behind(token: str) -> str | None:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        product_id, _zone = json.loads(text)
    except (ValueError, TypeError):
        return None
    return str(product_id)


def _sold_at(config: Config, address: str) -> str | None:
    found = _ITEM.fullmatch(urlsplit(address).path)
    product = config.product(found[1]) if found else None
    shop = config.shop(product.shop) if product else None
    return product.id if product and shop and shop.kind == "taobao" else None


def _address(beside: str, product_id: str, zone: str, scenarios: Scenarios) -> str:
    parts = urlsplit(beside)
    host = f"{parts.scheme}://{parts.netloc}"
    if scenarios.once("foreign"):
        host = "https://s.elsewhere.example"
    token = base64.urlsafe_b64encode(json.dumps([product_id, zone]).encode())
    return f"{host}/s/{token.decode().rstrip('=')}"
