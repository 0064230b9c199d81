"""Lists of any length, a page at a time: none of them is counted, and the millionth row
is as near as the first."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

COUNTED_UP_TO = 1000
NEWEST_FIRST = ["-pk"]
OLDER, NEWER = "older", "newer"


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # any row
    """Counts to a thousand; who wants what lies behind searches."""

    @cached_property
    def count(self) -> int:  # type: ignore[override]  # theirs is a cached one too
        rows: Any = self.object_list  # a queryset or a list
        if isinstance(rows, QuerySet):
            return rows[:COUNTED_UP_TO].count()
        return super().count

    @property
    def may_have_more(self) -> bool:
        return self.count == COUNTED_UP_TO


class EndlessChangeList(ChangeList):
    """From the newest row on, by its key: Django's own parameter for the page says
    `older-17` (what is older than row 17) or `newer-17`."""

    is_endless = True
    newer_url = ""
    older_url = ""

    def get_ordering(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> list[Any]:  # Any: rows of any model, as Django types them
        return list(NEWEST_FIRST)

    def get_results(self, request: HttpRequest) -> None:
        turn, _, key = request.GET.get(PAGE_VAR, "").partition("-")
        rows = self._page(turn, key)
        if turn == NEWER and len(rows) < self.list_per_page:  # that is the first page
            turn, rows = "", self._page("", "")
        has_more = len(rows) > self.list_per_page
        rows = rows[: self.list_per_page]
        if turn == NEWER:
            rows.reverse()
        self.result_list = rows  # type: ignore[assignment]  # a page of Django's is none
        self.result_count = len(rows)
        self.full_result_count = None
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = True
        self.paginator = BoundedPaginator(rows, self.list_per_page)
        if turn == OLDER or (turn == NEWER and has_more):
            self.newer_url = self._turned(NEWER, rows[0].pk if rows else None)
        if rows and (turn == NEWER or has_more):
            self.older_url = self._turned(OLDER, rows[-1].pk)

    def _page(self, turn: str, key: str) -> list[Any]:
        """One row more than is shown tells whether there are more."""
        rows = self.queryset
        if turn in (OLDER, NEWER):
            try:
                bound = self.model._meta.pk.to_python(key)
            except ValidationError as error:
                raise IncorrectLookupParameters from error
            if isinstance(bound, int) and not 0 <= bound < 1 << 63:
                raise IncorrectLookupParameters
            rows = rows.filter(pk__lt=bound) if turn == OLDER else rows
            rows = rows.filter(pk__gt=bound).order_by("pk") if turn == NEWER else rows
        return list(rows[: self.list_per_page + 1])

    def _turned(self, turn: str, key: object) -> str:
        return self.get_query_string({PAGE_VAR: f"{turn}-{key}"} if key else {})
