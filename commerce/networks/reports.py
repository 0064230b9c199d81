"""A network's report as a file: bytes in, rows with their reports out. Pure.

What is wrong with the whole file is told before the first row. A row that cannot be
read is handed out with what is wrong with it: the others are none the worse for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _

from commerce.exceptions import FileUnreadable, MalformedNotice
from commerce.models import Network
from commerce.networks import amazon, awin, cj, direct, taobao_sheet
from commerce.networks.adapters import read_report
from commerce.networks.base import Payload, RefundReport, Report
from commerce.networks.beside import with_beside
from commerce.networks.json_rows import check_row, is_json, json_rows
from commerce.networks.tables import Named, Table, read_table

Adapter = Network.Adapter


class Row(NamedTuple):
    """With its report, or with the name of the field that is wrong."""

    number: int
    payload: Payload
    report: Report | None
    refusal: str = ""


@dataclass(frozen=True)
class Sheet:
    """How a row of a network's CSV becomes a payload of its adapter."""

    needed: Sequence[str]
    named: Named = str.strip
    shown: Named = str.strip  # a needed name as people find it in the file
    payload_of: Callable[[dict[str, str]], Payload] = dict


def _pdd_named(heading: str) -> str:
    return "order_sn" if heading == "orderSn" else heading


_SHEETS: dict[str, Sheet] = {
    Adapter.DIRECT: Sheet(direct.NEEDED, str.lower, payload_of=direct.from_sheet),
    Adapter.TAOBAO: Sheet(
        taobao_sheet.NEEDED,
        taobao_sheet.field_named,
        taobao_sheet.heading_of,
        taobao_sheet.from_sheet,
    ),
    Adapter.JD: Sheet(("id", "orderId", "validCode", "orderTime")),
    Adapter.PDD: Sheet(("order_sn", "order_status", "order_create_time"), _pdd_named),
    Adapter.AWIN: Sheet(awin.NEEDED, awin.field_named, payload_of=awin.from_sheet),
    Adapter.CJ: Sheet(cj.NEEDED),
    Adapter.AMAZON: Sheet(amazon.NEEDED),
}
# They have no other form that was agreed on.
_CSV_ONLY = (Adapter.DIRECT, Adapter.AMAZON)
# Times without a zone of their own; those of Chinese networks are Peking's.
_IN_NETWORKS_ZONE = (Adapter.AWIN, Adapter.AMAZON)
# Almost all that western spreadsheets write can be read as GB18030, and is not.
_WITHOUT_GB18030 = (Adapter.AWIN, Adapter.CJ, Adapter.AMAZON)

# A row's number with its payload, or with why there is none.
Told = Iterator[tuple[int, Payload | MalformedNotice]]


class ReportFile:
    """Can be gone through as often as one likes."""

    def __init__(self, network: Network, content: bytes, *, currency: str) -> None:
        """Raises FileUnreadable. The currency is the programme's, for reports that name
        none."""
        self.network, self.currency = network, currency
        self._table: Table | None = None
        self._objects: list[Payload] = []
        self._ordinals: dict[int, int] = {}
        if is_json(content):
            if network.adapter in _CSV_ONLY:
                raise FileUnreadable(_("This report is a CSV. Upload that."))
            self._objects = json_rows(content)
            self.row_count, self.encoding = len(self._objects), "UTF-8"
        else:
            self._table = _table_of(network, content)
            self.row_count = self._table.row_count
            self.encoding = self._table.encoding
        if self._table and network.adapter == Adapter.AMAZON:
            self._look_at_amazon(self._table)

    def __iter__(self) -> Iterator[Row]:
        if self.network.adapter != Adapter.AMAZON:
            yield from self._read()
            return
        # Returns look for their sale, which may stand below them.
        yield from (row for row in self._read() if not _takes_back(row))
        yield from (row for row in self._read() if _takes_back(row))

    def _read(self) -> Iterator[Row]:
        for number, found in self._told():
            if isinstance(found, MalformedNotice):
                yield Row(number, {}, None, self._shown(found.field))
                continue
            try:
                yield Row(number, found, read_report(self.network, found))
            except MalformedNotice as error:
                yield Row(number, found, None, self._shown(error.field))

    def _shown(self, field: str) -> str:
        """As it is called in the file."""
        return _SHEETS[self.network.adapter].shown(field) if self._table else field

    def _told(self) -> Told:
        zone = self.network.tz if self.network.adapter in _IN_NETWORKS_ZONE else "UTC"
        said = {
            "tz": zone if zone != "UTC" else "",
            "currency": self.currency if self.network.adapter == Adapter.AMAZON else "",
        }
        rows = _from_sheet(self._table, self.network) if self._table else self._json()
        for number, found in rows:
            if isinstance(found, MalformedNotice):
                yield number, found
            elif self.network.adapter != Adapter.AMAZON:
                yield number, with_beside(found, **said)
            elif not amazon.is_total(found):
                ordinal = self._ordinals.get(number)
                yield number, with_beside(found, **said, ordinal=ordinal)

    def _json(self) -> Told:
        for number, row in enumerate(self._objects, start=1):
            try:
                check_row(row)
                yield number, awin.kept_of(row)
            except MalformedNotice as error:
                yield number, error

    def _look_at_amazon(self, table: Table) -> None:
        amazon.check_signs(table.header, self.currency)
        self._ordinals = amazon.ordinals(
            (n, row) for n, row in self._told() if isinstance(row, dict)
        )
        sheet = _from_sheet(table, self.network)
        self.row_count -= amazon.check_total(
            with_beside(row, currency=self.currency)
            for _n, row in sheet
            if isinstance(row, dict)
        )
        if not self.row_count:
            raise FileUnreadable(_("The file has no rows below its headings."))


def _takes_back(row: Row) -> bool:
    return isinstance(row.report, RefundReport)


def _table_of(network: Network, content: bytes) -> Table:
    sheet = _SHEETS[network.adapter]
    table = read_table(
        content, known=sheet.needed, named=sheet.named, shown=sheet.shown
    )
    if table.encoding == "GB18030" and network.adapter in _WITHOUT_GB18030:
        raise FileUnreadable(_("The file is not in UTF-8. Save it as CSV in UTF-8."))
    return table


def _from_sheet(table: Table, network: Network) -> Told:
    payload_of = _SHEETS[network.adapter].payload_of
    width = len(table.header)
    for number, cells in table.rows:
        if any(cell.strip() for cell in cells[width:]):
            # Somebody forgot to quote a comma, and what follows has moved.
            yield number, MalformedNotice("columns")
            continue
        named = zip(table.header, cells, strict=False)
        row = {name: cell for name, cell in named if name and cell.strip()}
        try:
            check_row(row)
            yield number, payload_of(row)
        except MalformedNotice as error:
            yield number, error
