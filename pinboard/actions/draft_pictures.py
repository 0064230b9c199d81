"""The pictures of a page, taken in so that the reader of a draft can see them.

A page may not show files of others, so what is to be seen has to be fetched.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

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

    What is broken, tiny or late is left out, and the next one tried in its place. Done
    twice, it gives the same rows.
    """
    kept: set[int] = set()
    bytes_read = 0
    untried = enumerate(addresses[:MOST_TRIED])
    attempts: dict[Future[bytes], int] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pictures") as threads:
        while bytes_read < MOST_BYTES:
            missing = MOST_KEPT - len(kept) - len(attempts)
            for place, address in islice(untried, missing):
                attempts[threads.submit(_content_of, address, deadline)] = place
            if not attempts:
                break
            done, _ = wait(attempts, return_when=FIRST_COMPLETED)
            for attempt in done:
                content, place = attempt.result(), attempts.pop(attempt)
                bytes_read += len(content)
                if _is_large_enough(content):
                    kept.add(offer_picture(draft, content, addresses[place], place).pk)
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


def _content_of(address: str, deadline: Deadline) -> bytes:
    """In a thread, so with a connection of its own. Empty for what cannot be had; what
    is too large counts as all that may be read, for so much of it was."""
    try:
        return opened(address, deadline, picture=True).content
    except PageTooLarge:
        return bytes(MOST_BYTES)
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
