from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class AccountStays(Exception):
    """Who has a part in running the site hands it over first."""

    for_user: str | Promise = _(
        "You are staff. Ask an administrator to take that from you first."
    )
