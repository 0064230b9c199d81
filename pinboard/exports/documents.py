"""What an export tells in words: for programs, for spreadsheets, and for the eye.

Rows are streamed, once for each document, in a fixed number of queries.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from django.conf import settings
from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils.translation import override

from pinboard.cells import plain_cell
from pinboard.models import (
    AltProposal,
    BasketBudget,
    BasketLine,
    Board,
    Comment,
    GiftClaim,
    Like,
    Pin,
    PinPoint,
    Suggestion,
)
from pinboard.models.pin import PinQuerySet
from pinboard.prices import decimal_of, decimal_text
from users.models import User

ROWS_AT_ONCE = 500
Files = Mapping[int, str]


def exported_pins(owner: User) -> PinQuerySet:
    """One's own pins on all boards that one may see; nobody else's."""
    return Pin.objects.visible_to(owner).filter(pinner=owner)


def write_documents(
    archive: ZipFile, *, owner: User, files: Files, language: str
) -> None:
    with _text(archive, "pinboard.json") as out:
        _write_json(out, owner, files)
    with _text(archive, "pins.csv") as out:
        _write_csv(out, owner, files)
    with _text(archive, "index.html") as out, override(language):
        boards = {"boards": _by_board(owner, files), "owner": owner}
        out.write(render_to_string("pinboard/export_gallery.html", boards))


def _write_json(out: IO[str], owner: User, files: Files) -> None:
    lists = {
        "boards": map(_board, _boards(owner)),
        "pins": (_pin(pin, files) for pin in _pins(owner)),
        "comments": map(_comment, _comments(owner)),
        "likes": map(_like, _likes(owner)),
        "suggestions": map(_suggestion, _suggestions(owner)),
        "descriptions": map(_description, _descriptions(owner)),
        "basket": map(_basket_line, _basket_lines(owner)),
        "budgets": map(_budget, owner.basket_budgets.order_by("pk")),
        "gifts_promised": map(_promise, _promises(owner)),
    }
    out.write(f'{{"profile": {_json(_profile(owner))}')
    for name, rows in lists.items():
        out.write(f',\n"{name}": [')
        for number, row in enumerate(rows):
            out.write((",\n" if number else "\n") + _json(row))
        out.write("]")
    out.write("}\n")


def _write_csv(out: IO[str], owner: User, files: Files) -> None:
    out.write("\ufeff")  # by which Excel knows UTF-8
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for number, pin in enumerate(_pins(owner)):
        row = _pin(pin, files)
        row["in_picture"] = "; ".join(p.product.title for p in pin.points.all())
        if number == 0:
            writer.writerow(row)
        writer.writerow(map(_cell, row.values()))


def _by_board(owner: User, files: Files) -> Iterator[tuple[Board, list[Pin]]]:
    shown = (pin for pin in _pins(owner) if pin.pk in files)
    for board, pins in groupby(shown, key=lambda pin: pin.board):
        yield board, [_with_file(pin, files[pin.pk]) for pin in pins]


def _with_file(pin: Pin, name: str) -> Pin:
    pin.exported_file = name
    return pin


def _pins(owner: User) -> Iterator[Pin]:
    related = ("picture", "board", "section", "product", "pinner", "via_pinner")
    pointed = Prefetch("points", PinPoint.objects.select_related("product"))
    pins = exported_pins(owner).select_related(*related)
    pins = pins.prefetch_related("tags", pointed)
    return pins.order_by("board", "-place").iterator(ROWS_AT_ONCE)


def _boards(owner: User) -> Iterable[Board]:
    own = Board.objects.owned_by(owner).order_by("pk")
    return own.prefetch_related("sections", "gift_lists")


def _comments(owner: User) -> Iterator[Comment]:
    said = Comment.objects.editable_by(owner).order_by("pk")
    return said.iterator(ROWS_AT_ONCE)


def _likes(owner: User) -> Iterator[Like]:
    return Like.objects.filter(user=owner).order_by("pk").iterator(ROWS_AT_ONCE)


def _suggestions(owner: User) -> Iterator[Suggestion]:
    return Suggestion.objects.filter(by=owner).order_by("pk").iterator(ROWS_AT_ONCE)


def _descriptions(owner: User) -> Iterator[AltProposal]:
    return AltProposal.objects.filter(by=owner).order_by("pk").iterator(ROWS_AT_ONCE)


def _basket_lines(owner: User) -> Iterator[BasketLine]:
    return owner.basket_lines.order_by("pk").iterator(ROWS_AT_ONCE)


def _promises(owner: User) -> Iterator[GiftClaim]:
    """One's own, as a guest of others; never those on a list of one's own."""
    own = GiftClaim.objects.filter(guest__user=owner).order_by("created_at")
    return own.select_related("gift_list").iterator(ROWS_AT_ONCE)


def _profile(owner: User) -> dict[str, object]:
    return {
        "username": owner.username,
        "name": owner.display_name,
        "about": owner.bio,
        "email": owner.email,
        "joined_at": owner.date_joined.isoformat(),
        "url": settings.SITE_URL + owner.get_absolute_url(),
    }


def _board(board: Board) -> dict[str, object]:
    return {
        "id": board.pk,
        "title": board.title,
        "description": board.description,
        "visibility": board.visibility,
        "sort": board.sort,
        "suggestions": board.suggestions,
        "sections": [section.title for section in board.sections.all()],
        "place": board.place,
        "wish_lists": [
            {"occasion": wishes.occasion, "reveal_on": wishes.reveal_on.isoformat()}
            for wishes in board.gift_lists.all()
        ],
        "created_at": board.created_at.isoformat(),
        "url": settings.SITE_URL + board.get_absolute_url(),
    }


def _pin(pin: Pin, files: Files) -> dict[str, object]:
    product = pin.product
    return {
        "id": pin.pk,
        "title": pin.title,
        "description": pin.description,
        "alt": pin.alt,
        "tags": [tag.name for tag in pin.tags.all()],
        "source_url": pin.source_url,
        "board_id": pin.board_id,
        "board": pin.board.title,
        "section": pin.section.title if pin.section else None,
        "place": pin.place,
        "product": product.title if product else None,
        "product_url": product.url if product else None,
        "price": (decimal_text(product) or None) if product else None,
        "currency": (product.currency or None) if product else None,
        "in_picture": [_point(point) for point in pin.points.all()],
        "via": str(pin.via_pinner) if pin.via_pinner else None,
        "created_at": pin.created_at.isoformat(),
        "url": settings.SITE_URL + pin.get_absolute_url(),
        "file": files.get(pin.pk),
    }


def _cell(value: object) -> str:
    if isinstance(value, list):
        value = ", ".join(value)
    return plain_cell("" if value is None else value)


def _point(point: PinPoint) -> dict[str, object]:
    """A product, and where it stands: in percent from the left and from the top."""
    return {
        "product": point.product.title,
        "product_url": point.product.url,
        "left": point.x / 100,
        "top": point.y / 100,
    }


def _comment(comment: Comment) -> dict[str, object]:
    return {
        "text": comment.text,
        "pin": _address_of_pin(comment.pin_id),
        "created_at": comment.created_at.isoformat(),
    }


def _promise(claim: GiftClaim) -> dict[str, object]:
    return {
        "title": claim.title,
        "quantity": claim.quantity,
        "occasion": claim.gift_list.occasion,
        "reveal_on": claim.gift_list.reveal_on.isoformat(),
        "created_at": claim.created_at.isoformat(),
    }


def _like(like: Like) -> dict[str, object]:
    return {
        "pin": _address_of_pin(like.pin_id),
        "created_at": like.created_at.isoformat(),
    }


def _suggestion(suggestion: Suggestion) -> dict[str, object]:
    return {
        "pin": _address_of_pin(suggestion.pin_id) if suggestion.pin_id else None,
        "board_id": suggestion.board_id,
        "state": suggestion.state,
        "created_at": suggestion.created_at.isoformat(),
    }


def _description(proposal: AltProposal) -> dict[str, object]:
    return {
        "pin": _address_of_pin(proposal.pin_id),
        "text": proposal.text,
        "state": proposal.state,
        "created_at": proposal.created_at.isoformat(),
    }


def _basket_line(line: BasketLine) -> dict[str, object]:
    return {
        "pin": _address_of_pin(line.pin_id),
        "quantity": line.quantity,
        "is_bought": line.is_bought,
    }


def _budget(budget: BasketBudget) -> dict[str, object]:
    """The board's number alone: its address would tell its name."""
    return {
        "board_id": budget.board_id,
        "amount": decimal_of(budget.amount_minor, budget.currency),
        "currency": budget.currency,
    }


def _address_of_pin(pk: int) -> str:
    """The address alone: what stands there is somebody else's."""
    return settings.SITE_URL + Pin(pk=pk).get_absolute_url()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text(archive: ZipFile, name: str) -> IO[str]:
    archive.compression = ZIP_DEFLATED
    return io.TextIOWrapper(archive.open(name, "w"), encoding="utf-8", newline="")
