"""What people fill in to import pins."""

from __future__ import annotations

from typing import Any, TypedDict

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from pinboard.forms import BoardChoice, ManyFiles
from pinboard.imports.found import TITLE, Kind
from pinboard.models import Board, Import, ImportBoard, RowState, Visibility
from users.models import User
from users.names import clean_title

# With more boards than these, the others go to boards of their own names.
MOST_BOARDS = 200
OWN_BOARDS = "own-boards"  # the list of names that is offered
ACCEPT = ".zip,.html,.htm,.json,.csv,.tsv,.txt"


class Plan(TypedDict):
    visibility: str
    board: Board | None
    new_board: str
    targets: dict[int, str]


class FilesField(forms.FileField):
    """One file, or all parts of one; what they hold is looked at where it is read."""

    widget = ManyFiles(attrs={"accept": ACCEPT})

    def clean(
        self, data: list[UploadedFile] | None, initial: object = None
    ) -> list[UploadedFile]:
        files = [super(FilesField, self).clean(file) for file in data or [] if file]
        if not files:
            raise ValidationError(_("Choose a file."), code="required")
        return files


class ImportForm(forms.Form):
    file = FilesField(
        label=_("File"),
        error_messages={"empty": _("This file is empty. Choose another one.")},
    )


class ImportPlanForm(forms.Form):
    """Who sees the new boards, which of them are taken, and where their pins go."""

    AS_TOLD = "told"

    visibility = forms.ChoiceField(
        label=_("Who sees the new boards"),
        choices=Visibility.choices,
        initial=Visibility.SECRET,
        widget=forms.RadioSelect,
    )
    board = BoardChoice(
        label=_("Board for pins without one"),
        queryset=Board.objects.none(),
        required=False,
        empty_label=_("A new board"),
    )
    new_board = forms.CharField(
        label=_("Name of the new board"), max_length=TITLE, required=False
    )
    all_on = forms.CharField(
        label=_("All of it on one board"),
        max_length=TITLE,
        required=False,
        widget=forms.TextInput(attrs={"list": OWN_BOARDS}),
    )

    def __init__(self, *args: Any, source: Import, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if source.kind == Kind.PINBOARD:
            as_told = (self.AS_TOLD, _("As each of them was"))
            self.fields["visibility"].choices = [*Visibility.choices, as_told]  # type: ignore[attr-defined]
        self.needs_board = source.boards.filter(
            title="", rows__state=RowState.WAITING
        ).exists()
        if self.needs_board:
            boards = Board.objects.fillable_by(by).order_by("-updated_at", "-pk")
            self.fields["board"].queryset = boards  # type: ignore[attr-defined]
        else:
            del self.fields["board"], self.fields["new_board"]
        self.boards = list(source.boards.with_pin_counts()[:MOST_BOARDS])
        for told in self.boards:
            if told.title:
                self._ask_for(told)

    def _ask_for(self, told: ImportBoard) -> None:
        self.fields[f"take_{told.number}"] = forms.BooleanField(
            label=_("Import %(board)s") % {"board": told.title},
            required=False,
            initial=True,
        )
        self.fields[f"to_{told.number}"] = forms.CharField(
            label=_("Board for the pins of %(board)s") % {"board": told.title},
            max_length=TITLE,
            required=False,
            initial=told.title,
            widget=forms.TextInput(attrs={"list": OWN_BOARDS, "autocomplete": "off"}),
        )
        told.take, told.to = self[f"take_{told.number}"], self[f"to_{told.number}"]

    def clean_visibility(self) -> str:
        told: str = self.cleaned_data["visibility"]
        return "" if told == self.AS_TOLD else told

    def clean_new_board(self) -> str:
        return clean_title(self.cleaned_data["new_board"])

    def clean_all_on(self) -> str:
        return clean_title(self.cleaned_data["all_on"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        all_on = cleaned.get("all_on", "")
        if self.needs_board and "board" not in self.errors:
            if all_on:
                cleaned["board"], cleaned["new_board"] = None, all_on
            elif not cleaned.get("board") and not cleaned.get("new_board"):
                self.add_error("new_board", _("Choose a board, or name a new one."))
        for told in self.boards:
            if told.title and cleaned.get(f"take_{told.number}") and not all_on:
                self._check_title(told, cleaned)
        return cleaned

    def _check_title(self, told: ImportBoard, cleaned: dict[str, Any]) -> None:
        field = f"to_{told.number}"
        cleaned[field] = clean_title(cleaned.get(field, ""))
        if not cleaned[field] and field not in self.errors:
            self.add_error(field, _("Name a board, or leave this one out."))

    def plan(self) -> Plan:
        """What `confirm_import` is told."""
        cleaned = self.cleaned_data
        targets = {
            told.number: (cleaned["all_on"] or cleaned[f"to_{told.number}"])
            if cleaned[f"take_{told.number}"]
            else ""
            for told in self.boards
            if told.title
        }
        return {
            "visibility": cleaned["visibility"],
            "board": cleaned.get("board"),
            "new_board": cleaned.get("new_board", ""),
            "targets": targets,
        }
