"""Mails that people ask us to send."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from pinboard.models import BoardInvitation


def mail_invitation(invitation: BoardInvitation) -> None:
    """In the site's own language: nobody knows that of the address yet."""
    board, asker = invitation.board, invitation.created_by
    facts = {"name": str(asker), "board": board.title}
    words = {
        "invitation": invitation,
        "board": board,
        "asker": asker,
        "url": settings.SITE_URL + invitation.get_absolute_url(),
    }
    subject = _("%(name)s asks you to share the board “%(board)s”") % facts
    text = render_to_string("pinboard/mail_invitation.txt", words)
    EmailMessage(" ".join(subject.split()), text, to=[invitation.email]).send()
