"""Orders that name nobody, and shoppers who say that they came by their pins."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from commerce.actions.order_claims import claim_order
from commerce.models import Click, Network
from config.demo.stage import Stage
from config.demo.trade import report_nameless

FIRST_NUMBER = 900_000  # behind those of all other orders


def make_claims(stage: Stage) -> None:
    """One with a click to show for it and one without, of the same order; and one of an
    order that nobody has reported."""
    # Whom programs drive earns by its own deeds alone.
    people = [person for person in stage.shoppers if person.username != "alice"]
    lately = timezone.now() - timedelta(days=8)
    clicks = Click.objects.filter(
        programme__network__adapter=Network.Adapter.TAOBAO,
        is_qualified=True,
        marks=[],
        occurred_at__gt=lately,
        beneficiary__in=people,
    )
    rows = clicks.select_related("link__product", "programme__network", "beneficiary")
    click = rows.order_by("occurred_at").last()
    if click is None or click.beneficiary is None:
        return
    number = report_nameless(stage, click, FIRST_NUMBER)
    claim_order(
        user=click.beneficiary,
        programme=click.programme,
        order_no=number,
        note="A friend bought it from my board and sent me the number.",
    )
    rival = next(person for person in people if person != click.beneficiary)
    for order_no in (number, f"{number[:-4]}7710"):
        claim_order(user=rival, programme=click.programme, order_no=order_no)
