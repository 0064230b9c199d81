"""A shop's notice, from its bytes to the booking: every check in the contract's order.

What was refused has written nothing; what is answered is durable.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from commerce.actions.observations import Notice
from commerce.actions.together import observe_together
from commerce.exceptions import (
    MalformedNotice,
    NoticeNotJson,
    NoticeTooLarge,
    SignatureRefused,
)
from commerce.models import Network, Observation, Programme
from commerce.networks.adapters import read_report
from commerce.networks.base import Payload
from commerce.networks.direct import event_id_of, kept_of
from commerce.rows import from_json
from pinboard.models import Shop

MAX_BYTES = 64 * 1024
SIGNED_WITHIN_S = 300
_SIGNATURE = re.compile(
    r"\At=(?P<t>[0-9]{1,12}),kid=(?P<kid>[A-Za-z0-9_.-]{1,20}),v1=(?P<v1>[0-9a-f]{64})\Z"
)


@dataclass(frozen=True)
class Door:
    """Where the shop of a programme reports, and the secrets it may sign with."""

    programme: Programme
    secrets: dict[str, str]


def door_of(code: str) -> Door | None:
    """Also of a programme that is off: its orders of before go on being received and
    refunded."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT commerce_door(%s)", [code])
        (found,) = cursor.fetchone()
    if found is None:
        return None
    (programme,) = from_json(Programme, [found["programme"]])
    (programme.network,) = from_json(Network, [found["network"]])
    if programme.shop_id:
        owner = {"id": programme.shop_id, "owner_id": found["owner_id"]}
        (programme.shop,) = from_json(Shop, [owner])
    return Door(programme, found["secrets"] or {})


def take_notice(
    *, door: Door, media_type: str, signature: str, body: bytes
) -> Observation:
    """Book it, once. Raises a NoticeRefused."""
    if len(body) > MAX_BYTES:
        raise NoticeTooLarge
    if media_type != "application/json":
        raise NoticeNotJson
    _check_signature(door, signature, body)
    payload = _document(body)
    network = door.programme.network
    kept = kept_of(payload)  # nothing else is believed: no form of report but a shop's
    return observe_together(
        network=network,
        notice=Notice(
            Observation.Source.POSTBACK,
            read_report(network, kept),
            kept,
            event_id_of(payload),
            door.programme,
        ),
    )


def _check_signature(door: Door, signature: str, body: bytes) -> None:
    parts = _SIGNATURE.match(signature)
    if parts is None:
        raise SignatureRefused
    secret = door.secrets.get(parts["kid"])
    if secret is None:
        raise SignatureRefused
    signed = parts["t"].encode() + b"." + body
    right = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right, parts["v1"]):
        raise SignatureRefused
    if abs(timezone.now().timestamp() - int(parts["t"])) > SIGNED_WITHIN_S:
        raise SignatureRefused


def _document(body: bytes) -> Payload:
    """A JSON object in UTF-8 that can be stored as it is."""
    try:
        document = json.loads(
            body.decode("utf-8"),
            parse_constant=_refuse,
            parse_float=_finite,
            object_pairs_hook=_without_repetition,
        )
        _check_texts(document)
    except (ValueError, RecursionError) as error:
        raise MalformedNotice("body") from error
    if not isinstance(document, dict):
        raise MalformedNotice("body")
    return document


def _refuse(word: str) -> None:
    raise ValueError(word)


def _finite(text: str) -> float:
    """Money is never a number here, but a shop may send others; 1e999 fits nowhere."""
    if math.isinf(number := float(text)):
        raise ValueError(text)
    return number


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of a repeated name may read two values; one of them signed it."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name twice")
    return document


def _check_texts(value: object) -> None:
    """Neither NUL nor half a code point, which no text column can hold."""
    if isinstance(value, str):
        value.encode("utf-8")  # UnicodeEncodeError is a ValueError
        if "\0" in value:
            raise ValueError("NUL")
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_texts(name)
            _check_texts(item)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)
