from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from commerce.exceptions import CommerceError

# Below this PostgreSQL counts faster than a person can tell.
COUNTED_UP_TO = 20_000


class EstimatingPaginator(Paginator):  # type: ignore[type-arg]  # any row
    """The number of rows of a whole large table is PostgreSQL's own estimate: counting
    clicks takes longer than reading a page of them."""

    @cached_property
    def count(self) -> int:  # type: ignore[override]  # theirs is a cached one too
        rows = self.object_list
        if not rows.query.where:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
                    [rows.model._meta.db_table],
                )
                estimate: int = cursor.fetchone()[0]
            if estimate > COUNTED_UP_TO:
                return estimate
        return len(rows) if isinstance(rows, list) else rows.count()


# Any: the rows of admins differ, and Django's own hooks are untyped here.
class CommerceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Looks like the others, and never counts a whole table."""

    show_full_result_count = False
    paginator = EstimatingPaginator
    list_per_page = 50

    class Media:
        css = {"all": ["css/admin.css"]}


class ReadOnlyAdmin(CommerceAdmin):
    """What is only appended, or written by others: to be looked at."""

    actions = None
    actions_on_bottom = True  # without any the list would carry an inline style

    def has_add_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False


def badge(word: object, kind: str) -> SafeString:
    return format_html('<span class="badge badge-{}">{}</span>', kind, word)


def attempt(
    request: HttpRequest, told: object, deed: Callable[..., object], **arguments: Any
) -> bool:
    """Do it and say so, or say why it is refused."""
    try:
        deed(**arguments)
    except CommerceError as error:
        messages.error(request, str(error.for_user))
        return False
    if told:
        messages.success(request, str(told))
    return True
