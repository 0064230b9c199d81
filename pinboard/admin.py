"""The admin of boards, pins and shops: to look things up, and to take things down.

What changes more than one row goes through the actions, as on the site.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pinboard.actions.boards import delete_board
from pinboard.actions.pins import delete_pin
from pinboard.actions.social import delete_comment
from pinboard.models import (
    Board,
    Comment,
    ExchangeRate,
    Picture,
    Pin,
    Product,
    Shop,
    Visibility,
)


class LookUp(admin.ModelAdmin):  # type: ignore[type-arg]  # of any model
    """Rows that people make on the site: nobody adds or deletes them here."""

    secrecy = ""  # the field that says whether the row is its owner's alone

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Secret boards and what is on them are no more for staff than for others."""
        rows = super().get_queryset(request)
        if not self.secrecy:
            return rows
        return rows.exclude(**{self.secrecy: Visibility.SECRET})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: object | None = None
    ) -> bool:
        return False

    def get_readonly_fields(
        self, request: HttpRequest, obj: object | None = None
    ) -> list[str]:
        return [field.name for field in self.model._meta.fields]


@admin.register(Board)
class BoardAdmin(LookUp):
    secrecy = "visibility"
    list_display = ["title", "owner", "visibility", "pin_count", "created_at"]
    list_filter = ["visibility", ("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["title", "owner__username"]
    list_select_related = ["owner"]
    exclude = ["search", "link_key"]
    actions = ["take_down"]

    @admin.action(description=_("Take the chosen boards down"), permissions=["change"])
    def take_down(self, request: HttpRequest, queryset: QuerySet[Board]) -> None:
        for board in queryset.filter(deleted_at=None).select_related("owner"):
            delete_board(board=board, by=board.owner)


@admin.register(Pin)
class PinAdmin(LookUp):
    secrecy = "board__visibility"
    list_display = ["pk", "title", "pinner", "board", "state", "created_at"]
    list_filter = ["state", ("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["title", "pinner__username", "source_url"]
    list_select_related = ["pinner", "board"]
    exclude = ["search"]
    actions = ["take_down"]
    show_full_result_count = False  # a count of all pins is what the site never does

    @admin.action(description=_("Take the chosen pins down"), permissions=["change"])
    def take_down(self, request: HttpRequest, queryset: QuerySet[Pin]) -> None:
        for pin in queryset.filter(deleted_at=None).select_related("board__owner"):
            delete_pin(pin=pin, by=pin.board.owner)


@admin.register(Comment)
class CommentAdmin(LookUp):
    secrecy = "pin__board__visibility"
    list_display = ["text", "author", "pin", "created_at"]
    list_filter = [("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["text", "author__username"]
    list_select_related = ["author", "pin"]
    actions = ["take_down"]
    show_full_result_count = False

    @admin.action(
        description=_("Take the chosen comments down"), permissions=["change"]
    )
    def take_down(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        for comment in queryset.filter(deleted_at=None).select_related("author"):
            delete_comment(comment=comment, by=comment.author)


@admin.register(Shop)
class ShopAdmin(admin.ModelAdmin[Shop]):
    list_display = ["name", "host", "owner", "verified_at", "follower_count"]
    list_filter = [("verified_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "slug", "host", "owner__username"]
    list_select_related = ["owner"]
    autocomplete_fields = ["owner"]
    readonly_fields = ["slug", "board", "verified_at", "follower_count", "created_at"]
    actions = ["verify"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Shop | None = None
    ) -> bool:
        return False

    @admin.action(description=_("Their domain is proved"), permissions=["change"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Shop]) -> None:
        queryset.filter(verified_at=None).exclude(host="").update(
            verified_at=timezone.now()
        )


@admin.register(Product)
class ProductAdmin(LookUp):
    list_display = ["title", "shop", "price_minor", "currency", "price_at"]
    list_filter = ["availability", ("removed_at", admin.EmptyFieldListFilter)]
    search_fields = ["title", "sku", "gtin", "shop__name"]
    list_select_related = ["shop"]
    exclude = ["search"]
    show_full_result_count = False


@admin.register(Picture)
class PictureAdmin(LookUp):
    list_display = ["pk", "media_type", "width", "height", "is_ready", "is_public"]
    list_filter = ["is_ready", "is_public"]
    exclude = ["name"]  # whoever knows a name can load the file
    show_full_result_count = False


@admin.register(ExchangeRate)
class ExchangeRateAdmin(admin.ModelAdmin[ExchangeRate]):
    """A rate of a day stays as it was; that of another day is another row."""

    list_display = ["day", "base", "rate", "quote", "source"]
    list_display_links = ["day", "base"]
    list_filter = ["base", "quote"]
    date_hierarchy = "day"
    ordering = ["-day", "base", "quote"]
