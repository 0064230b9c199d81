"""What makes, changes, saves and takes away a pin."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from pinboard.actions.board_events import ADDED, REMOVED, note, note_all
from pinboard.actions.indexing import index_pin, tags_by_pin
from pinboard.actions.locking import locked
from pinboard.actions.notifications import notify
from pinboard.actions.pictures import intake, refresh_publicity, try_again
from pinboard.actions.point_copies import copy_points
from pinboard.actions.quotas import check_quota
from pinboard.actions.tags import copy_tags, retag, write_tags
from pinboard.exceptions import NotInTrash, NotYoursToMove, PinNotReady
from pinboard.models import (
    Board,
    Notification,
    Picture,
    Pin,
    PinFetchJob,
    PinState,
    Product,
)
from pinboard.models.pin import NextPlace, filled_by, oldest_in_trash
from pinboard.signals import pin_product_changed, pin_published
from pinboard.sources.guard import check_form

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def pin_upload(
    *,
    by: User,
    board: Board,
    content: bytes,
    title: str = "",
    description: str = "",
    alt: str = "",
    tags: Sequence[str] = (),
    product: Product | None = None,
    source_url: str = "",
) -> Pin:
    """Pin a picture from one's own machine. Raises a PictureRefused.

    The pin is ready at once where these bytes were pinned before.
    """
    lock_boards(board)
    pin = _create(
        board=board,
        pinner=by,
        picture=intake(content),
        product=product,
        title=title,
        description=description,
        alt=alt,
        tags=tags,
        source_url=source_url,
    )
    publish_if_ready(pin)
    return pin


@transaction.atomic
def pin_picture(
    *,
    by: User,
    board: Board,
    picture: Picture,
    title: str = "",
    description: str = "",
    alt: str = "",
    tags: Sequence[str] = (),
    product: Product | None = None,
    source_url: str = "",
) -> Pin:
    """Pin a picture that was taken in before; nothing is read again."""
    lock_boards(board)
    pin = _create(
        board=board,
        pinner=by,
        picture=picture,
        product=product,
        title=title,
        description=description,
        alt=alt,
        tags=tags,
        source_url=source_url,
    )
    _wait_again(pin, picture)
    return pin


@transaction.atomic
def pin_address(
    *,
    by: User,
    board: Board,
    url: str,
    title: str = "",
    description: str = "",
    alt: str = "",
    tags: Sequence[str] = (),
    product: Product | None = None,
) -> Pin:
    """Pin what an address shows; a worker reads it.

    Raises AddressRefused for what its form alone forbids, and FetchQuotaReached.
    """
    check_form(url)
    check_quota(by)
    pin = _create(
        board=board,
        pinner=by,
        product=product,
        title=title,
        description=description,
        alt=alt,
        tags=tags,
        source_url=url,
    )
    PinFetchJob.objects.create(pin=pin).hint()
    return pin


@transaction.atomic
def save_pin(*, pin: Pin, board: Board, by: User) -> Pin:
    """Put somebody's pin on one's own board. Raises PinNotReady.

    The copy is ready at once and lives on when the pin it came from is gone.
    """
    copy = add_copy(pin=pin, board=board, pinner=by, by=by)
    if board.is_public:  # what comes of a secret board is told to nobody
        notify(recipient=pin.pinner, kind=Notification.Kind.SAVE, actor=by, pin=pin)
    return copy


@transaction.atomic
def add_copy(*, pin: Pin, board: Board, pinner: User, by: User) -> Pin:
    """A copy with its lineage, whose pinner it is from now on; in the board's history
    it was `by` who put it there. Raises PinNotReady."""
    if pin.state != PinState.READY:
        raise PinNotReady
    lock_boards(board)
    copy = _create(
        by=by,
        board=board,
        pinner=pinner,
        picture=pin.picture,
        product=pin.product,
        title=pin.title,
        description=pin.description,
        alt=pin.alt,
        alt_author_id=pin.alt_author_id,
        source_url=pin.source_url,
        via=pin,
        via_pinner=pin.pinner,
        origin_pinner=pin.origin_pinner or pin.pinner,
    )
    copy_points([copy])
    copy_tags([copy])
    Pin.objects.filter(pk=pin.pk).update(save_count=F("save_count") + 1)
    _publish(copy)
    return copy


@transaction.atomic
def edit_pin(
    *,
    pin: Pin,
    by: User,
    title: str,
    description: str,
    alt: str,
    board: Board,
    tags: Sequence[str] | EllipsisType = ...,
    product: Product | EllipsisType | None = ...,
) -> Pin:
    """Change the words, the board, the tags or the product; `...` leaves one of these
    two alone. Raises NotYoursToMove."""
    # Where it is now, for the form has written the new board on its instance.
    lock_boards(board, *Board.objects.filter(pins=pin.pk))
    mine = locked(Pin.objects.editable_by(by).select_for_update(of=["self"]), pin)
    before, shown = mine.board, mine.product_id
    if alt != mine.alt:
        mine.alt_author = None  # whose words these are no longer
    if before != board and not Pin.objects.movable_by(by).filter(pk=mine.pk).exists():
        raise NotYoursToMove
    mine.title, mine.description, mine.alt, mine.board = title, description, alt, board
    if product is not ...:
        mine.product = product
    if mine.product_id != shown:
        # A lineage is of one product: this is the first pin of another.
        mine.origin_pinner = None
    if before != board:
        mine.section, mine.place = None, NextPlace()
    mine.save()
    if tags is not ... and list(tags) != tags_by_pin([mine])[mine.pk]:
        retag([mine], {mine.pk: tags}, by=by)
    else:
        index_pin(mine)
    if before != board:
        _move_count(mine, before, board)
        note_all([(before, mine, REMOVED), (board, mine, ADDED)], by=by)
    if mine.product_id != shown:
        pin_product_changed.send(sender=Pin, pin=mine)
    return mine


@transaction.atomic
def delete_pin(*, pin: Pin, by: User) -> None:
    """Into the trash, for 30 days. Copies that others saved are theirs and stay."""
    lock_boards(pin.board)
    mine = locked(Pin.objects.editable_by(by).select_for_update(of=["self"]), pin)
    put_away(mine, by=by)


def put_away(mine: Pin, *, by: User) -> None:
    """A pin that the caller has locked, with its board."""
    mine.deleted_at = timezone.now()
    mine.save(update_fields=["deleted_at"])
    note(mine.board, mine, REMOVED, by=by)
    if mine.state == PinState.READY:
        _count(mine.board, -1)
    if mine.picture:
        refresh_publicity(mine.picture)


@transaction.atomic
def restore_pin(*, pin: Pin, by: User) -> Pin:
    """Out of the trash, as it was. Raises NotInTrash once 30 days are over."""
    lock_boards(pin.board)
    mine = (
        Pin.objects.select_for_update(of=["self"])
        .filter(filled_by(by), pk=pin.pk, board__deleted_at=None)
        .first()
    )
    if mine is None or (mine.deleted_at and mine.deleted_at < oldest_in_trash()):
        raise NotInTrash
    if mine.deleted_at is None:
        return mine  # a second click on Undo
    mine.deleted_at = None
    mine.save(update_fields=["deleted_at"])
    note(mine.board, mine, ADDED, by=by)
    if mine.state == PinState.READY:
        _count(mine.board, +1)
        _show(mine)
    else:
        publish_if_ready(mine)
    return mine


@transaction.atomic
def retry_pin(*, pin: Pin, by: User) -> Pin:
    """Try a failed pin again. Raises FetchQuotaReached where its address is read."""
    mine = locked(Pin.objects.editable_by(by).select_for_update(of=["self"]), pin)
    if mine.state != PinState.FAILED:
        return mine
    mine.state, mine.error_code = PinState.PROCESSING, ""
    mine.save(update_fields=["state", "error_code"])
    if mine.picture:
        _wait_again(mine, mine.picture)
    else:
        check_quota(by)
        job = PinFetchJob.objects.get(pin=mine)
        job.reopen()
        job.hint()
    return mine


@transaction.atomic
def publish_pins_of(picture: Picture) -> None:
    """The picture is ready, so are the pins that waited for it."""
    waiting = Pin.objects.filter(picture=picture, state=PinState.PROCESSING)
    lock_boards(*Board.objects.filter(pins__in=waiting).distinct())
    for pin in waiting.filter(deleted_at=None).select_related("board").order_by("pk"):
        _publish(pin)
    # Those in the trash are published when they come out of it.


@transaction.atomic
def fail_pins_of(picture: Picture, code: str) -> None:
    waiting = Pin.objects.filter(picture=picture, state=PinState.PROCESSING)
    for pin in waiting.select_related("pinner").order_by("pk"):
        fail_pin(pin, code)


@transaction.atomic
def fail_pin(pin: Pin, code: str) -> None:
    """Tell the pinner, who alone sees the pin, what went wrong (`sentence_of`)."""
    failed = Pin.objects.filter(pk=pin.pk, state=PinState.PROCESSING).update(
        state=PinState.FAILED, error_code=code
    )
    if failed:
        pin.state, pin.error_code = PinState.FAILED, code
        if not pin.is_imported:  # a hundred of them are one report
            notify(recipient=pin.pinner, kind=Notification.Kind.PIN_FAILED, pin=pin)


def _create(
    *, by: User | None = None, tags: Sequence[str] = (), **fields: Any
) -> Pin:  # columns of all types
    pin = Pin.objects.create(**fields)
    write_tags({pin.pk: tags})
    note(pin.board, pin, ADDED, by=by or pin.pinner)
    return pin


def publish_if_ready(pin: Pin) -> None:
    """A pin whose picture became ready while it waited elsewhere."""
    if pin.picture and pin.picture.is_ready:
        _publish(pin)


def _publish(pin: Pin) -> None:
    """Once: of two callers the second finds nothing to do."""
    moved = Pin.objects.filter(pk=pin.pk, state=PinState.PROCESSING).update(
        state=PinState.READY, error_code=""
    )
    if not moved:
        return
    pin.state, pin.error_code = PinState.READY, ""
    index_pin(pin)
    _count(pin.board, +1)
    _show(pin)
    pin_published.send(sender=Pin, pin=pin)


def _show(pin: Pin) -> None:
    # A public picture stays so; waiting for its lock would hold up popular pictures.
    if pin.picture and pin.board.is_public and not pin.picture.is_public:
        refresh_publicity(pin.picture)


def _wait_again(pin: Pin, picture: Picture) -> None:
    locked = Picture.objects.select_for_update(no_key=True).get(pk=picture.pk)
    if locked.is_ready:
        _publish(pin)
    else:
        try_again(locked)


def _move_count(pin: Pin, before: Board, after: Board) -> None:
    if pin.state == PinState.READY:
        _count(before, -1)
        _count(after, +1)
    if pin.picture:
        refresh_publicity(pin.picture)


def _count(board: Board, step: int) -> None:
    """`updated_at` too: the composer offers the board used last first."""
    # A count that has drifted must not make a pin undeletable.
    count = Greatest(F("pin_count") + step, 0)
    Board.objects.filter(pk=board.pk).update(pin_count=count, updated_at=timezone.now())


def lock_boards(*boards: Board) -> None:
    """Before any picture, and in one order, so that no two actions wait in a ring."""
    keys = sorted({board.pk for board in boards})
    list(
        Board.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    )
