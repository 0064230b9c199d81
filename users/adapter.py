"""Where allauth asks this site."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.db.models import Q
from django.http import HttpRequest

from users.addresses import is_path_of_ours
from users.models import User
from users.names import clean_username


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Fold look-alikes before the validators see them: `ＡＬＩＣＥ` is alice."""
        cleaned: str = super().clean_username(clean_username(username), shallow)
        return cleaned

    def is_safe_url(self, url: str | None) -> bool:
        """allauth's own breaks over what is no address, such as `http://[`."""
        return bool(url) and is_path_of_ours(str(url))

    def _get_login_attempts_cache_key(
        self, request: HttpRequest, **credentials: str
    ) -> str:
        """One count for an account, whichever of its names is typed: allauth would
        grant ten tries to the user name and ten more to the address."""
        typed = credentials.get("email") or credentials.get("username") or ""
        by_address = Q(email__iexact=typed) | Q(emailaddress__email__iexact=typed)
        people = User.objects.filter(Q(username__iexact=typed) | by_address)
        account = people.order_by("pk").values_list("pk", flat=True).first()
        return f"account {account}" if account and typed else f"name {typed.lower()}"

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that the first middleware found; never what a header claims."""
        return str(request.META.get("REMOTE_ADDR", ""))
