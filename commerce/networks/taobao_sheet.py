"""Taobao's back office exports the rows of its orders under Chinese headings: here they
get the names of `taobao.tbk.order.details.get`, and its codes. Pure."""

from __future__ import annotations

from commerce.networks.base import Payload

NEEDED = ("trade_id", "tk_status", "tk_create_time")

_HEADINGS = {
    "点击时间": "click_time",
    "创建时间": "tk_create_time",
    "订单创建时间": "tk_create_time",
    "付款时间": "tk_paid_time",
    "淘宝付款时间": "tb_paid_time",
    "结算时间": "tk_earning_time",
    "更新时间": "modified_time",
    "商品ID": "item_id",
    "商品名称": "item_title",
    "商品信息": "item_title",
    "商品数": "item_num",
    "商品单价": "item_price",
    "店铺名称": "seller_shop_title",
    "掌柜旺旺": "seller_nick",
    "淘宝订单编号": "trade_parent_id",
    "淘宝父订单号": "trade_parent_id",
    "淘宝父订单编号": "trade_parent_id",
    "淘宝子订单号": "trade_id",
    "淘宝子订单编号": "trade_id",
    "订单状态": "tk_status",
    "订单类型": "order_type",
    "付款金额": "alipay_total_price",
    "结算金额": "pay_price",
    "佣金比率": "total_commission_rate",
    "佣金金额": "total_commission_fee",
    "收入比率": "income_rate",
    "分成比率": "pub_share_rate",
    "提成": "tk_total_rate",
    "技术服务费率": "alimama_rate",
    "技术服务费比率": "alimama_rate",
    "技术服务费": "alimama_share_fee",
    "付款预估收入": "pub_share_pre_fee",
    "结算预估收入": "pub_share_fee",
    "媒体ID": "site_id",
    "媒体名称": "site_name",
    "推广位ID": "adzone_id",
    "推广位名称": "adzone_name",
    "渠道关系ID": "relation_id",
    "会员运营ID": "special_id",
    "类目名称": "item_category_name",
}
_STATUSES = {
    "已创建": "11",
    "订单创建": "11",
    "已付款": "12",
    "订单付款": "12",
    "已收货": "14",
    "订单收货": "14",
    "已结算": "3",
    "订单结算": "3",
    "已失效": "13",
    "订单失效": "13",
}
_FOLDED = {heading.casefold(): name for heading, name in _HEADINGS.items()}


def field_named(heading: str) -> str:
    """Whichever way "ID" is spelled; TOP's own names are theirs already."""
    plain = "".join(heading.split()).casefold()
    return _FOLDED.get(plain, heading)


def heading_of(name: str) -> str:
    """For people who look at the sheet."""
    return headings_of(name)[0]


def headings_of(name: str) -> list[str]:
    """All that the sheet may call it; TOP's own name comes last."""
    return [*(h for h, field in _HEADINGS.items() if field == name), name]


def from_sheet(cells: dict[str, str]) -> Payload:
    """A word for a status that we do not know stays: the adapter holds such a line."""
    row: Payload = {
        name: cell[:-1] if name.endswith("_rate") and cell.endswith("%") else cell
        for name, cell in cells.items()
    }
    if status := cells.get("tk_status"):
        row["tk_status"] = _STATUSES.get(status, status)
    return row
