from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from ninja import Router

from commerce.earnings import clicks_of, commissions_of, shares_shown, totals_of
from commerce.models import Commission
from commerce.words import own_word
from config.api.auth import earner, user_of
from config.api.bodies import is_storable
from config.api.pages import REFUSALS
from config.api.schemas import (
    Clicks,
    CommissionOut,
    EarningsOut,
    PageOut,
    ShareOut,
    Totals,
)
from config.api.shapes import absolute
from pinboard.discovery.keyset import page_of
from users.models import User

router = Router(tags=["earnings"])


@router.get("/earnings", auth=earner, response={200: EarningsOut, **REFUSALS})
def earnings(request: HttpRequest) -> EarningsOut:
    """What the token's owner earned: by currency and state, in minor units."""
    user = user_of(request)
    return EarningsOut(
        totals=[Totals.model_validate(total) for total in totals_of(user)],
        clicks=Clicks(**clicks_of(user)),
    )


@router.get(
    "/commissions", auth=earner, response={200: PageOut[CommissionOut], **REFUSALS}
)
def commissions(
    request: HttpRequest, order_id: str | None = None, cursor: str | None = None
) -> PageOut[CommissionOut]:
    """One's own commissions, and those that one's own shop owes; newest first."""
    user = user_of(request)
    rows = commissions_of(user)
    if order_id is not None:
        is_possible = is_storable(order_id)
        rows = rows.filter(line__order_id=order_id) if is_possible else rows.none()
    page = page_of(rows, cursor)
    return PageOut[CommissionOut](
        items=[_out(commission, user) for commission in page.items],
        next=page.next_cursor,
    )


def _out(commission: Commission, reader: User) -> CommissionOut:
    line = commission.line
    own = [s for s in commission.shares.all() if s.party_id == reader.pk]
    return CommissionOut(
        id=str(commission.public_id),
        url=absolute(
            reverse("commerce:commission-detail", args=[commission.public_id])
        ),
        order_id=line.order_id,
        line_id=line.line_id,
        state=commission.state,
        word=own_word(commission, own),
        currency=commission.currency,
        rate_bp=commission.rate_bp,
        gross_minor=commission.gross_minor,
        fee_minor=commission.fee_minor,
        net_minor=commission.net_minor,
        return_reason=commission.return_reason,
        shares=[
            ShareOut(
                role=share.role,
                person=name,
                bp=share.bp,
                amount_minor=share.amount_minor,
            )
            for share, name in shares_shown(commission, reader)
        ],
        created_at=line.created_at,
    )
