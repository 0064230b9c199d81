"""The marketplace's pages: shelves, a product, an order, and the desk behind them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from html import escape
from urllib.parse import quote, urlsplit

from commerce.networks.marketplace.amounts import amount_text, price_shown
from commerce.networks.marketplace.config import Config, Product, Shop
from commerce.networks.marketplace.scenarios import SCENARIOS
from commerce.networks.marketplace.trade import MOVES

GMT8 = timezone(timedelta(hours=8))
STATUS = {
    "created": "waits for payment",
    "paid": "paid",
    "received": "received by the buyer",
    "settled": "settled with the shop",
    "invalid": "cancelled",
}
MOVE = {
    "paid": "Pay",
    "received": "Buyer received it",
    "settled": "Settle",
    "invalid": "Cancel",
}
_SCHEMA_ORG = {"in_stock": "InStock", "sold_out": "OutOfStock"}


def page(title: str, body: str, head: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>{head}"
        '<link rel="stylesheet" href="/marketplace.css"></head><body>'
        '<header><a href="/"><strong>The Marketplace</strong></a>'
        '<span class="soft">a stand-in for real shops, on this machine only</span>'
        '<nav><a href="/">Shelves</a> <a href="/desk/">Desk</a></nav></header>'
        f"<main>{body}</main></body></html>"
    )


def shelves(config: Config) -> str:
    parts = ["<h1>What is on the shelves</h1>"]
    for shop in config.shops:
        goods = [item for item in config.products if item.shop == shop.slug]
        cards = "".join(_card(item) for item in goods)
        name = escape(shop.name)
        parts.append(f'<h2>{name}</h2><ul class="shelf">{cards}</ul>')
    if not config.shops:
        parts.append('<p class="soft">Nothing yet: the demo is still being made.</p>')
    return page("The Marketplace", "".join(parts))


def product_page(
    item: Product, shop: Shop | None, base: str, hidden: Mapping[str, str]
) -> str:
    title, price = escape(item.title), price_shown(item.price_minor, item.currency)
    picture = f"{base}/item/{quote(item.id)}/picture.jpg"
    if item.availability == "sold_out":
        buy = '<p class="note">Sold out.</p>'
    else:
        buy = _form(f"/item/{quote(item.id)}/buy", "Buy now", hidden, action="buy")
    brand = f'<p class="soft">{escape(item.brand)}</p>' if item.brand else ""
    shop_name = escape(shop.name) if shop else ""
    body = (
        f'<article class="item"><img src="{urlsplit(picture).path}" alt="{title}">'
        f"<div>{brand}"
        f'<h1>{title}</h1><p class="price">{price}</p>'
        f"<p>{escape(item.description)}</p>{buy}"
        f'<p class="soft">Sold by {shop_name}. No money is taken here.</p>'
        "</div></article>"
    )
    return page(item.title, body, _head_of(item, shop, base, picture))


def order_page(order: sqlite3.Row, refunds: Iterable[sqlite3.Row]) -> str:
    currency = order["currency"]
    facts = [
        ("Order", order["order_id"]),
        ("Item", order["title"]),
        ("Price", price_shown(order["price_minor"], currency)),
        ("State", STATUS[order["status"]]),
        ("Ordered", _clock(order["created_at"])),
    ]
    facts += [
        ("Refunded", f"{price_shown(r['minor'], currency)} ({r['status']})")
        for r in refunds
    ]
    rows = "".join(f"<dt>{k}</dt><dd>{escape(str(v))}</dd>" for k, v in facts)
    if order["status"] == "created":
        act = _form(f"/orders/{order['line_id']}/pay", "Pay", {}, action="pay")
    else:
        act = '<p class="good">Thank you. The shop knows of it.</p>'
    note = (
        '<p class="soft">What happens to this order next is decided at the '
        '<a href="/desk/">desk</a>.</p>'
    )
    body = f"<h1>Your order</h1><dl>{rows}</dl>{act}{note}"
    return page("Your order", body)


def desk_page(
    config: Config,
    orders: Iterable[sqlite3.Row],
    refunds: Mapping[str, list[sqlite3.Row]],
    notices: Mapping[str, sqlite3.Row],
    scenarios: Mapping[str, int],
) -> str:
    rows = "".join(
        _desk_row(config, order, refunds.get(order["line_id"], []), notices)
        for order in orders
    )
    heads = "".join(
        f"<th>{name}</th>" for name in ("Order", "Item", "State", "Move it on", "Told")
    )
    table = (
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        if rows
        else '<p class="soft">No orders yet. Buy something first.</p>'
    )
    body = (
        "<h1>The desk</h1><p>Here an order is moved on, as the buyer, the shop and the "
        "network would. Shops with a programme of their own tell the site at once; the "
        f"others are asked by it now and then.</p>{table}{_scenario_form(scenarios)}"
    )
    return page("The desk", body)


def message_page(title: str, text: str) -> str:
    return page(title, f'<h1>{escape(title)}</h1><p class="note">{escape(text)}</p>')


def _card(item: Product) -> str:
    title, path = escape(item.title), f"/item/{quote(item.id)}"
    return (
        f'<li><a href="{path}"><img src="{path}/picture.jpg" alt="" loading="lazy">'
        f"<b>{title}</b><span>{price_shown(item.price_minor, item.currency)}</span>"
        "</a></li>"
    )


def _head_of(item: Product, shop: Shop | None, base: str, picture: str) -> str:
    url = f"{base}/item/{quote(item.id)}"
    price = amount_text(item.price_minor, item.currency)
    stock = _SCHEMA_ORG.get(item.availability)
    offer = {
        "@type": "Offer",
        "url": url,
        "price": price,
        "priceCurrency": item.currency,
    }
    if stock:
        offer["availability"] = f"https://schema.org/{stock}"
    facts = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": item.title,
        "description": item.description,
        "sku": item.id,
        "image": [picture],
        "offers": offer,
    }
    if item.brand:
        facts["brand"] = {"@type": "Brand", "name": item.brand}
    tags = {
        "og:type": "product",
        "og:title": item.title,
        "og:description": item.description,
        "og:url": url,
        "og:image": picture,
        "og:site_name": shop.name if shop else "The Marketplace",
        "product:price:amount": price,
        "product:price:currency": item.currency,
    }
    metas = "".join(
        f'<meta property="{name}" content="{escape(value)}">'
        for name, value in tags.items()
    )
    # "</" would end the script early, whatever the product is called.
    linked = json.dumps(facts, ensure_ascii=False).replace("</", "<\\/")
    return (
        f'<link rel="canonical" href="{url}">{metas}'
        f'<meta name="description" content="{escape(item.description)}">'
        f'<script type="application/ld+json">{linked}</script>'
    )


def _desk_row(
    config: Config,
    order: sqlite3.Row,
    refunds: list[sqlite3.Row],
    notices: Mapping[str, sqlite3.Row],
) -> str:
    line, currency = order["line_id"], order["currency"]
    path = f"/desk/orders/{line}"
    moves = "".join(
        _form(f"{path}/move", MOVE[name], {"status": name}, plain=True)
        for name in MOVES[order["status"]]
    )
    if order["status"] == "paid" and order["rest_minor"]:
        rest = price_shown(order["rest_minor"], currency)
        moves += _form(f"{path}/rest", f"Pay the rest, {rest}", {}, plain=True)
    if order["status"] not in ("created", "invalid"):
        half = amount_text(order["price_minor"] // 2, currency)
        moves += (
            f'<form method="post" action="{path}/refund"><input name="amount" '
            f'value="{half}" aria-label="Amount to refund" inputmode="decimal"> '
            '<button class="plain">Refund</button></form>'
        )
    for refund in refunds:
        text = f"{price_shown(refund['minor'], currency)} back: {refund['status']}"
        moves += f'<div class="soft">{escape(text)} '
        if refund["status"] == "success":
            words = {"refund_id": refund["refund_id"]}
            moves += _form(f"{path}/fail-refund", "Refund failed", words, plain=True)
        moves += "</div>"
    shop = config.shop(order["shop"])
    return (
        f'<tr><td><a href="/orders/{line}">{order["order_id"]}</a><br>'
        f'<span class="soft">{_clock(order["created_at"])}</span></td>'
        f"<td>{escape(order['title'])}<br>"
        f'<span class="soft">{escape(shop.name if shop else "")} '
        f"{price_shown(order['price_minor'], currency)}</span></td>"
        f"<td>{STATUS[order['status']]}</td><td>{moves}</td>"
        f"<td>{_told(order, shop, notices.get(line))}</td></tr>"
    )


def _told(order: sqlite3.Row, shop: Shop | None, notices: sqlite3.Row | None) -> str:
    if not (order["click_ref"] or order["sub_id"]):
        return '<span class="soft">came without a tracked link</span>'
    if shop and shop.kind == "taobao":
        return '<span class="soft">is asked for</span>'
    if notices is None:
        return '<span class="soft">nothing yet</span>'
    text = f"{notices['done']} of {notices['total']} notices taken"
    if notices["answer"] not in (None, 200, 202):
        text += f", last answer {notices['answer'] or 'none'}"
    return escape(text)


def _scenario_form(values: Mapping[str, int]) -> str:
    options = "".join(
        f'<option value="{name}">{escape(words)}</option>'
        for name, words in SCENARIOS.items()
    )
    running = ", ".join(f"{name} = {value}" for name, value in values.items() if value)
    return (
        "<h2>Bad days of the network</h2>"
        f'<p class="soft">Now: {escape(running or "all is well")}</p>'
        f'<form method="post" action="/desk/scenario"><select name="name" '
        f'aria-label="What happens">{options}</select> '
        '<input name="value" value="1" inputmode="numeric" aria-label="How much"> '
        '<button class="plain">Let it happen</button></form>'
    )


def _form(
    path: str,
    label: str,
    hidden: Mapping[str, str],
    *,
    action: str = "",
    plain: bool = False,
) -> str:
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    mark = f' data-action="{action}"' if action else ""
    look = ' class="plain"' if plain else ""
    return (
        f'<form method="post" action="{path}"{mark}>{fields}'
        f"<button{look}>{escape(label)}</button></form>"
    )


def _clock(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, GMT8).strftime("%Y-%m-%d %H:%M")
