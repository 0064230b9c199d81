"""The client of each network that has to be asked, by the adapter in its row."""

from __future__ import annotations

import os
from collections.abc import Callable

from django.conf import settings

from commerce.exceptions import NetworkError
from commerce.models import Network
from commerce.networks.base import Client
from commerce.networks.calls import Account
from commerce.networks.jd_client import JdClient
from commerce.networks.pdd_client import PinduoduoClient
from commerce.networks.top_client import TopClient

_CLIENTS: dict[str, Callable[[Account], Client]] = {
    Network.Adapter.TAOBAO: TopClient,
    Network.Adapter.JD: JdClient,
    Network.Adapter.PDD: PinduoduoClient,
}
POLLED = tuple(_CLIENTS)


def client_of(network: Network) -> Client:
    return _CLIENTS[network.adapter](account_of(network))


def account_of(network: Network) -> Account:
    """With the secret from the environment, where the network's row names it."""
    name = network.secret_ref
    secret = os.environ.get(name) or getattr(settings, name, "") if name else ""
    if not (network.base_url and network.app_key and secret):
        raise NetworkError(
            f"{network.code} needs an address, an app key and the variable "
            f"{name or '(unnamed)'}",
            retry=False,
            code="not_configured",
        )
    return Account(
        base_url=network.base_url,
        app_key=network.app_key,
        secret=secret,
        session=os.environ.get(f"{name}_SESSION", ""),
        options=network.poll_cfg,
    )
