"""Pictures that show several products, each at its point: pages of a scrapbook."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from config.demo.stage import Stage, board_for
from pinboard.actions.pictures import intake
from pinboard.actions.pins import pin_upload, save_pin
from pinboard.actions.points import add_point
from pinboard.models import RenditionJob
from pinboard.models.pin_point import WHOLE
from pinboard.tasks import make_renditions

Box = tuple[int, int, int, int]  # left, top, right, bottom
PAPER = (240, 234, 226)
SIZE = (1200, 1500)
# To which board, what it is called, and where the things of the board lie on the page.
PAGES: list[tuple[str, str, list[Box]]] = [
    (
        "Flat number four",
        "Three things for the empty corner",
        [(70, 70, 700, 860), (760, 240, 1130, 760), (420, 920, 1130, 1430)],
    ),
    (
        "Things that grow",
        "The shelf by the window",
        [
            (70, 70, 570, 680),
            (630, 70, 1130, 540),
            (70, 740, 570, 1430),
            (630, 600, 1130, 1430),
        ],
    ),
]


def paint_pages(stage: Stage) -> None:
    """Before the pins, for their renditions take a while."""
    for board_title, _title, boxes in PAGES:
        numbers = _things_of(stage, board_title)[: len(boxes)]
        picture = intake(_page(stage, numbers, boxes))
        for job in RenditionJob.objects.filter(picture=picture, state="pending"):
            make_renditions(job.pk)


def pin_pages(stage: Stage) -> None:
    for board_title, title, boxes in PAGES:
        board = stage.boards[board_title]
        numbers = _things_of(stage, board_title)[: len(boxes)]
        pin = pin_upload(
            by=board.owner,
            board=board,
            content=_page(stage, numbers, boxes),
            title=title,
            alt=title,
        )
        for number, (left, top, right, bottom) in zip(numbers, boxes, strict=True):
            add_point(
                pin=pin,
                product=stage.products[number],
                x=(left + right) * WHOLE // 2 // SIZE[0],
                y=(top + bottom) * WHOLE // 2 // SIZE[1],
                by=board.owner,
            )
        pin.refresh_from_db()
        stage.pins.append(pin)
    copies = stage.boards["Gifts for Bob"]
    stage.pins.append(save_pin(pin=pin, board=copies, by=copies.owner))


def _things_of(stage: Stage, board_title: str) -> list[int]:
    """The goods that suit the board first, for there may be too few of them."""
    suits = [board_for(stage, good).title == board_title for good in stage.goods]
    return sorted(range(len(suits)), key=lambda number: not suits[number])


def _page(stage: Stage, numbers: list[int], boxes: list[Box]) -> bytes:
    page = Image.new("RGB", SIZE, PAPER)
    for number, (left, top, right, bottom) in zip(numbers, boxes, strict=True):
        size = (right - left, bottom - top)
        with Image.open(io.BytesIO(stage.goods[number].photo)) as image:
            page.paste(ImageOps.fit(image.convert("RGB"), size), (left, top))
    file = io.BytesIO()
    page.save(file, "JPEG", quality=88)
    return file.getvalue()
