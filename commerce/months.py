"""Months of the site's calendar, as addresses name them: 2026-11."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils import timezone

_NAME = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class CalendarMonth:
    starts_on: date

    @classmethod
    def of(cls, day: date) -> CalendarMonth:
        return cls(day.replace(day=1))

    @classmethod
    def named(cls, name: str) -> CalendarMonth | None:
        """None for what names no month that has begun."""
        if not (found := _NAME.fullmatch(name)):
            return None
        month = cls(date(int(found[1]), int(found[2]), 1))
        return month if month.starts_on <= timezone.localdate() else None

    def __str__(self) -> str:
        return f"{self.starts_on:%Y-%m}"

    def earlier(self, months: int = 1) -> CalendarMonth:
        count = self.starts_on.year * 12 + self.starts_on.month - 1 - months
        return CalendarMonth(date(count // 12, count % 12 + 1, 1))

    @property
    def begins(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.starts_on, time.min))

    @property
    def ends(self) -> datetime:
        """The first moment that is no longer of it."""
        return self.earlier(-1).begins


def last_months(count: int) -> list[CalendarMonth]:
    """The latest last: this month."""
    this = CalendarMonth.of(timezone.localdate())
    return [this.earlier(age) for age in reversed(range(count))]
