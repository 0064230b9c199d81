"""A league with orders, and statements about them."""

from datetime import UTC, date, datetime

from commerce.actions.orders import observe
from commerce.actions.statement_lines import advance
from commerce.actions.statements import (
    confirm_statement,
    table_of,
    upload_statement,
)
from commerce.models import Network, OrderLine
from commerce.networks.adapters import read_report
from commerce.reconciliation.columns import guess
from tests.factories import make_click, make_link, make_programme

MONTH = date(2026, 10, 1)
HEAD = "淘宝子订单号,订单状态,付款金额,结算预估收入,技术服务费,创建时间,结算时间"
SETTLED = ("已结算", "2.80", "0.14", "0.01")
SUB_ID = "2000000001"


def make_league(beneficiary):
    """A polled network; who is given earns by the orders that name its link."""
    network = Network.objects.create(
        code="league", name="League", adapter="taobao", tz="Asia/Shanghai"
    )
    programme = make_programme(network=network, rate_bp=1000)
    link = make_link(programme=programme, beneficiary=beneficiary)
    link.network_sub_id = SUB_ID
    link.save()
    moment = datetime(2026, 10, 2, 1, 0, tzinfo=UTC)
    make_click(link, rate_bp=1000, occurred_at=moment)
    return network


def row_of(line_id, *, status=3, paid="2.80", fee="0.14", tech="0.01", **more):
    """As the league's API reports it: settled in October."""
    is_settled = status == 3
    return {
        "trade_id": line_id,
        "trade_parent_id": line_id,
        "tk_status": status,
        "tk_create_time": "2026-10-02 10:00:00",
        "tk_paid_time": "2026-10-02 10:00:05",
        "tk_earning_time": "2026-10-20 09:00:00" if is_settled else "--",
        "modified_time": "2026-10-20 09:00:00",
        "alipay_total_price": paid,
        "pay_price": paid if is_settled else "0.00",
        "pub_share_pre_fee": fee,
        "pub_share_fee": fee if is_settled else "0.00",
        "alimama_share_fee": tech,
        "relation_id": SUB_ID,
        **more,
    }


def poll(network, payload):
    report = read_report(network, payload)
    observe(network=network, source="top_poll", report=report, payload=payload)


def poll_order(network, line_id, **fields):
    poll(network, row_of(line_id, **fields))
    return OrderLine.objects.get(network=network, line_id=line_id)


def sheet_of(*rows):
    """Rows of line id, status, price, fee and the service's part of it."""
    lines = [
        ",".join([*row, "2026-10-02 10:00:00", "2026-10-20 09:00:00"]) for row in rows
    ]
    return "\n".join([HEAD, *lines]).encode()


def upload(network, by, *rows, month=MONTH, content=None):
    return upload_statement(
        network=network,
        month=month,
        currency="CNY",
        name="october.csv",
        content=content or sheet_of(*rows),
        by=by,
    )


def confirm(draft, by, *, declared=None, receipt=None, columns=None):
    return confirm_statement(
        statement=draft,
        columns=columns or guess(table_of(draft).header),
        declared_minor=declared,
        receipt_minor=receipt,
        by=by,
    )


def open_statement(network, by, *rows, declared=None, receipt=None, **fields):
    """Imported, read and compared."""
    draft = upload(network, by, *rows, **fields)
    confirm(draft, by, declared=declared, receipt=receipt)
    assert advance(statement=draft)
    draft.refresh_from_db()
    assert draft.state == "open"
    return draft
