"""Rows as the API tells them: where in Python a pin meets its Buy link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import prefetch_related_objects

from commerce.disclosure import disclosure_of
from commerce.models import TrackingLink
from commerce.models.link import PinAndProduct
from config.api.auth import Viewer
from config.api.schemas import (
    BoardOut,
    CommentOut,
    ImageOut,
    PersonOut,
    PinError,
    PinOut,
    PointOut,
    ProductOut,
    RenditionOut,
    Via,
)
from pinboard.exceptions import sentence_of
from pinboard.models import (
    Board,
    Comment,
    Picture,
    Pin,
    PinPoint,
    PinState,
    Product,
    Visibility,
)
from pinboard.models.pin_point import points_to_show
from pinboard.pictures.urls import media_url
from users.models import User

Links = Mapping[PinAndProduct, TrackingLink]


def absolute(path: str) -> str:
    return path if path.startswith("http") else f"{settings.SITE_URL}{path}"


def pins_out(pins: list[Pin], viewer: Viewer) -> list[PinOut]:
    """One query for the links of all of them, one for their tags, one for the pins they
    were saved from, one for the products at points of their pictures."""
    links = TrackingLink.objects.live_for_pins(pins)
    named = _sources_seen(pins, viewer)
    prefetch_related_objects(pins, "tags")
    prefetch_related_objects([pin for pin in pins if pin.point_count], points_to_show())
    return [pin_out(pin, links, named) for pin in pins]


def _sources_seen(pins: list[Pin], viewer: Viewer) -> set[int]:
    """Of the pins that these were saved from, those that the viewer may know of."""
    sources = [pin.via_id for pin in pins if pin.via_id is not None]
    if not sources:
        return set()
    seen = Pin.objects.visible_to(viewer).filter(pk__in=sources)
    return set(seen.order_by().values_list("pk", flat=True))


def pin_out(pin: Pin, links: Links, named: set[int]) -> PinOut:
    shown = _shown_link(pin, pin.product, links)
    return PinOut(
        id=pin.pk,
        url=absolute(pin.get_absolute_url()),
        state=pin.state,
        error=_error_of(pin),
        title=pin.title,
        description=pin.description,
        alt=pin.alt,
        tags=[tag.name for tag in pin.tags.all()],
        board=pin.board_id,
        pinner=pin.pinner.username,
        via=_via(pin, named),
        image=image_out(pin.picture) if pin.picture else None,
        product=product_out(pin.product) if pin.product else None,
        buy_url=absolute(shown.get_absolute_url()) if shown else None,
        disclosure=disclosure_of(shown) if shown else None,
        products=points_out(pin, links) if pin.point_count else [],
        like_count=pin.like_count,
        save_count=pin.save_count,
        comment_count=pin.comment_count,
        liked=pin.liked_by_viewer,
        created_at=pin.created_at,
    )


def points_out(pin: Pin, links: Links) -> list[PointOut]:
    return [point_out(point, links) for point in pin.points.all()]


def point_out(point: PinPoint, links: Links) -> PointOut:
    product = point.product
    shown = _shown_link(point.pin, product, links)
    return PointOut(
        id=product.pk,
        title=product.title,
        price_minor=product.price_minor,
        currency=product.currency or None,
        availability=product.availability,
        shop=product.shop.slug,
        x=point.x,
        y=point.y,
        buy_url=absolute(shown.get_absolute_url()) if shown else None,
        disclosure=disclosure_of(shown) if shown else None,
    )


def _shown_link(pin: Pin, product: Product | None, links: Links) -> TrackingLink | None:
    if product is None or product.is_sold_out:
        return None
    return links.get((pin.pk, product.pk))


def image_out(picture: Picture) -> ImageOut:
    made = picture.renditions if picture.is_ready else []
    return ImageOut(
        width=picture.width,
        height=picture.height,
        dominant=picture.dominant,
        renditions=[
            RenditionOut(
                width=rendition.width,
                height=rendition.height,
                url=absolute(media_url(rendition.path)),
                type=rendition.media_type,
            )
            for rendition in made
        ],
    )


def product_out(product: Product) -> ProductOut:
    return ProductOut(
        id=product.pk,
        url=absolute(product.get_absolute_url()),
        title=product.title,
        price_minor=product.price_minor,
        currency=product.currency or None,
        availability=product.availability,
        shop=product.shop.slug,
        shop_name=product.shop.name,
        price_at=product.price_at,
    )


def board_out(board: Board, viewer: Viewer) -> BoardOut:
    address = absolute(board.get_absolute_url())
    if board.visibility == Visibility.LINK and board.owner_id == viewer.pk:
        # The owner alone may pass the key on.
        address += "?" + urlencode({"key": board.link_key})
    return BoardOut(
        id=board.pk,
        url=address,
        title=board.title,
        description=board.description,
        visibility=board.visibility,
        owner=board.owner.username,
        pin_count=board.pin_count,
        follower_count=board.follower_count,
        created_at=board.created_at,
    )


def person_out(person: User) -> PersonOut:
    return PersonOut(
        id=person.pk,
        url=absolute(person.get_absolute_url()),
        username=person.username,
        name=str(person),
        bio=person.bio,
        follower_count=person.follower_count,
        following_count=person.following_count,
    )


def comments_out(comments: Iterable[Comment], pin: Pin) -> list[CommentOut]:
    return [comment_out(comment, pin) for comment in comments]


def comment_out(comment: Comment, pin: Pin) -> CommentOut:
    return CommentOut(
        id=comment.pk,
        url=f"{absolute(pin.get_absolute_url())}#comment-{comment.pk}",
        text=comment.text,
        author=comment.author.username,
        reply_to=comment.reply_to_id,
        created_at=comment.created_at,
    )


def _via(pin: Pin, named: set[int]) -> Via | None:
    if pin.via_pinner is None:
        return None
    source = pin.via_id if pin.via_id in named else None
    return Via(pin=source, pinner=pin.via_pinner.username)


def _error_of(pin: Pin) -> PinError | None:
    if pin.state != PinState.FAILED:
        return None
    return PinError(code=pin.error_code, message=str(sentence_of(pin.error_code)))
