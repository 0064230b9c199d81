"""One case for reviewers to decide: a burst of clicks on a pin of somebody who is paid
to the same place as somebody else."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from commerce.actions.risk import look_for_risk
from commerce.models import Click, PayoutAccount, RateCard, TrackingLink
from config.demo.stage import Stage

CLICKS = 14
NETWORK = "203.0.113.0/24"  # kept free for examples


def make_case(stage: Stage) -> None:
    jonas, noor = stage.people["jonas"], stage.people["noor"]
    link = TrackingLink.objects.live().filter(beneficiary=jonas).order_by("pk").first()
    if link is None:  # a small catalogue
        return
    number = PayoutAccount.objects.get(user=jonas).number
    PayoutAccount.objects.filter(user=noor).update(number=number)
    Click.objects.bulk_create(_burst_on(link, stage))
    look_for_risk()


def _burst_on(link: TrackingLink, stage: Stage) -> list[Click]:
    minute = (timezone.now() - timedelta(days=1)).replace(second=0, microsecond=0)
    card = RateCard.objects.rate_for(link.programme, link.product)
    return [
        Click(
            link=link,
            programme=link.programme,
            beneficiary_id=link.beneficiary_id,
            originator_id=link.originator_id,
            beneficiary_is_originator=link.beneficiary_is_originator,
            occurred_at=minute + timedelta(seconds=3 * number),
            visitor_key=f"{stage.chance.getrandbits(128):032x}",
            is_qualified=True,
            rate_card=card,
            rate_bp=card.rate_bp if card else 0,
            ip_prefix=NETWORK,
            ua_family="Chrome",
        )
        for number in range(CLICKS)
    ]
