"""A shop's own till: tells the site of its sales by signed notices, as shops do."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from django.test import Client
from django.utils import timezone

from commerce.click_refs import click_ref_of
from commerce.models import PostbackKey, Programme
from tests.factories import make_programme


def make_signing_programme(**fields) -> Programme:
    """With two live keys: k1 and k2."""
    programme = make_programme(**fields)
    PostbackKey.objects.create(programme=programme, kid="k1", secret="first")
    PostbackKey.objects.create(programme=programme, kid="k2", secret="second")
    return programme


class Till:
    def __init__(self, programme, click):
        self.address = f"/commerce/postbacks/{programme.code}/"
        self.click, self.number = click, 0

    def order(self, **changes):
        self.number += 1
        body = {
            "event_id": f"e-{self.number}",
            "type": "order",
            "order_id": f"A-{self.number}",
            "line_id": f"A-{self.number}-1",
            "click_id": click_ref_of(self.click.pk),
            "status": "paid",
            "amount": "1000.00",
            "currency": "CNY",
            "occurred_at": timezone.now().isoformat(),
        } | changes
        return {name: value for name, value in body.items() if value is not None}

    def refund(self, order, refunded, **changes):
        self.number += 1
        return (
            order
            | {
                "event_id": f"e-{self.number}",
                "type": "refund",
                "refund_id": f"r-{self.number}",
                "refunded": refunded,
            }
            | changes
        )

    def sign(self, raw, *, at=0, kid="k1", secret="first"):
        moment = int(time.time()) + at
        signed = f"{moment}.".encode() + raw
        digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return f"t={moment},kid={kid},v1={digest}"

    def post(self, raw, signature=None, *, kind="application/json", address=None):
        headers = {"X-Pinboard-Signature": self.sign(raw)}
        if signature is not None:
            headers = {"X-Pinboard-Signature": signature} if signature else {}
        # Strict about CSRF, as a server is: no shop can send a token.
        client = Client(enforce_csrf_checks=True, raise_request_exception=True)
        return client.post(
            address or self.address, raw, content_type=kind, headers=headers
        )

    def send(self, body, **options):
        return self.post(self.raw(body), **options)

    @staticmethod
    def raw(body) -> bytes:
        return json.dumps(body).encode()
