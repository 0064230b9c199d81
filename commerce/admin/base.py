from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from commerce.admin.paging import NEWEST_FIRST, BoundedPaginator, EndlessChangeList
from commerce.exceptions import CommerceError
from users.models import User


# Any: the rows of admins differ, and Django's own hooks are untyped here.
class CommerceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Looks like the others, and never counts a whole table: what is ordered by its key
    has no last page, what is not is counted to a thousand."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    list_per_page = 50

    @property
    def is_endless(self) -> bool:
        return self.ordering == NEWEST_FIRST

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        if self.is_endless:
            return EndlessChangeList
        return super().get_changelist(request, **kwargs)

    def get_sortable_by(self, request: HttpRequest) -> Any:  # noqa: ANN401  Django's own is many things
        """By what has no index of its own nothing long is sorted."""
        return () if self.is_endless else super().get_sortable_by(request)


class StoryAdmin(CommerceAdmin):
    """Has a page of its own instead of a form; nothing is edited on it."""

    actions_on_bottom = True  # without actions the list would carry an inline style

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def story_rows(self, request: HttpRequest) -> QuerySet[Any]:
        """With what the page of one reads, which is mostly what its line does."""
        rows, related = self.get_queryset(request), self.list_select_related
        return rows if isinstance(related, bool) else rows.select_related(*related)

    def story(self, request: HttpRequest, row: Any) -> HttpResponse:  # noqa: ANN401
        """The page of one row, of each admin's own model."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        pk = primary_key(object_id)
        row = self.story_rows(request).filter(pk=pk).first() if pk else None
        if row is None:
            return self.missing(request, object_id)
        return self.story(request, row)

    def story_page(
        self,
        request: HttpRequest,
        row: Model | None,
        template: str,
        title: str,
        **more: Any,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "original": row,
            "media": self.media,
            **more,
        }
        return TemplateResponse(request, template, context)

    def missing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """As Django answers in its own pages."""
        told = _("There is no %(name)s “%(key)s”.")
        name = self.opts.verbose_name
        messages.warning(request, told % {"name": name, "key": object_id[:20]})
        return redirect("admin:index")


class ReadOnlyAdmin(CommerceAdmin):
    """What is only appended, or written by others: to be looked at."""

    actions = None
    actions_on_bottom = True

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


def primary_key(text: str) -> int | None:
    """An id from an address; None for what no row can have."""
    return int(text) if text.isdecimal() and len(text) <= 18 else None


def who(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def posted(request: HttpRequest, name: str) -> str:
    """A field as PostgreSQL can keep it; Django's own forms refuse NUL."""
    return str(request.POST.get(name, "")).replace("\0", "").strip()


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
