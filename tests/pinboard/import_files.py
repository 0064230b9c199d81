"""Files as people bring them, made for a test, and what a worker does with one."""

import io
import json
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.files.uploadedfile import SimpleUploadedFile

from pinboard.actions.import_rows import import_slice
from pinboard.actions.import_start import start_import
from pinboard.actions.imports import confirm_import
from pinboard.models import ImportJob, RenditionJob
from pinboard.tasks import make_renditions


def chosen(content, name="pins.csv"):
    if isinstance(content, str):
        content = content.encode()
    return SimpleUploadedFile(name, content)


def zipped(members, compression=ZIP_DEFLATED):
    out = io.BytesIO()
    with ZipFile(out, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def own_export(pins, boards=(), files=None):
    """A ZIP as our own export makes it."""
    contents = {"profile": {"username": "alice"}, "boards": boards, "pins": pins}
    return zipped({"pinboard.json": json.dumps(contents)} | (files or {}))


def looked_at(by, *contents, name="pins.csv"):
    files = [
        content if hasattr(content, "file") else chosen(content, name)
        for content in contents
    ]
    return start_import(by=by, files=files)


def worked(source):
    """What the worker makes of it, with as many slices as it takes."""
    while (job := ImportJob.objects.take(source.job.pk)) and import_slice(job):
        pass
    source.refresh_from_db()
    return source


def imported(by, *contents, name="pins.csv", **plan):
    source = looked_at(by, *contents, name=name)
    confirm_import(source=source, by=by, **plan)
    return worked(source)


def rendered():
    """What the other worker does: the pictures are ready, and the pins with them."""
    for job in RenditionJob.objects.filter(state="pending"):
        make_renditions(job.pk)


def states(source):
    return [row.state for row in source.rows.order_by("number")]
