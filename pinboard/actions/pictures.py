"""What takes pictures in, shows them to the public, and takes them back.

Locks are taken in one order everywhere: boards, then pictures.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from pinboard.models import Avatar, JobState, Picture, Pin, Product, RenditionJob
from pinboard.pictures import storage
from pinboard.pictures.header import read_header
from pinboard.pictures.names import PRIVATE, copies_of, name_of, upload_of

if TYPE_CHECKING:
    from users.models import User

log = logging.getLogger(__name__)


@transaction.atomic
def intake(content: bytes) -> Picture:
    """The picture of these bytes, made when they are new. Raises a PictureRefused.

    Only the header is read here. The row stays locked until the caller's transaction
    ends, so that a pin can neither miss the picture's becoming ready nor lose it to
    the sweeper.
    """
    header = read_header(content)
    picture, is_new = Picture.objects.select_for_update(no_key=True).get_or_create(
        sha256=hashlib.sha256(content).hexdigest(),
        defaults={
            "name": name_of(content),
            "media_type": header.media_type,
            "byte_size": len(content),
            "width": header.width,
            "height": header.height,
            "is_animated": header.frames > 1,
        },
    )
    if picture.is_ready:
        return picture
    if not default_storage.exists(upload_of(picture)):
        storage.put(upload_of(picture), content)
    if is_new:
        RenditionJob.objects.create(picture=picture).hint()
    else:
        try_again(picture)
    return picture


def try_again(picture: Picture) -> None:
    """Start a failed job anew; one that still runs is left alone."""
    job = RenditionJob.objects.get(picture=picture)
    if job.state == JobState.FAILED:
        job.reopen()
        job.hint()


@transaction.atomic
def refresh_publicity(picture: Picture) -> None:
    """Copy the picture to its public name, or take that away, as who shows it asks."""
    locked = Picture.objects.select_for_update(no_key=True).get(pk=picture.pk)
    wanted = locked.is_ready and is_shown_to_all(locked)
    if wanted and not locked.is_public:
        wanted = _copied_to_public(locked)
    elif locked.is_public and not wanted:
        transaction.on_commit(partial(_take_public_copies_away, [locked.pk]))
    if wanted != locked.is_public:
        locked.is_public = wanted
        locked.save(update_fields=["is_public"])
    picture.is_public = wanted


def wrongly_hidden_or_shown() -> QuerySet[Picture]:
    this = {"picture": OuterRef("pk")}
    shown = (
        Exists(Pin.objects.public().filter(**this))
        | Exists(Product.objects.filter(**this, removed_at=None))
        | Exists(Avatar.objects.filter(**this))
    )
    return Picture.objects.filter(
        Q(shown, is_public=False) | Q(~shown, is_public=True), is_ready=True
    )


@transaction.atomic
def refresh_those_of(pins: Iterable[Pin]) -> None:
    """As `refresh_publicity`, for the pictures of many pins at once."""
    wrong = wrongly_hidden_or_shown().filter(pk__in={pin.picture_id for pin in pins})
    rows = list(wrong.select_for_update(no_key=True, of=["self"]).order_by("pk"))
    hidden = [row.pk for row in rows if row.is_public]
    shown = [row.pk for row in rows if not row.is_public and _copied_to_public(row)]
    Picture.objects.filter(pk__in=hidden).update(is_public=False)
    Picture.objects.filter(pk__in=shown).update(is_public=True)
    transaction.on_commit(partial(_take_public_copies_away, hidden))


def is_shown_to_all(picture: Picture) -> bool:
    return (
        Pin.objects.public().filter(picture=picture).exists()
        or Product.objects.filter(picture=picture, removed_at=None).exists()
        or Avatar.objects.filter(picture=picture).exists()
    )


@transaction.atomic
def set_avatar(*, user: User, content: bytes) -> Avatar:
    """Choose a picture for the profile. Until it is ready the old one stays."""
    before = Picture.objects.filter(avatar__user=user).first()
    picture = intake(content)
    avatar, _ = Avatar.objects.update_or_create(
        user=user, defaults={"picture": picture}
    )
    if picture.is_ready:
        show_avatars_of(picture)
        user.refresh_from_db(fields=["avatar_path"])
    if before and before != picture:
        refresh_publicity(before)
    return avatar


def show_avatars_of(picture: Picture) -> None:
    """A ready picture appears on the profiles of those who chose it."""
    avatars = Avatar.objects.filter(picture=picture).select_related("user")
    for avatar in avatars:
        refresh_publicity(picture)
        avatar.user.avatar_path = picture.renditions[0].path
        avatar.user.save(update_fields=["avatar_path"])


def _copied_to_public(picture: Picture) -> bool:
    try:
        for path in copies_of(picture):
            storage.copy(PRIVATE + path, path)
    except FileNotFoundError:
        # A lost file must not keep anybody from changing a board.
        log.exception("picture %s is ready, but a file of it is gone", picture.pk)
        return False
    return True


@transaction.atomic
def _take_public_copies_away(picture_pks: Sequence[int]) -> None:
    """Once committed, and under the lock: a new public pin may have come meanwhile."""
    hidden = Picture.objects.select_for_update(no_key=True).filter(
        pk__in=picture_pks, is_public=False
    )
    for picture in hidden.order_by("pk"):
        for path in copies_of(picture):
            storage.delete(path)
