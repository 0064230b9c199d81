"""How often a person may have addresses opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from pinboard.exceptions import FetchQuotaReached
from pinboard.models import PinDraft, PinFetchJob, PointReadJob
from users.models import User

HOUR = timedelta(hours=1)


def check_quota(user: User) -> None:
    """Raises FetchQuotaReached, counted from the rows themselves.

    Inside the caller's transaction, so that requests of one person take turns.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    since = timezone.now() - HOUR
    pins = PinFetchJob.objects.filter(pin__pinner=user, created_at__gt=since)
    drafts = PinDraft.objects.filter(owner=user, created_at__gt=since)
    points = PointReadJob.objects.filter(by=user, created_at__gt=since)
    times = [
        *pins.values_list("created_at", flat=True),
        *drafts.values_list("created_at", flat=True),
        *points.values_list("created_at", flat=True),
    ]
    if len(times) >= settings.FETCHES_PER_HOUR:
        raise FetchQuotaReached(retry_after_s=_seconds_until(min(times) + HOUR))


def _seconds_until(moment: datetime) -> int:
    return max(1, int((moment - timezone.now()).total_seconds()) + 1)
