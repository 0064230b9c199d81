"""Months of statements, cut in the site's own time zone."""

from __future__ import annotations

from datetime import date, datetime, time

from django.utils import timezone


def next_month(month: date) -> date:
    year, number = divmod(month.year * 12 + month.month, 12)
    return date(year, number + 1, 1)


def bounds(month: date) -> tuple[datetime, datetime]:
    """Its first moment, and the first one after it."""
    first, after = month.replace(day=1), next_month(month)
    return _midnight(first), _midnight(after)


def _midnight(day: date) -> datetime:
    zone = timezone.get_default_timezone()
    return datetime.combine(day, time(), tzinfo=zone)
