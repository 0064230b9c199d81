"""The work on a picture, in a worker: decode, write the files, publish the pins."""

from __future__ import annotations

import logging

from django.core.files.storage import default_storage
from django.db import transaction

from pinboard.actions.pictures import refresh_publicity, show_avatars_of
from pinboard.actions.pins import fail_pins_of, publish_pins_of
from pinboard.exceptions import PictureRefused
from pinboard.models import Picture, RenditionJob
from pinboard.pictures import storage
from pinboard.pictures.names import PRIVATE, copies_of, original_of, upload_of
from pinboard.pictures.rendering import Rendered, SandboxDied, render

log = logging.getLogger(__name__)


def store_renditions(job: RenditionJob) -> bool:
    """Do a leased job; False where it should be tried again.

    Everything may happen twice: the same bytes get the same names.
    """
    picture = job.picture
    try:
        if not picture.is_ready:
            _make_ready(picture, render(storage.read(upload_of(picture))))
    except PictureRefused as refusal:
        fail_renditions(job, refusal.code)
        return True
    except (SandboxDied, FileNotFoundError) as error:
        log.warning("picture %s, attempt %s: %s", picture.pk, job.attempts, error)
        job.release()
        return False
    _publish(job, picture)
    return True


@transaction.atomic
def fail_renditions(job: RenditionJob, code: str) -> None:
    job.fail(code)
    fail_pins_of(job.picture, code)


def _make_ready(picture: Picture, rendered: Rendered) -> None:
    """Files first, then the row: whoever finds it ready finds the files."""
    picture.media_type = rendered.media_type
    picture.width, picture.height = rendered.width, rendered.height
    picture.dominant = rendered.dominant
    picture.difference_hash = rendered.difference_hash
    picture.is_animated = rendered.is_animated
    for path in copies_of(picture):
        storage.put(PRIVATE + path, rendered.files[path.rpartition("-")[2]])
    storage.put(original_of(picture), rendered.files["original"])
    picture.is_ready = True
    fields = [*rendered.__dataclass_fields__, "is_ready"]
    # Waits for an upload of the same bytes that is under way: its pin is seen next.
    picture.save(update_fields=[name for name in fields if name != "files"])


@transaction.atomic
def _publish(job: RenditionJob, picture: Picture) -> None:
    publish_pins_of(picture)
    refresh_publicity(picture)
    show_avatars_of(picture)
    job.finish()
    transaction.on_commit(lambda: default_storage.delete(upload_of(picture)))
