"""Who sits at an open screen is asked for the password again."""

from __future__ import annotations

from django.contrib.auth import authenticate
from django.http import HttpRequest


def is_own_password(request: HttpRequest, password: str) -> bool:
    """Through the backends, so that wrong guesses lock the account as at log-in."""
    name = request.user.get_username()
    found = authenticate(request, username=name, password=password)
    return found is not None and found.pk == request.user.pk
