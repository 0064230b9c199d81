"""A wish list of the demo: what bob wishes for, and what others promised of it."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from config.demo.stage import Stage
from pinboard.actions.boards import create_board
from pinboard.actions.gift_claims import claim_gift, guest_of_account, new_guest
from pinboard.actions.gift_lists import set_gift_list, set_wanted
from pinboard.actions.pins import save_pin
from pinboard.models import Pin

WISHES = 8
TITLE = "Our first flat"


def make_gifts(stage: Stage) -> None:
    bob, alice = stage.people["bob"], stage.people["alice"]
    board = create_board(
        owner=bob,
        title=TITLE,
        description="We move in spring. Anything that makes two rooms a home.",
    )
    wishes = [save_pin(pin=pin, board=board, by=bob) for pin in _found_by_others(stage)]
    if len(wishes) < 3:
        return
    set_gift_list(
        board=board,
        by=bob,
        occasion="Housewarming",
        reveal_on=timezone.localdate() + timedelta(days=24),
    )
    first, second, third = wishes[-3:]
    set_wanted(board=board, by=bob, wanted={second.pk: 4, third.pk: 2})
    claim_gift(pin=first, guest=guest_of_account(alice), quantity=1)
    aunt, _secret = new_guest()
    for pin, quantity in ((second, 2), (third, 2)):
        claim_gift(
            pin=pin, guest=aunt, quantity=quantity, name="Aunt Mei", shows_name=True
        )


def _found_by_others(stage: Stage) -> list[Pin]:
    """Things for sale, each once."""
    named = {"alice", "bob"}
    found = {
        pin.product_id: pin
        for pin in stage.pins
        if pin.product_id and pin.pinner.username not in named
    }
    return list(found.values())[:WISHES]
