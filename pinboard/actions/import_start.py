"""The start of an import: a file is read, and what it holds is written down.

Text is read once, into rows, and not kept; the ZIP parts of our own export are, for as
long as a row needs a picture out of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from pinboard.actions.import_matching import mark_known
from pinboard.actions.imports import forget_import
from pinboard.exceptions import ImportFilesDiffer, ImportPartMissing
from pinboard.imports.found import Found, Kind, as_json
from pinboard.imports.reading import has_contents, pictures_in, read
from pinboard.models import Import, ImportBoard, ImportFile, ImportRow, Visibility
from users.names import clean_name

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from users.models import User

MOST_PARTS = 60
AT_ONCE = 1000


def start_import(*, by: User, files: Sequence[UploadedFile]) -> Import:
    """Read what was chosen and write down what it holds. Raises an ImportRefused.

    The row comes first and the files after it, so that none lies where nobody knows.
    An earlier one that was not confirmed gives way.
    """
    first = _chosen(files)
    found = read(_bytes(first))
    for before in Import.objects.filter(owner=by, confirmed_at=None):
        forget_import(before)
    is_own = found.kind == Kind.PINBOARD
    source = Import.objects.create(
        owner=by,
        kind=found.kind,
        name=clean_name(first.name or "")[:200] or str(found.kind.label),
        visibility=Visibility.SECRET,
    )
    parts = _store(source, files) if is_own else {}
    _write(source, found, parts)
    return source


def _chosen(files: Sequence[UploadedFile]) -> UploadedFile:
    """The file to read: the only one, or the part with the list of contents."""
    if len(files) == 1:
        return files[0]
    if len(files) > MOST_PARTS or not files:
        raise ImportFilesDiffer
    with_contents = [file for file in files if has_contents(_bytes(file))]
    parts = [file for file in files if pictures_in(_bytes(file))]
    if {*with_contents, *parts} != {*files} or len(with_contents) > 1:
        raise ImportFilesDiffer
    if not with_contents:
        raise ImportPartMissing
    return with_contents[0]


def _bytes(file: UploadedFile) -> IO[bytes]:
    assert file.file is not None  # noqa: S101  an upload has one, in memory or on disk
    return file.file


def _store(source: Import, files: Sequence[UploadedFile]) -> dict[str, ImportFile]:
    """The parts, by the names of the pictures in them."""
    where: dict[str, ImportFile] = {}
    for number, file in enumerate(files, 1):
        names = pictures_in(_bytes(file))
        if names:
            part = ImportFile.objects.create(
                source=source, number=number, byte_size=file.size or 0
            )
            file.seek(0)
            default_storage.save(part.path, File(file))
            where |= dict.fromkeys(names, part)
    return where


@transaction.atomic
def _write(source: Import, found: Found, parts: dict[str, ImportFile]) -> None:
    boards = {
        told.key: ImportBoard(
            source=source,
            number=number,
            title=told.title,
            description=told.description,
            visibility=told.visibility,
            sort=told.sort,
            sections=told.sections,
            made_at=told.created_at,
        )
        for number, told in enumerate(found.boards, 1)
    }
    ImportBoard.objects.bulk_create(boards.values())
    rows = [
        ImportRow(
            source=source,
            board=boards[told.board],
            number=told.number,
            turn=turn,
            title=told.title,
            address=told.address,
            told=as_json(told),
            place=told.place,
            file=told.file,
            part=parts.get(told.file),
        )
        for turn, told in enumerate(found.oldest_first(), 1)
    ]
    mark_known(source, rows)
    ImportRow.objects.bulk_create(rows, AT_ONCE)
