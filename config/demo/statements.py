"""The league's statement for last month, as Rosa has just imported it: most of its
lines agree, two do not, and nothing is approved."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta

from django.utils import timezone

from commerce.actions.statement_lines import advance
from commerce.actions.statements import confirm_statement, table_of, upload_statement
from commerce.models import Network, OrderLine, OrderStatus
from commerce.money import amount_text
from commerce.networks.fields import as_gmt8
from commerce.reconciliation.columns import guess
from commerce.reconciliation.months import bounds
from config.demo.stage import Stage

HEADINGS = (
    *("淘宝子订单号", "淘宝订单编号", "订单状态", "付款金额", "结算金额"),
    *("结算预估收入", "技术服务费", "创建时间", "结算时间"),
)
FEWEST = 4  # lines of which two may differ
UNDERPAID_MINOR = 12  # the first line by so much; the last one is missing


def make_statement(stage: Stage) -> None:
    network = Network.objects.filter(adapter=Network.Adapter.TAOBAO).first()
    month = (timezone.localdate().replace(day=1) - timedelta(days=1)).replace(day=1)
    lines = _settled(network, month) if network else []
    if network is None or len(lines) < FEWEST:  # a small catalogue sells little
        return
    lines = lines[:-1]
    draft = upload_statement(
        network=network,
        month=month,
        currency=lines[0].currency,
        name=f"league-{month:%Y-%m}.csv",
        content=_file_of(lines),
        by=stage.people["rosa"],
    )
    statement = confirm_statement(
        statement=draft,
        columns=guess(table_of(draft).header),
        declared_minor=sum(map(_net, lines)) - UNDERPAID_MINOR,
        receipt_minor=None,
        by=stage.people["rosa"],
    )
    advance(statement=statement)


def _settled(network: Network, month: date) -> list[OrderLine]:
    start, end = bounds(month)
    rows = OrderLine.objects.filter(
        network=network,
        status=OrderStatus.SETTLED,
        settled_at__gte=start,
        settled_at__lt=end,
    )
    return list(rows.order_by("settled_at", "pk"))


def _file_of(lines: list[OrderLine]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(HEADINGS)
    for number, line in enumerate(lines):
        fee = (line.gross_fee_minor or 0) - (0 if number else UNDERPAID_MINOR)
        writer.writerow(
            [
                *(line.line_id, line.order_id, "已结算"),
                *(amount_text(line.paid_minor, line.currency) for _ in range(2)),
                amount_text(fee, line.currency),
                amount_text(line.tech_fee_minor, line.currency),
                *map(_time, (line.created_at, line.settled_at)),
            ]
        )
    return written.getvalue().encode("gb18030")


def _net(line: OrderLine) -> int:
    return (line.gross_fee_minor or 0) - line.tech_fee_minor


def _time(moment: object) -> str:
    return as_gmt8(moment) if isinstance(moment, datetime) else "--"
