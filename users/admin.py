from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from users.actions import revoke_api_token
from users.models import ApiToken, User


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    list_display = ["username", "display_name", "email", "is_staff", "is_active"]
    list_filter = ["is_staff", "is_active", "groups"]
    search_fields = ["username", "display_name", "email"]
    readonly_fields = ["last_login", "date_joined", "follower_count", "following_count"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Profile"), {"fields": ["display_name", "bio", "email"]}),
        (_("Counts"), {"fields": ["follower_count", "following_count"]}),
        (
            _("Rights"),
            {"fields": ["is_active", "is_staff", "is_superuser", "groups"]},
        ),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]

    def has_delete_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        # People close their accounts, which leaves no picture behind; who must go is
        # made inactive. The question before a deletion would list what is theirs alone.
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """To see which keys there are and to take them back; only people make them."""

    list_display = [
        "user",
        "name",
        "prefix",
        "created_at",
        "last_used_at",
        "revoked_at",
    ]
    list_filter = ["revoked_at"]
    search_fields = ["user__username", "name", "prefix"]
    list_select_related = ["user"]
    actions = ["revoke"]
    exclude = ["digest"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: ApiToken | None = None
    ) -> bool:
        # The list needs it for its action; a single token is read-only.
        return obj is None and super().has_change_permission(request, obj)

    @admin.action(description=_("Revoke the chosen tokens"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            revoke_api_token(token=token)
