"""People, shops, boards and pins of the demo, made by the actions a browser uses."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_noop

from config.demo.good import Good
from config.demo.words import (
    BOARD_OF,
    COMMENTS,
    OF_SECRETS,
    OTHER_BOARDS,
    PEOPLE,
    REPLIES,
    SECRET_BOARD,
    SHOPS,
    TAGS_OF,
    ShopPlan,
)
from pinboard.actions.boards import create_board
from pinboard.actions.notifications import notify
from pinboard.actions.pictures import intake
from pinboard.actions.pins import pin_upload, save_pin
from pinboard.actions.products import upsert_product
from pinboard.actions.shops import open_shop
from pinboard.actions.social import (
    comment,
    follow_board,
    follow_person,
    follow_shop,
    like,
)
from pinboard.models import (
    Availability,
    Board,
    Comment,
    Notification,
    Picture,
    Pin,
    PricePoint,
    Product,
    RenditionJob,
    Shop,
)
from pinboard.tag_names import names_of
from pinboard.tasks import make_renditions
from users.models import User

DAYS = 84
REVIEWERS = {"rosa": "Rosa Okafor", "ruth": "Ruth Meyer"}


@dataclass
class Stage:
    """What has been made so far. `chance` is seeded: each demo is the same."""

    chance: random.Random
    goods: list[Good]
    people: dict[str, User] = field(default_factory=dict)
    shops: dict[str, Shop] = field(default_factory=dict)
    boards: dict[str, Board] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    pins: list[Pin] = field(default_factory=list)

    @property
    def shoppers(self) -> list[User]:
        return [self.people[person.username] for person in PEOPLE]


def make_people(stage: Stage, passwords: dict[str, str]) -> None:
    about = {person.username: (person.name, person.bio) for person in PEOPLE}
    about |= {name: (full, "") for name, full in REVIEWERS.items()}
    about |= {plan.owner[0]: (plan.owner[1], "") for plan in SHOPS if plan.owner}
    for username, (name, bio) in about.items():
        user = User.objects.create_user(
            username,
            f"{username}@example.org",
            passwords[username],
            display_name=name,
            bio=bio,
            is_staff=username in REVIEWERS,
        )
        EmailAddress.objects.create(
            user=user, email=user.email, verified=True, primary=True
        )
        stage.people[username] = user
    for username in REVIEWERS:
        stage.people[username].groups.add(Group.objects.get(name="Reviewers"))


def usernames() -> list[str]:
    owners = [plan.owner[0] for plan in SHOPS if plan.owner]
    return [*(person.username for person in PEOPLE), *owners, *REVIEWERS]


def make_shops(stage: Stage) -> None:
    for plan in SHOPS:
        if plan.owner:
            shop = open_shop(
                owner=stage.people[plan.owner[0]],
                name=plan.name,
                description=plan.description,
            )
            shop.verified_at = timezone.now()
            shop.save(update_fields=["verified_at"])
        else:
            shop = Shop.objects.create(
                name=plan.name, slug=plan.slug, description=plan.description
            )
        stage.shops[plan.slug] = shop


def make_boards(stage: Stage) -> None:
    for person in PEOPLE:
        for title in person.boards:
            stage.boards[title] = create_board(
                owner=stage.people[person.username], title=title
            )
    stage.boards[SECRET_BOARD] = create_board(
        owner=stage.people["alice"], title=SECRET_BOARD, visibility="secret"
    )


def make_pictures(stage: Stage) -> Iterator[int]:
    """Take the photographs in and make their renditions, two at a time; yields the
    number done so far."""
    stage.pictures = [intake(good.photo) for good in stage.goods]
    jobs = RenditionJob.objects.filter(
        picture__in=stage.pictures, state="pending"
    ).values_list("pk", flat=True)
    with ThreadPoolExecutor(2) as pool:
        for done, _ in enumerate(pool.map(_render, jobs), start=1):
            yield done
    stage.pictures = [Picture.objects.get(pk=picture.pk) for picture in stage.pictures]


def _render(job_pk: int) -> None:
    try:
        make_renditions(job_pk)
    finally:
        connection.close()  # each thread has its own


def make_products(stage: Stage) -> None:
    """A product a photograph, shop by shop in turn; every ninth sold out."""
    for number, (good, picture) in enumerate(
        zip(stage.goods, stage.pictures, strict=True)
    ):
        plan = shop_of(number)
        price = good.minor_in(plan.currency)
        product, _ = upsert_product(
            shop=stage.shops[plan.slug],
            title=good.title,
            url=item_url(number),
            sku=f"{plan.slug[:2].upper()}-{number + 1:03}",
            description=good.description,
            brand=good.brand,
            price_minor=price,
            currency=plan.currency,
            availability=Availability.SOLD_OUT
            if number % 9 == 8
            else Availability.IN_STOCK,
        )
        product.picture = picture
        product.save(update_fields=["picture"])
        _remember_prices(stage, product, price)
        stage.products.append(product)


def shop_of(number: int) -> ShopPlan:
    return SHOPS[number % len(SHOPS)]


def item_url(number: int) -> str:
    return f"{settings.MARKETPLACE_URL}/item/{number + 1}"


def _remember_prices(stage: Stage, product: Product, now_minor: int) -> None:
    """Three months of prices; two in five were dearer before."""
    today = timezone.localdate()
    dearer = stage.chance.choice([100, 100, 100, 118, 125])
    for days, percent in ((84, dearer), (45, 100 + (dearer - 100) // 2), (12, 100)):
        PricePoint.objects.update_or_create(
            product=product,
            day=today - timedelta(days=days),
            defaults={
                "price_minor": now_minor * percent // 100,
                "currency": product.currency,
            },
        )


def make_pins(stage: Stage) -> None:
    """First the shops' own pins, then people's, then what others saved of them."""
    by_shop: dict[int, Pin] = {}
    for number, product in enumerate(stage.products):
        if product.shop.board:
            by_shop[number] = _pin(stage, number, product.shop.board, product)
    numbers = list(range(len(stage.products)))
    stage.chance.shuffle(numbers)
    for place, number in enumerate(numbers):
        board = board_for(stage, stage.goods[number])
        if place % 5 == 4 and number in by_shop:
            pin = save_pin(pin=by_shop[number], board=board, by=board.owner)
        else:
            is_for_sale = place % 9 != 8
            shown = stage.products[number] if is_for_sale else None
            pin = _pin(stage, number, board, shown)
        stage.pins.append(pin)
    for number in numbers[:2]:
        _pin(stage, number, stage.boards[SECRET_BOARD], None)
    _save_on(stage)
    _spread_over_weeks(stage)


def _save_on(stage: Stage) -> None:
    public = [board for board in stage.boards.values() if board.is_public]
    first_pins = list(stage.pins)
    stage.chance.shuffle(first_pins)
    for pin in first_pins:
        others = [board for board in public if board.owner_id != pin.pinner_id]
        for board in stage.chance.sample(others, k=stage.chance.choice([0, 0, 1, 2])):
            stage.pins.append(save_pin(pin=pin, board=board, by=board.owner))


def _pin(stage: Stage, number: int, board: Board, product: Product | None) -> Pin:
    good = stage.goods[number]
    return pin_upload(
        by=board.owner,
        board=board,
        content=good.photo,
        title=good.title,
        description=good.description[:2000],
        alt=good.title,
        tags=_tags_for(good, board),
        product=product,
        source_url=product.url if product else "",
    )


def _tags_for(good: Good, board: Board) -> list[str]:
    named = [name for words, names in TAGS_OF if _has(good, words) for name in names]
    more = [] if board.is_public else OF_SECRETS
    return names_of([*named, good.category, *more])


def _has(good: Good, words: Iterable[str]) -> bool:
    text = f"{good.title} {good.category}".lower()
    return any(re.search(rf"\b{word}", text) for word in words)


def board_for(stage: Stage, good: Good) -> Board:
    text = f"{good.title} {good.category}"
    for words, title in BOARD_OF:
        if _has(good, words):
            return stage.boards[title]
    return stage.boards[OTHER_BOARDS[len(text) % len(OTHER_BOARDS)]]


def _spread_over_weeks(stage: Stage) -> None:
    """Ids rise with time, so the moments do too."""
    pins = list(Pin.objects.order_by("pk"))
    now = timezone.now()
    for place, pin in enumerate(pins):
        age = timedelta(days=DAYS) * (1 - (place + 1) / len(pins))
        pin.created_at = now - age - timedelta(minutes=stage.chance.randrange(5, 50))
    Pin.objects.bulk_update(pins, ["created_at"])


def make_company(stage: Stage) -> None:
    """Follows, likes and comments."""
    for person in PEOPLE:
        user = stage.people[person.username]
        for name in person.follows:
            follow_person(person=stage.people[name], by=user)
        follow_shop(shop=stage.chance.choice(list(stage.shops.values())), by=user)
    follow_board(board=stage.boards["旧相机"], by=stage.people["bob"])
    for pin in stage.pins:
        others = [user for user in stage.shoppers if user != pin.pinner]
        for user in stage.chance.sample(others, k=stage.chance.randrange(len(others))):
            like(pin=pin, by=user)
        if stage.chance.random() < 0.4:
            _talk(stage, pin, others)
    notify(
        recipient=stage.people["alice"],
        kind=Notification.Kind.NEWS,
        text=gettext_noop(
            "Welcome to Pinboard. Pin a picture, or paste a product's address."
        ),
        url="/pins/new/",
    )
    _date_talk(stage)


def _talk(stage: Stage, pin: Pin, others: list[User]) -> None:
    first = comment(
        pin=pin, by=stage.chance.choice(others), text=stage.chance.choice(COMMENTS)
    )
    if stage.chance.random() < 0.5:
        comment(
            pin=pin, by=pin.pinner, text=stage.chance.choice(REPLIES), reply_to=first
        )


def _date_talk(stage: Stage) -> None:
    now = timezone.now()
    comments = list(Comment.objects.select_related("pin").order_by("pk"))
    for row in comments:
        row.created_at = _after(stage, row.pin.created_at, now)
    Comment.objects.bulk_update(comments, ["created_at"])
    news = list(Notification.objects.order_by("pk"))
    for place, note in enumerate(news):
        note.created_at = now - timedelta(hours=(len(news) - place) * 3)
        note.read_at = now if note.created_at < now - timedelta(days=2) else None
    Notification.objects.bulk_update(news, ["created_at", "read_at"])


def _after(stage: Stage, moment: datetime, now: datetime) -> datetime:
    return moment + (now - moment) * stage.chance.uniform(0.05, 0.9)
