"""What the pinboard does when the room below it tells a fact."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from pinboard.actions.erasure import erase_person
from users.models import User
from users.signals import account_closed


@receiver(account_closed)
def erase_what_they_left(user: User, **_: Any) -> None:  # what Django's signals add
    erase_person(user=user)
