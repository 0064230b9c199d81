from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class BoardSection(models.Model):
    """A part of a board, by the order in which they were made."""

    board = models.ForeignKey("pinboard.Board", models.CASCADE, related_name="sections")
    title = models.CharField(_("title"), max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["board", "title"], name="one_section_per_title_and_board"
            )
        ]

    def __str__(self) -> str:
        return self.title
