"""Pictures for a demo without photographs: still lifes of flat shapes, each its own."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from decimal import Decimal

from PIL import Image, ImageDraw, ImageFilter

from config.demo.good import Good

Colour = tuple[int, int, int]
Brush = ImageDraw.ImageDraw

WALLS: list[Colour] = [
    (232, 224, 214),
    (206, 214, 205),
    (224, 205, 196),
    (198, 208, 219),
    (238, 227, 200),
    (214, 203, 217),
]
GLAZES: list[Colour] = [
    (178, 76, 60),
    (54, 84, 92),
    (220, 165, 72),
    (92, 110, 78),
    (66, 58, 78),
    (236, 232, 222),
]
SHAPES_OF = ["1:1", "4:5", "3:4", "2:3", "5:4"]
ADJECTIVES = ["Quiet", "Tall", "Small", "Morning", "River", "Clay", "Paper", "Winter"]


def draw_goods(count: int = 48) -> list[Good]:
    chance = random.Random(7)  # noqa: S311  the same demo each time, no secret
    kinds = list(THINGS.items())
    goods = []
    for number in range(count):
        name, draw = kinds[number % len(kinds)]
        adjective = ADJECTIVES[(number // len(kinds)) % len(ADJECTIVES)]
        goods.append(
            Good(
                title=f"{adjective} {name}",
                description=f"A {name} in {chance.choice(['two', 'three'])} sizes.",
                price=Decimal(chance.randrange(59, 689)),
                currency="CNY",
                category=name,
                brand="",
                photo=_paint(draw, chance),
            )
        )
    return goods


def _paint(
    draw: Callable[[Brush, int, int, Colour], None], chance: random.Random
) -> bytes:
    across, down = map(int, chance.choice(SHAPES_OF).split(":"))
    width = 1000
    height = width * down // across
    wall, glaze = chance.choice(WALLS), chance.choice(GLAZES)
    table = _mix(wall, (90, 70, 55), 0.35)
    picture = Image.new("RGB", (width, height), wall)
    brush = ImageDraw.Draw(picture)
    edge = int(height * chance.uniform(0.66, 0.76))
    brush.rectangle((0, edge, width, height), fill=table)
    _cast_shadow(picture, width // 2, edge + height // 14, width // 3)
    draw(ImageDraw.Draw(picture), width // 2, edge + height // 12, glaze)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=88)
    return file.getvalue()


def _cast_shadow(picture: Image.Image, x: int, y: int, reach: int) -> None:
    shadow = Image.new("L", picture.size, 0)
    box = (x - reach // 2, y - reach // 9, x + reach, y + reach // 7)
    ImageDraw.Draw(shadow).ellipse(box, fill=110)
    picture.paste((40, 30, 25), mask=shadow.filter(ImageFilter.GaussianBlur(28)))


def _vase(brush: Brush, x: int, floor: int, colour: Colour) -> None:
    brush.ellipse((x - 150, floor - 330, x + 150, floor), fill=colour)
    brush.rectangle((x - 55, floor - 430, x + 55, floor - 250), fill=colour)
    brush.ellipse((x - 75, floor - 450, x + 75, floor - 410), fill=_lit(colour))
    for bend in (-90, 10, 95):
        tip = (x + bend, floor - 660 + abs(bend))
        brush.line((x, floor - 430, *tip), fill=(88, 104, 72), width=9)
        brush.ellipse(
            (tip[0] - 34, tip[1] - 34, tip[0] + 34, tip[1] + 34), fill=(226, 178, 158)
        )


def _bowl(brush: Brush, x: int, floor: int, colour: Colour) -> None:
    brush.pieslice((x - 260, floor - 330, x + 260, floor + 30), 0, 180, fill=colour)
    brush.ellipse((x - 260, floor - 195, x + 260, floor - 105), fill=_lit(colour))
    for offset, fruit in (
        (-110, (214, 122, 60)),
        (10, (196, 68, 56)),
        (120, GLAZES[2]),
    ):
        brush.ellipse(
            (x + offset - 70, floor - 270, x + offset + 70, floor - 130), fill=fruit
        )


def _lamp(brush: Brush, x: int, floor: int, colour: Colour) -> None:
    brush.rectangle((x - 9, floor - 420, x + 9, floor - 20), fill=(70, 60, 52))
    brush.ellipse((x - 110, floor - 40, x + 110, floor), fill=(70, 60, 52))
    brush.polygon(
        [
            (x - 105, floor - 620),
            (x + 105, floor - 620),
            (x + 205, floor - 400),
            (x - 205, floor - 400),
        ],
        fill=colour,
    )


def _mug(brush: Brush, x: int, floor: int, colour: Colour) -> None:
    brush.ellipse((x + 85, floor - 235, x + 245, floor - 75), outline=colour, width=34)
    brush.rounded_rectangle((x - 150, floor - 290, x + 150, floor), 46, fill=colour)
    brush.ellipse((x - 150, floor - 325, x + 150, floor - 255), fill=_lit(colour))


def _stool(brush: Brush, x: int, floor: int, colour: Colour) -> None:
    for foot, knee in ((-190, -120), (190, 120), (-60, -30), (60, 30)):
        brush.line(
            (x + knee, floor - 400, x + foot, floor), fill=(120, 88, 60), width=26
        )
    brush.rounded_rectangle(
        (x - 215, floor - 450, x + 215, floor - 385), 30, fill=colour
    )


def _coat(brush: Brush, x: int, floor: int, colour: Colour) -> None:
    top = floor - 640
    brush.line((x, top - 90, x, top), fill=(60, 54, 50), width=8)
    outline = [(-60, 0), (60, 0), (190, 90), (240, 400), (160, 410), (150, 250)]
    outline += [(175, 600), (-175, 600), (-150, 250), (-160, 410), (-240, 400)]
    outline += [(-190, 90)]
    brush.polygon([(x + dx, top + dy) for dx, dy in outline], fill=colour)
    brush.line((x, top + 20, x, top + 600), fill=_mix(colour, (0, 0, 0), 0.3), width=5)
    for button in range(3):
        y = top + 150 + button * 110
        brush.ellipse((x + 18, y, x + 38, y + 20), fill=_lit(colour))


THINGS: dict[str, Callable[[Brush, int, int, Colour], None]] = {
    "vase": _vase,
    "fruit bowl": _bowl,
    "table lamp": _lamp,
    "mug": _mug,
    "stool": _stool,
    "wool coat": _coat,
}


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (
        round(a * (1 - share) + b * share) for a, b in zip(one, other, strict=True)
    )
    return red, green, blue


def _lit(colour: Colour) -> Colour:
    return _mix(colour, (255, 255, 255), 0.22)
