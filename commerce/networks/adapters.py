"""The adapter of each network, by the name in its row."""

from __future__ import annotations

from commerce.models import Network
from commerce.networks.amazon import AmazonAdapter
from commerce.networks.awin import AwinAdapter
from commerce.networks.base import Adapter, Payload, Report
from commerce.networks.cj import CjAdapter
from commerce.networks.direct import DirectAdapter
from commerce.networks.jd import JdAdapter
from commerce.networks.pinduoduo import PinduoduoAdapter
from commerce.networks.statement_rows import is_statement_row, read_statement_row
from commerce.networks.taobao import TaobaoAdapter

_ADAPTERS: dict[str, Adapter] = {
    Network.Adapter.DIRECT: DirectAdapter(),
    Network.Adapter.TAOBAO: TaobaoAdapter(),
    Network.Adapter.JD: JdAdapter(),
    Network.Adapter.PDD: PinduoduoAdapter(),
    Network.Adapter.AWIN: AwinAdapter(),
    Network.Adapter.CJ: CjAdapter(),
    Network.Adapter.AMAZON: AmazonAdapter(),
}
# Networks that return a number of the link's, by which its clicks are found.
WITH_SUB_IDS = (Network.Adapter.TAOBAO, Network.Adapter.JD, Network.Adapter.PDD)


def read_report(network: Network, payload: Payload) -> Report:
    if is_statement_row(payload):
        return read_statement_row(payload)
    return _ADAPTERS[network.adapter].read(payload)


def click_parameters(
    *, adapter: str, parameter: str, click_ref: str, sub_id: str | None
) -> dict[str, str]:
    return _ADAPTERS[adapter].click_parameters(
        parameter=parameter, click_ref=click_ref, sub_id=sub_id
    )
