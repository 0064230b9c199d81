"""Where a picture's files lie. Nobody else can work a name out from the bytes."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode

from django.utils.crypto import salted_hmac

from pinboard.models import Picture

PRIVATE = "private/"
_PATH = re.compile(
    r"(?:private/)?(?P<shard>[\w-]{2})/(?P<name>[\w-]{43})-(?P<copy>[0-9a-z]{1,8})"
    r"\.(?:webp|jpg|png)",
    re.ASCII,
)


def name_of(content: bytes) -> str:
    """43 characters: HMAC-SHA256 under a key of its own, made from SECRET_KEY."""
    mac = salted_hmac("pinboard.pictures.names", content, algorithm="sha256")
    return urlsafe_b64encode(mac.digest()).decode().rstrip("=")


def name_in(path: str) -> str | None:
    """The picture's name in a path that a browser asked for; None for any other."""
    found = _PATH.fullmatch(path)
    return found["name"] if found and found["name"][:2] == found["shard"] else None


def copies_of(picture: Picture) -> list[str]:
    """The paths of its renditions at public names; the private are below `private/`."""
    return sorted({copy.path.removeprefix(PRIVATE) for copy in picture.renditions})


def original_of(picture: Picture) -> str:
    """The clean original, which never gets a public name."""
    ending = picture.media_type.removeprefix("image/").replace("jpeg", "jpg")
    return f"{PRIVATE}{_start(picture)}-original.{ending}"


def upload_of(picture: Picture) -> str:
    """The bytes as they came. They are never served, and gone once it is ready."""
    return f"uploads/{_start(picture)}"


def _start(picture: Picture) -> str:
    return f"{picture.name[:2]}/{picture.name}"
