"""What people of the demo propose for each other's boards."""

from __future__ import annotations

from config.demo.stage import Stage
from pinboard.actions.boards import edit_board
from pinboard.actions.suggestions import suggest
from pinboard.models import Pin
from pinboard.models.board import Suggestions


def make_suggestions(stage: Stage) -> None:
    """Alice decides on what others have for her first board; Bob's takes all."""
    for name, mode in (("bob", Suggestions.OPEN), ("alice", Suggestions.CURATED)):
        keeper = stage.people[name]
        boards = [board for board in stage.boards.values() if board.owner == keeper]
        edit_board(board=boards[0], by=keeper, suggestions=mode)
    on_board = Pin.objects.filter(board=boards[0])
    shown: set[int | None] = set(on_board.values_list("picture", flat=True))
    for person in stage.shoppers:
        own = (pin for pin in stage.pins if pin.pinner == person != keeper)
        pin = next((pin for pin in own if pin.picture_id not in shown), None)
        if pin:
            suggest(pin=pin, board=boards[0], by=person)
            shown.add(pin.picture_id)
