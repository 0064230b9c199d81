"""Files that are there whole or not at all, on this machine or in a bucket."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage


class LocalStorage(FileSystemStorage):
    """Writes beside the place and renames, so that nobody ever reads half a file."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # names are made of content: the same name is the same file

    def _save(self, name: str, content: File[bytes]) -> str:
        place = Path(self.path(name))
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, written = tempfile.mkstemp(dir=place.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            Path(written).chmod(0o644)
            Path(written).replace(place)
        except BaseException:
            Path(written).unlink(missing_ok=True)
            raise
        return name


def put(path: str, content: bytes) -> None:
    default_storage.save(path, ContentFile(content))


def read(path: str) -> bytes:
    """Raises FileNotFoundError, on every storage."""
    with default_storage.open(path) as file:
        content: bytes = file.read()
    return content


def copy(source: str, target: str) -> None:
    if not default_storage.exists(target):
        put(target, read(source))


def delete(path: str) -> None:
    default_storage.delete(path)
