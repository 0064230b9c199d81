"""Reports of networks as files, in the shapes that networks give them."""

import csv
import io
import json

from commerce.models import Network
from commerce.networks.reports import ReportFile


def network_of(adapter, **fields):
    return Network(code=adapter, name=adapter.title(), adapter=adapter, **fields)


def sheet(*rows, encoding="utf-8", above=""):
    written = io.StringIO()
    written.write(above)
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(written, names)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode(encoding)


def read(adapter, content, *, currency="USD", **fields):
    """All rows, by their numbers."""
    network = network_of(adapter, **fields)
    return list(ReportFile(network, content, currency=currency))


def only_report(adapter, content, **more):
    (row,) = read(adapter, content, **more)
    assert not row.refusal, row.refusal
    return row.report


def as_json(*rows):
    return json.dumps(list(rows)).encode()


def awin_sale(**fields):
    amounts = {
        name: {"amount": fields.pop(name, default), "currency": "EUR"}
        for name, default in (("saleAmount", 49.9), ("commissionAmount", 3.99))
    }
    return {
        "id": 700100200,
        "advertiserId": 9001,
        "commissionStatus": "pending",
        **amounts,
        "ipHash": "-12345",
        "clickRefs": {"clickRef": "spring"},
        "clickDate": "2026-03-01T09:00:00",
        "transactionDate": "2026-03-02T10:30:00",
        "validationDate": None,
        "declineReason": None,
        "amended": False,
        "orderRef": "A-77",
        **fields,
    }


def cj_sale(**fields):
    return {
        "commissionId": "9001",
        "originalActionId": "act-1",
        "original": True,
        "actionStatus": "new",
        "orderId": "CJ-1",
        "shopperId": "spring",
        "eventDate": "2026-03-01T11:00:00Z",
        "postingDate": "2026-03-01T12:00:00Z",
        "saleAmountUsd": 80,
        "pubCommissionAmountUsd": 6.4,
        **fields,
    }


def cj_correction(**fields):
    taken = {
        "commissionId": "9002",
        "original": False,
        "postingDate": "2026-03-09T12:00:00Z",
        "saleAmountUsd": -80,
        "pubCommissionAmountUsd": -6.4,
    }
    return cj_sale(**{**taken, **fields})


def amazon_row(**fields):
    shown = {
        "day": "03/05/2026",
        "asin": "B0OURS0001",
        "tag": "ours-20",
        "price": "25.00",
        "shipped": "1",
        "returns": "0",
        "revenue": "25.00",
        "fee": "1.25",
        "name": "Lamp",
    } | fields
    return {
        "Category": "Home",
        "Name": shown["name"],
        "ASIN": shown["asin"],
        "Seller": "Amazon.com",
        "Tracking ID": shown["tag"],
        "Date Shipped": shown["day"],
        "Price($)": shown["price"],
        "Items Shipped": shown["shipped"],
        "Returns": shown["returns"],
        "Revenue($)": shown["revenue"],
        "Ad Fees($)": shown["fee"],
        "Device Type Group": "Mobile",
    }


def amazon_return(**fields):
    taken = {"shipped": "0", "returns": "1", "revenue": "-25.00", "fee": "-1.25"}
    return amazon_row(**{"day": "03/20/2026", **taken, **fields})


def amazon_total(fee):
    return dict.fromkeys(amazon_row(), "") | {"Revenue($)": "Total", "Ad Fees($)": fee}


def notice(**fields):
    return {
        "event_id": "e-1",
        "type": "order",
        "order_id": "A-1",
        "line_id": "A-1-1",
        "click_id": "none.of-ours",
        "status": "paid",
        "amount": "199.00",
        "currency": "CNY",
        "commission": "15.92",
        "occurred_at": "2026-03-01T15:00:00Z",
        **fields,
    }


def taobao_row(**fields):
    return {
        "淘宝子订单号": "1446862000000000003",
        "淘宝父订单号": "1446862000000000001",
        "订单状态": "已付款",
        "创建时间": "2026-03-01 18:27:07",
        "点击时间": "2026-03-01 18:20:00",
        "付款时间": "2026-03-01 18:27:12",
        "结算时间": "--",
        "商品ID": "nXtQUotkQRC0tP-d2q",
        "商品名称": "红色外套",
        "付款金额": "3.80",
        "结算金额": "",
        "佣金比率": "30.00%",
        "付款预估收入": "1.14",
        "结算预估收入": "0.00",
        "技术服务费": "0.11",
        "推广位ID": "100000000009",
        **fields,
    }
