"""What the pinboard does when the room below it, or Django, tells a fact."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from pinboard.actions.erasure import erase_person
from pinboard.views.basket_keeping import bring_to_account
from users.models import User
from users.signals import account_closed


@receiver(account_closed)
def erase_what_they_left(user: User, **_: Any) -> None:  # what Django's signals add
    erase_person(user=user)


@receiver(user_logged_in)
def keep_their_basket(request: HttpRequest, user: User, **_: Any) -> None:
    bring_to_account(request.session, user)
