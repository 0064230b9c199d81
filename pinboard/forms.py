"""What people fill in. A form says whether input is well-formed and saves nothing."""

from __future__ import annotations

import re
from types import EllipsisType
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from pinboard.actions.places import Way
from pinboard.models import (
    Board,
    BoardSection,
    Comment,
    DraftPicture,
    Pin,
    Role,
    Visibility,
)
from pinboard.models.board import Sort, Suggestions
from pinboard.models.pin import PinQuerySet
from pinboard.tag_forms import TagsField
from users.models import Descriptions, User
from users.names import clean_name, clean_title

KEY = re.compile(r"[0-9]{1,18}")
WEB = ("https://", "http://")
LONGEST_PRICE = 12  # digits before the point
MOST_FILES = 30


class BoardChoice(forms.ModelChoiceField[Board]):
    """One of one's own boards; the list names the ones that others cannot see."""

    def label_from_instance(self, board: Board) -> str:
        return board.title if board.is_public else f"{board.title} ({_('private')})"


class ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Any number of files, as a list; each is looked at where it is taken in."""

    widget = ManyFiles

    def clean(
        self, data: list[UploadedFile] | None, initial: object = None
    ) -> list[UploadedFile]:
        files = [file for file in data or [] if file]
        if len(files) > MOST_FILES:
            raise ValidationError(
                _("Choose at most %(n)s pictures at once.") % {"n": MOST_FILES}
            )
        return [super(PicturesField, self).clean(file) for file in files]


class _BoardFields(forms.Form):
    """A board of one's own, or the name of a new one."""

    board = BoardChoice(
        label=_("Board"),
        queryset=Board.objects.none(),
        required=False,
        empty_label=None,
    )
    new_board = forms.CharField(
        label=_("Or a new board"), max_length=200, required=False
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        boards = Board.objects.fillable_by(by).order_by("-updated_at", "-pk")
        self.fields["board"].queryset = boards  # type: ignore[attr-defined]  # BoardChoice has one

    def clean_new_board(self) -> str:
        return clean_title(self.cleaned_data["new_board"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        named = cleaned.get("board") or cleaned.get("new_board")
        if not named and not {"board", "new_board"} & set(self.errors):
            self.add_error("board", _("Choose a board, or name a new one."))
        return cleaned


class ComposerForm(_BoardFields):
    """A picture from one's own machine, or the address of a page."""

    url = forms.CharField(
        label=_("Product link"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(
            attrs={"type": "url", "inputmode": "url", "autocomplete": "off"}
        ),
    )
    image = PicturesField(label=_("Picture"), required=False)
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    alt = forms.CharField(
        label=_("What the picture shows"), max_length=500, required=False
    )
    description = forms.CharField(
        label=_("Why you like it"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    tags = TagsField()

    # From the button in a browser: the picture of the page, and that it was pressed.
    picture = forms.CharField(max_length=2000, required=False, widget=forms.HiddenInput)
    via = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        given = cleaned.get("url") or cleaned.get("image")
        if not given and not {"url", "image"} & set(self.errors):
            self.add_error("image", _("Choose a picture, or paste a link."))
        # Without a picture the address is opened, and more is asked of it then.
        source = cleaned.get("url")
        if cleaned.get("image") and source and not source.startswith(WEB):
            self.add_error("url", _("Give the whole address, with https://."))
        return cleaned


class DraftForm(_BoardFields):
    """What the page of an address offers: which picture, and the words beside it."""

    picture_url = forms.ModelChoiceField(
        label=_("Picture"),
        queryset=DraftPicture.objects.none(),
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the pictures.")},
    )
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    alt = ComposerForm.base_fields["alt"]
    description = ComposerForm.base_fields["description"]
    tags = ComposerForm.base_fields["tags"]
    price = forms.DecimalField(
        label=_("Price"),
        required=False,
        min_value=0,
        max_digits=LONGEST_PRICE + 2,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    currency = forms.RegexField(
        r"\A[A-Z]{3}\Z",
        label=_("Currency"),
        required=False,
        error_messages={"invalid": _("Three capital letters, such as CNY.")},
        widget=forms.TextInput(attrs={"maxlength": 3}),
    )

    def __init__(
        self, *args: Any, pictures: QuerySet[DraftPicture], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["picture_url"].queryset = pictures  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("price") is not None and not cleaned.get("currency"):
            self.add_error("currency", _("A price needs its currency, such as CNY."))
        return cleaned


class SavePinForm(_BoardFields):
    """To which board: radio buttons and a new one."""

    board = BoardChoice(
        label=_("Board"),
        queryset=Board.objects.none(),
        required=False,
        empty_label=None,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, by=by, **kwargs)
        boards: QuerySet[Board] = self.fields["board"].queryset  # type: ignore[attr-defined]
        self.fields["board"].initial = boards.values_list("pk", flat=True).first()


class BulkForm(forms.Form):
    """What is to be done with which pins of a board; they are named, or all of them."""

    MOVE, COPY, DELETE, SECTION = "move", "copy", "delete", "section"
    TAG, UNTAG = TAGGING = "tag", "untag"
    DEEDS = (MOVE, COPY, DELETE, SECTION, *TAGGING)

    deed = forms.ChoiceField(choices=[(name, name) for name in DEEDS])
    all = forms.BooleanField(required=False)
    to = BoardChoice(
        queryset=Board.objects.none(),
        required=False,
        empty_label=_("To which board?"),
        widget=forms.Select(attrs={"class": "input"}),
    )
    section = forms.ModelChoiceField(
        queryset=BoardSection.objects.none(),
        required=False,
        empty_label=_("No section"),
        widget=forms.Select(attrs={"class": "input"}),
    )
    tags = TagsField(
        widget=forms.TextInput(attrs={"class": "input", "placeholder": _("Tags")})
    )

    def __init__(self, *args: Any, board: Board, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.board = board
        others = Board.objects.fillable_by(by).exclude(pk=board.pk)
        self.fields["to"].queryset = others.order_by("-updated_at", "-pk")  # type: ignore[attr-defined]
        self.fields["section"].queryset = board.sections.all()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("all") and not self.chosen():
            raise ValidationError(_("Choose the pins first."))
        if cleaned.get("deed") in (self.MOVE, self.COPY) and not cleaned.get("to"):
            self.add_error("to", _("Choose the board they go to."))
        if cleaned.get("deed") not in self.TAGGING:
            self.errors.pop("tags", None)  # nobody asks for them
        elif not cleaned.get("tags") and "tags" not in self.errors:
            self.add_error("tags", _("Write the tags first."))
        return cleaned

    def pins(self) -> PinQuerySet:
        pins = Pin.objects.filter(board=self.board, deleted_at=None)
        return pins if self.cleaned_data["all"] else pins.filter(pk__in=self.chosen())

    def chosen(self) -> list[int]:
        """The keys that were sent; what no pin can have for one is none."""
        sent = self.data.getlist("pin") if isinstance(self.data, QueryDict) else []
        return [int(key) for key in sent if KEY.fullmatch(key)]


class PlaceForm(forms.Form):
    """Where a pin shall stand among those of its board, or a board among one's own."""

    way = forms.ChoiceField(choices=Way.choices)
    beside = forms.ModelChoiceField(queryset=Pin.objects.none(), required=False)

    def __init__(
        self, *args: Any, others: QuerySet[Pin] | QuerySet[Board], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["beside"].queryset = others  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("way") in (Way.BEFORE, Way.AFTER) and not cleaned.get("beside"):
            self.add_error("beside", _("Say beside which one."))
        return cleaned


class SectionForm(forms.ModelForm[BoardSection]):
    class Meta:
        model = BoardSection
        fields = ["title"]

    def clean_title(self) -> str:
        title = clean_title(self.cleaned_data["title"])
        if not title:
            raise ValidationError(_("Give the section a title."), code="required")
        others = BoardSection.objects.filter(board=self.instance.board_id, title=title)
        if others.exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("The board has a section of this title."))
        return title


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class InviteForm(RoleForm):
    """By name, by mail, or by a link for whoever gets it: then `whom` is empty."""

    whom = forms.CharField(
        label=_("User name or e-mail"), max_length=254, required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        whom = cleaned.get("whom", "").strip().lstrip("@")
        cleaned |= {"person": None, "email": ""}
        if "@" in whom:
            cleaned["email"] = self._address(whom)
        elif whom:
            cleaned["person"] = User.objects.filter(
                username=whom.lower(), is_active=True
            ).first()
            if cleaned["person"] is None:
                self.add_error("whom", _("Nobody has this user name."))
        return cleaned

    def _address(self, whom: str) -> str:
        try:
            validate_email(whom)
        except ValidationError as error:
            self.add_error("whom", error)
            return ""
        return whom


class LeaveForm(forms.Form):
    keeps_pins = forms.TypedChoiceField(
        label=_("My pins"),
        choices=[("1", _("stay on the board")), ("0", _("go into its trash"))],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
        initial="1",
    )


class RevertForm(forms.Form):
    """Whose changes to the board, since which day."""

    person = forms.ModelChoiceField(
        queryset=User.objects.none(), to_field_name="username"
    )
    since = forms.DateField()

    def __init__(self, *args: Any, board: Board, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        actors = board.events.order_by().values("actor").distinct()
        self.fields["person"].queryset = User.objects.filter(pk__in=actors)  # type: ignore[attr-defined]


class PinEditForm(forms.ModelForm[Pin]):
    tags = TagsField()
    board = BoardChoice(
        label=_("Board"), queryset=Board.objects.none(), empty_label=None
    )

    class Meta:
        model = Pin
        fields = ["title", "description", "alt", "board"]
        labels = {"description": _("Why you like it")}
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3}),
            "alt": forms.TextInput,
        }

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        boards = Board.objects.fillable_by(by).order_by("-updated_at", "-pk")
        self.fields["board"].queryset = boards  # type: ignore[attr-defined]

    def clean_tags(self) -> list[str] | EllipsisType:
        """A form that knows nothing of tags leaves them as they are."""
        return self.cleaned_data["tags"] if "tags" in self.data else ...


class BoardForm(forms.ModelForm[Board]):
    visibility = forms.ChoiceField(
        label=_("Who sees it"),
        choices=Visibility.choices,
        initial=Visibility.PUBLIC,
        required=False,
        widget=forms.RadioSelect,
    )

    sort = forms.ChoiceField(
        label=_("Order of the pins"),
        choices=Sort.choices,
        required=False,
        widget=forms.Select,
    )

    suggestions = forms.ChoiceField(
        label=_("Who may suggest pins"),
        choices=Suggestions.choices,
        initial=Suggestions.NOBODY,
        required=False,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Board
        fields = ["title", "description", "visibility", "sort", "suggestions"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}

    def clean_title(self) -> str:
        title = clean_title(self.cleaned_data["title"])
        if not title:
            raise ValidationError(_("Give the board a title."), code="required")
        return title

    def clean_visibility(self) -> str:
        return self.cleaned_data["visibility"] or Visibility.PUBLIC

    def clean_sort(self) -> str:
        return self.cleaned_data["sort"] or self.instance.sort

    def clean_suggestions(self) -> str:
        return self.cleaned_data["suggestions"] or self.instance.suggestions


class CommentForm(forms.ModelForm[Comment]):
    reply_to = forms.ModelChoiceField(
        queryset=Comment.objects.none(), required=False, widget=forms.HiddenInput
    )

    class Meta:
        model = Comment
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 1, "maxlength": 500})}
        error_messages = {"text": {"required": _("Write something first.")}}

    def __init__(self, *args: Any, pin: Pin | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if pin is not None:
            answered = Comment.objects.filter(pin=pin, deleted_at=None)
            self.fields["reply_to"].queryset = answered  # type: ignore[attr-defined]


class ProfileForm(forms.ModelForm[User]):
    avatar = forms.FileField(label=_("Picture"), required=False)
    descriptions = forms.ChoiceField(
        label=_("Who may describe my pictures"),
        choices=Descriptions.choices,
        required=False,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = User
        fields = ["display_name", "bio", "descriptions"]
        widgets = {"bio": forms.Textarea(attrs={"rows": 3})}

    def clean_descriptions(self) -> str:
        return self.cleaned_data["descriptions"] or self.instance.descriptions

    def clean_display_name(self) -> str:
        return clean_name(self.cleaned_data["display_name"])
