"""The work on addresses, in a worker: open them with care, keep what they show.

No transaction is open while a stranger's server is waited for.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from pinboard.actions.draft_pictures import gather_pictures, offer_picture
from pinboard.actions.pictures import intake
from pinboard.actions.pins import fail_pin, publish_pins_of
from pinboard.actions.products import illustrate, product_at, product_of_page
from pinboard.actions.quotas import check_quota
from pinboard.actions.visits import opened
from pinboard.exceptions import (
    AddressRefused,
    PageUnreadable,
    PageWithoutPicture,
    PictureRefused,
    PinboardError,
)
from pinboard.models import (
    Board,
    DraftReadJob,
    Pin,
    PinDraft,
    PinFetchJob,
    PinState,
    Product,
)
from pinboard.pictures.header import read_header
from pinboard.signals import pin_product_changed
from pinboard.sources.extract import PageFacts
from pinboard.sources.fetch import Deadline, Fetched
from pinboard.sources.guard import check_form
from pinboard.sources.reading import facts_of
from users.models import User

IN_ALL_S = 9.5  # a page and its picture together; a page alone has the fetch's own 8 s
# A page and its pictures: each has the fetch's 8 s at most, as has the reading. Less
# than the task's own limit, which would end it in the middle.
DRAFT_IN_ALL_S = 20.0
MAX_PICTURES_TRIED = 4
SMALL_PX = 160  # the side below which a picture is probably an icon


@transaction.atomic
def start_draft(
    *, by: User, url: str, board: Board | None = None, picture_url: str = ""
) -> PinDraft:
    """Have an address read for the composer. Raises AddressRefused for what its form
    alone forbids, and FetchQuotaReached. `picture_url` is offered first; where it
    cannot be opened it is left out."""
    check_form(url)
    check_quota(by)
    draft = PinDraft.objects.create(
        owner=by, url=url, board=board, picture_url=_if_openable(picture_url)
    )
    DraftReadJob.objects.create(draft=draft).hint()
    return draft


def read_draft(job: DraftReadJob) -> None:
    """Do a leased job: what the page offers becomes the draft's facts and pictures.

    The choice can be shown from the first picture on; the job ends with the last.
    """
    draft, deadline = job.draft, Deadline(DRAFT_IN_ALL_S)
    shown = [draft.picture_url] if draft.picture_url else []
    try:
        page, facts = _page_of(draft)
        draft.facts = facts.to_json()
        draft.save(update_fields=["facts"])
        if page and page.is_picture:
            offer_picture(draft, page.content, page.url)
        else:
            pictures = list(dict.fromkeys([*shown, *facts.images]))
            gather_pictures(draft, pictures, Deadline(deadline.left()))
        if not draft.pictures.exists():
            raise PageWithoutPicture
    except PinboardError as error:
        job.fail(error.code)
        return
    job.finish()


def _page_of(draft: PinDraft) -> tuple[Fetched | None, PageFacts]:
    """A page that keeps us out has told its picture to the reader's own browser."""
    try:
        page = opened(draft.url, Deadline())
        return page, facts_of(page)
    except (PageUnreadable, AddressRefused):
        if not draft.picture_url:
            raise
        return None, PageFacts()


def _if_openable(url: str) -> str:
    try:
        check_form(url)
    except AddressRefused:
        return ""
    return url


def read_address_of_pin(job: PinFetchJob) -> None:
    """Do a leased job: the pin gets its picture, and its product where the page has
    one; or it fails and says why."""
    pin = Pin.objects.select_related("board", "product", "pinner").get(pk=job.pin_id)
    if pin.state != PinState.PROCESSING or pin.picture_id is not None:
        job.finish()
        return
    try:
        found = found_at(pin.source_url, Deadline(IN_ALL_S))
        _keep(job, pin, found)
    except PinboardError as error:
        with transaction.atomic():
            job.fail(error.code)
            fail_pin(pin, error.code)


@dataclass(frozen=True)
class Found:
    picture: bytes
    facts: PageFacts | None = None
    url: str = ""  # where the page really stands, after redirects


def found_at(url: str, deadline: Deadline) -> Found:
    """Raises AddressRefused, PageUnreadable and PictureRefused."""
    page = opened(url, deadline)
    if page.is_picture:
        return Found(page.content)
    facts = facts_of(page)
    return Found(best_picture(facts.images, deadline), facts, page.url)


def best_picture(addresses: list[str], deadline: Deadline) -> bytes:
    """The first that works and is no icon; else the largest of the small ones."""
    small: list[tuple[int, bytes]] = []
    for address in addresses[:MAX_PICTURES_TRIED]:
        try:
            content = opened(address, deadline, picture=True).content
            header = read_header(content)
        except (AddressRefused, PageUnreadable, PictureRefused):
            continue
        if min(header.width, header.height) >= SMALL_PX:
            return content
        small.append((header.width * header.height, content))
    if not small:
        raise PageWithoutPicture
    return max(small, key=lambda sized: sized[0])[1]


@transaction.atomic
def _keep(job: PinFetchJob, pin: Pin, found: Found) -> None:
    """Locks in the order of all actions: the shop, the board, the pin, the picture."""
    # As it is now: the board may have turned secret while the page was waited for.
    pin = Pin.objects.select_related("board", "product").get(pk=pin.pk)
    product = pin.product or product_of(found, pin.source_url, board=pin.board)
    list(Board.objects.select_for_update(no_key=True).filter(pins=pin))
    mine = Pin.objects.select_for_update(no_key=True).get(pk=pin.pk)
    mine.picture = picture = intake(found.picture)
    before = mine.product_id
    mine.product = mine.product or product
    title = found.facts.title if found.facts else ""
    mine.title = mine.title or (mine.product.title if mine.product else title)
    mine.alt = mine.alt or mine.title
    mine.save()
    if mine.product and mine.product_id != before:
        pin_product_changed.send(sender=Pin, pin=mine)
    if mine.product:
        illustrate(mine.product, picture, board=pin.board)
    if picture.is_ready:
        publish_pins_of(picture)
    job.finish()


def product_of(found: Found, url: str, *, board: Board) -> Product | None:
    if found.facts is None:
        return product_at(url)
    return product_of_page(
        found.facts,
        found.url,
        came_by=url,
        # What comes of a secret board is nobody's business: it makes no public page.
        may_create=board.is_public,
    )
