"""Which column of a network's file says what. Pure.

Guessed from headings that are known, chosen by a person, and remembered by heading: the
next file of the network may have its columns in another order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from commerce.networks.taobao_sheet import headings_of

# What a statement may say of a line, in the order in which people are asked.
FIELDS: dict[str, str | Promise] = {
    "line_id": _("order line"),
    "fee": _("commission, fee included"),
    "tech_fee": _("technical service fee"),
    "status": _("status"),
    "order_id": _("order"),
    "paid": pgettext_lazy("by the buyer", "paid"),
    "settled": _("settled amount"),
    "currency": _("currency"),
    "ordered_at": _("ordered"),
    "settled_at": _("settled"),
    "rate": _("rate"),
}
NEEDED = ("line_id", "fee")


def plain(heading: str) -> str:
    """As headings are compared: spaces, case, underscores and full-width brackets say
    nothing."""
    text = heading.replace("（", "(").replace("）", ")").casefold()
    return re.sub(r"[\s_\-]+", "", text)


def _taobao(*names: str) -> list[str]:
    """The sheet of Taobao's back office has its headings in one place."""
    return [plain(heading) for name in names for heading in headings_of(name)]


# The surest heading of each field first; an estimate of a fee is not what is paid.
_KNOWN: dict[str, Sequence[str]] = {
    "line_id": (
        *(*_taobao("trade_id"), "子订单号", "子订单编号"),
        *("lineid", "orderlineid", "orderline", "transactionid", "actionid"),
        *("commissionid", "订单行号", "订单编号", "订单号", "orderid", "ordersn"),
    ),
    "fee": (
        *(*_taobao("pub_share_fee"), "结算收入", "实际佣金", "实际推广费用"),
        *(*_taobao("total_commission_fee"), "actualfee", "commissionamount"),
        "pubcommissionamountusd",
        *("commission", "commissionfee", "adfees($)", "adfees", "earnings", "fee"),
        *("推广费用", "佣金"),
    ),
    "tech_fee": (
        *_taobao("alimama_share_fee"),
        "techfee",
        "servicefee",
        "平台服务费",
    ),
    "status": (
        *(*_taobao("tk_status"), "status", "orderstatus", "validcode", "state"),
        *("commissionstatus", "actionstatus", "状态"),
    ),
    "order_id": (
        *(*_taobao("trade_parent_id"), "父订单号", "订单编号"),
        *("orderid", "order", "ordernumber", "订单号"),
    ),
    "paid": (
        *(*_taobao("alipay_total_price"), "saleamount", "revenue($)", "revenue"),
        *("订单金额", "amount", "paid", "paidamount"),
    ),
    "settled": (*_taobao("pay_price"), "settledamount", "settled"),
    "currency": ("币种", "货币", "currency", "currencycode", "commissioncurrency"),
    "ordered_at": (
        *(*_taobao("tk_create_time"), "下单时间", "createdat"),
        *("orderedat", "transactiondate", "eventdate", "orderdate", "dateordered"),
    ),
    "settled_at": (
        *(*_taobao("tk_earning_time"), "settledat", "settlementdate", "lockingdate"),
        *("dateshipped", "postingdate"),
    ),
    "rate": (
        *_taobao("total_commission_rate", "tk_total_rate"),
        *("佣金比例", "rate", "费率"),
    ),
}


def guess(header: Sequence[str]) -> dict[str, int]:
    """The column of each field that a known heading names; none serves two."""
    places: dict[str, int] = {}
    for place, heading in enumerate(header):
        places.setdefault(plain(heading), place)
    chosen: dict[str, int] = {}
    for name, headings in _KNOWN.items():
        free = (
            places[heading]
            for heading in headings
            if heading in places and places[heading] not in chosen.values()
        )
        if (found := next(free, None)) is not None:
            chosen[name] = found
    return chosen


def remembered(header: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
    """What the network's row keeps for its next file."""
    return {name: header[place] for name, place in columns.items()}


def recall(header: Sequence[str], memory: Mapping[str, str]) -> dict[str, int]:
    """What was chosen last, as far as the file still has it; else a guess."""
    places: dict[str, int] = {}
    for place, heading in enumerate(header):
        places.setdefault(plain(heading), place)
    chosen = {
        name: places[plain(heading)]
        for name, heading in memory.items()
        if name in FIELDS and plain(heading) in places
    }
    return chosen if all(name in chosen for name in NEEDED) else guess(header)
