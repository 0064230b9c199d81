"""Pictures are content: one row for the same bytes, whoever pins them.

A picture is deleted by the sweeper alone, when nothing points at it any more.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import models

from pinboard.models.job import Job

RENDITION_WIDTHS = (236, 474, 736, 1200)
LINK_PREVIEW_WIDTH = 736  # one JPEG, for mails and link previews


@dataclass(frozen=True)
class Rendition:
    """A file made of a picture. `path` is relative to /media/."""

    width: int
    height: int
    media_type: str
    path: str


class Picture(models.Model):
    sha256 = models.CharField(max_length=64, unique=True)  # of the uploaded bytes
    # Keyed hash of the content: the start of every file name under /media/.
    name = models.CharField(max_length=43, unique=True)
    media_type = models.CharField(max_length=20, blank=True)
    byte_size = models.PositiveIntegerField(default=0)
    # Size after transposing; 0 until known. Before the renditions are made it is what
    # the header says, so that cards reserve the right box at once.
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    dominant = models.CharField(max_length=7, default="#8a8079")
    difference_hash = models.BigIntegerField(null=True)
    is_animated = models.BooleanField(default=False)
    is_ready = models.BooleanField(default=False)
    # A copy lies at a public name as long as a public, ready pin shows the picture.
    is_public = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.name[:8]}"

    @property
    def is_moving(self) -> bool:
        """Its original has all its frames; one that is too large is a still."""
        return self.is_animated and self.is_ready and self.media_type == "image/webp"

    def height_at(self, width: int) -> int:
        return max(1, round(self.height * width / self.width)) if self.width else 1

    @property
    def renditions(self) -> list[Rendition]:
        """From the stored size alone, no query: each width once, never enlarged."""
        widths = sorted({min(width, self.width) for width in RENDITION_WIDTHS})
        made = [self._rendition(width, "webp") for width in widths]
        return [*made, self.link_preview]

    @property
    def link_preview(self) -> Rendition:
        return self._rendition(min(LINK_PREVIEW_WIDTH, self.width), "jpeg")

    def _rendition(self, width: int, kind: str) -> Rendition:
        folder = "" if self.is_public else "private/"
        ending = {"webp": "webp", "jpeg": "jpg"}[kind]
        return Rendition(
            width=width,
            height=self.height_at(width),
            media_type=f"image/{kind}",
            path=f"{folder}{self.name[:2]}/{self.name}-{width}.{ending}",
        )


class RenditionJob(Job):
    task = "make_renditions"

    picture = models.OneToOneField(Picture, models.CASCADE, related_name="job")

    class Meta(Job.Meta):
        abstract = False


class Avatar(models.Model):
    """The picture a person chose for the profile; always public once ready."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE)
    picture = models.ForeignKey(Picture, models.PROTECT)

    def __str__(self) -> str:
        return f"avatar of {self.user_id}"
