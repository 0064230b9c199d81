"""The pictures of a page, taken in so that the reader of a draft can see them.

A page may not show files of others, so what is to be seen has to be fetched.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed

from django.db import connection, transaction

from pinboard.actions.pictures import intake
from pinboard.actions.visits import opened
from pinboard.exceptions import PageTooLarge, PictureRefused, PinboardError
from pinboard.models import DraftPicture, Picture, PinDraft
from pinboard.pictures.header import read_header
from pinboard.sources.fetch import PICTURE_MAX_BYTES, Deadline

MOST_KEPT = 6
MOST_TRIED = 12
AT_ONCE = 3
SMALLEST_PX = 100  # the side below which a picture is an icon
MOST_BYTES = PICTURE_MAX_BYTES  # of all: one address must not cost more than one file


def gather_pictures(draft: PinDraft, addresses: list[str], deadline: Deadline) -> None:
    """Take in the first usable ones, each as soon as it is there.

    What is broken, tiny or late is left out. Done twice, it gives the same rows.
    """
    kept: set[int] = set()
    bytes_read = 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pictures") as threads:
        places = {
            threads.submit(_content_of, address, deadline): place
            for place, address in enumerate(addresses[:MOST_TRIED])
        }
        for attempt in as_completed(places):
            content, place = attempt.result(), places[attempt]
            if content is None:
                break
            bytes_read += len(content)
            if content and _is_large_enough(content):
                kept.add(offer_picture(draft, content, addresses[place], place).pk)
            if len(kept) == MOST_KEPT or bytes_read >= MOST_BYTES:
                break
        threads.shutdown(wait=False, cancel_futures=True)


@transaction.atomic
def offer_picture(
    draft: PinDraft, content: bytes, url: str, position: int = 0
) -> Picture:
    """One more to choose. Raises a PictureRefused."""
    picture = intake(content)
    DraftPicture.objects.get_or_create(
        draft=draft, picture=picture, defaults={"url": url, "position": position}
    )
    return picture


def _content_of(address: str, deadline: Deadline) -> bytes | None:
    """In a thread, so with a connection of its own. Empty for what cannot be had;
    None for what is so large that no more should be read."""
    try:
        return opened(address, deadline, picture=True).content
    except PageTooLarge:
        return None
    except PinboardError:
        return b""
    finally:
        connection.close()


def _is_large_enough(content: bytes) -> bool:
    try:
        header = read_header(content)
    except PictureRefused:
        return False
    return min(header.width, header.height) >= SMALLEST_PX
