"""What can go wrong, by whose turn it is. `code` is stable, `for_user` a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from pinboard.models import Board


class PinboardError(Exception):
    """Something a person can answer; never a defect of ours."""

    code = "refused"
    for_user: str | Promise = _("That is not possible.")
    status = 422


class PictureRefused(PinboardError):
    """The uploaded bytes are no picture that we show."""

    code = "not_a_picture"
    for_user = _("This file is no picture we can read. Choose a JPEG, PNG or WebP.")


class PictureTooLarge(PictureRefused):
    code = "picture_too_large"
    for_user = _("This file is larger than 20 MB. Choose a smaller one.")
    status = 413


class PictureTooManyPixels(PictureRefused):
    code = "picture_too_many_pixels"
    for_user = _("This picture has more than 40 million pixels. Choose a smaller one.")


class PictureBroken(PictureRefused):
    code = "picture_broken"
    for_user = _("This picture is damaged. Export it again or choose another.")


class PictureTooHard(PictureRefused):
    """Decoding takes more memory or time than any honest picture needs."""

    code = "picture_too_hard"
    for_user = _("This picture takes too long to read. Export it again as a JPEG.")


class AddressRefused(PinboardError):
    """Forbidden, dead, slow or nonexistent: one text, so that nobody can probe."""

    code = "address_unreachable"
    for_user = _("This address could not be opened. Check it, or upload the picture.")


class PageUnreadable(PinboardError):
    """The address answers, but it is no page and no picture."""

    code = "not_a_page"
    for_user = _("There is no page at this address. Try the product's own page.")


class PageWithoutPicture(PageUnreadable):
    code = "no_picture"
    for_user = _("This page shows no picture we can use. Upload one instead.")


class PageTooLarge(PageUnreadable):
    code = "too_large"
    for_user = _("This page is too large to read. Upload the picture instead.")


class FetchQuotaReached(PinboardError):
    code = "too_many_addresses"
    for_user = _("You have pinned many addresses this hour. Try again later.")
    status = 429

    def __init__(self, retry_after_s: int = 3600) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class ShopHostTaken(PinboardError):
    code = "shop_host_taken"
    for_user = _("There is a shop for this domain already.")
    status = 409


class ProductAddressTaken(PinboardError):
    code = "product_address_taken"
    for_user = _("Another product stands at this address already.")
    status = 409


class GaveUp(PinboardError):
    """A job failed five times for no reason the pinner can mend."""

    code = "gave_up"
    for_user = _("We could not finish this picture. Try again.")


class PinNotReady(PinboardError):
    """Only a finished pin can be saved; its picture may still turn out broken."""

    code = "pin_not_ready"
    for_user = _("This pin is not ready yet. Try again in a moment.")
    status = 409


class ThereAlready(PinboardError):
    """The board has this picture; who wants it twice says so."""

    code = "there_already"
    status = 409

    def __init__(self, board: Board) -> None:
        super().__init__(board.pk)
        told = gettext("You have this in %(board)s already.")
        self.for_user = told % {"board": board.title}


class NotInTrash(PinboardError):
    code = "not_in_trash"
    for_user = _("This pin is gone for good: the trash keeps pins for 30 days.")
    status = 409


class NotYoursToMove(PinboardError):
    code = "not_yours_to_move"
    for_user = _("Somebody else pinned this here: it can be copied, but not moved.")
    status = 403


class TagTooLong(PinboardError):
    code = "tag_too_long"
    for_user = _("A tag has at most 40 characters. Put commas between tags.")


class TooManyTags(PinboardError):
    code = "too_many_tags"
    for_user = _("A pin takes at most 20 tags. Take some out.")


class TooManyPoints(PinboardError):
    code = "too_many_points"
    for_user = _("A picture holds at most 12 products. Take one off first.")


class ProductInPicture(PinboardError):
    """Each product stands at one point of a picture."""

    code = "product_in_picture"
    for_user = _("This product is in the picture already. Move its point instead.")
    status = 409


class PageWithoutProduct(PageUnreadable):
    code = "no_product"
    for_user = _(
        "This page names no product with a price. Find the product by its name."
    )


class ProductUnknown(PinboardError):
    """Of a page that was pasted for a picture on a board that is not public."""

    code = "product_unknown"
    for_user = _(
        "Nobody has shown this product here yet, and a board that is not public makes "
        "no page for it. Find another by its name."
    )


class TooManyPeople(PinboardError):
    code = "too_many_people"
    for_user = _("A board is shared by at most 100 people and 20 open invitations.")


class TooManyMails(PinboardError):
    code = "too_many_mails"
    for_user = _("You sent 20 invitations by mail today. Send a link instead.")


class ImportRefused(PinboardError):
    """The file as a whole; nothing of it was taken in."""

    code = "import_refused"
    for_user: str | Promise = _(
        "We do not recognise this file. Choose an export of Pinterest or Pinboard, a"
        " CSV with a heading line, bookmarks as HTML, or a list of addresses."
    )


class ImportTooLarge(ImportRefused):
    code = "import_too_large"
    for_user = _("This file is larger than we read at once. Split it in smaller ones.")
    status = 413


class ImportTooManyRows(ImportRefused):
    code = "import_too_many_rows"
    for_user = _(
        "This file has more than 10,000 pins or 500 boards. Split it in smaller ones."
    )


class ImportRowTooLong(ImportRefused):
    code = "import_row_too_long"

    def __init__(self, number: int = 0) -> None:
        super().__init__()
        text = _("Line %(n)d is too long to be a pin. Shorten it, or take it out.")
        self.for_user = text % {"n": number}


class ImportNotText(ImportRefused):
    code = "import_not_text"
    for_user = _(
        "We cannot read the letters of this file. Save it as UTF-8 and choose it again."
    )


class ImportEmpty(ImportRefused):
    code = "import_empty"
    for_user = _("There are no pins in this file. Choose another one.")


class ImportUnsafe(ImportRefused):
    """A ZIP that is broken, or made to do harm."""

    code = "import_unsafe"
    for_user = _(
        "This ZIP file is damaged or not safe to open. Download it again and choose it"
        " as it came."
    )


class ImportPartMissing(ImportRefused):
    code = "import_part_missing"
    for_user = _(
        "The list of contents is not in it. Choose the last part of the export, too."
    )


class ImportFilesDiffer(ImportRefused):
    code = "import_files_differ"
    for_user = _("Choose one file, or all parts of one Pinboard export together.")


class ImportRunning(PinboardError):
    code = "import_running"
    for_user = _("Another import is still running. Wait for it, or stop it first.")
    status = 409


class ImportOver(PinboardError):
    """What was asked for is done already, or can no longer be done."""

    code = "import_over"
    for_user = _("This import has gone on meanwhile. Look at it again.")
    status = 409


class ImportQuotaReached(PinboardError):
    code = "import_quota"
    for_user = _(
        "You imported 20,000 addresses within a day. Import the others tomorrow."
    )
    status = 429


class RowWithoutPicture(PinboardError):
    code = "row_without_picture"
    for_user = _("It has neither a picture nor a web address to find one at.")


class RowFileMissing(PinboardError):
    code = "row_file_missing"
    for_user = _(
        "Its picture is in a part of the export that was not chosen. Import that part"
        " together with the last one."
    )


class RowLeftOut(PinboardError):
    code = "row_left_out"
    for_user = _("You left its board out.")


class RowBoardGone(PinboardError):
    code = "row_board_gone"
    for_user = _("Its board was deleted. Take it out of the trash and try again.")


class NotSuggestible(PinboardError):
    """A suggestion shows the pin to others; what is not public must not get out so."""

    code = "not_suggestible"
    for_user = _("Only pins that everybody can see may be suggested.")


class TakesNoSuggestions(PinboardError):
    code = "takes_no_suggestions"
    for_user = _("This board takes no suggestions. Save the pin to one of your own.")
    status = 403


class SuggestedAlready(PinboardError):
    code = "suggested_already"
    for_user = _("This picture was suggested already and waits for an answer.")
    status = 409


class OnBoardAlready(SuggestedAlready):
    code = "on_board_already"
    for_user = _("This picture is on the board already.")


class NotTakenBefore(SuggestedAlready):
    code = "not_taken_before"
    for_user = _("You suggested this before. Try another pin.")


class TooManySuggestions(PinboardError):
    code = "too_many_suggestions"
    for_user = _("That is a lot for now. Wait for an answer, or until tomorrow.")
    status = 429


class BoardHasEnough(TooManySuggestions):
    code = "board_has_enough"
    for_user = _("Very many suggestions wait for this board. Try again another day.")


class TooLateToWithdraw(PinboardError):
    code = "too_late_to_withdraw"
    for_user = _("This was decided already. Only those who decided can change it.")
    status = 409


class TakesNoDescriptions(PinboardError):
    code = "takes_no_descriptions"
    for_user = _("Its pinner describes this picture, or has done so already.")
    status = 403


class DescribedMeanwhile(PinboardError):
    code = "described_meanwhile"
    for_user = _("The picture has other words by now. Change them where you edit it.")
    status = 409


class TooManyDescriptions(PinboardError):
    code = "too_many_descriptions"
    for_user = _("That is enough for now: thank you. Try again tomorrow.")
    status = 429


class HeardEnough(TooManyDescriptions):
    code = "heard_enough"
    for_user = _("Your words for this picture were not taken. Try another picture.")


class DescribedAlready(PinboardError):
    code = "described_already"
    for_user = _("These words were suggested for this picture before.")
    status = 409


class RevealTooSoon(PinboardError):
    code = "reveal_too_soon"
    for_user = _(
        "Choose a later day. The date can always be put off, but brought closer only "
        "with seven days' notice, so that guests who count on it are not surprised."
    )


class GiftTaken(PinboardError):
    """Somebody else was faster."""

    code = "gift_taken"
    status = 409

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left
        self.for_user = (
            ngettext(
                "Only %(n)d is left now. Give fewer, or choose something else.",
                "Only %(n)d are left now. Give fewer, or choose something else.",
                left,
            )
            % {"n": left}
            if left
            else _("Somebody was faster: this is taken now. Choose something else.")
        )


class ListClosed(PinboardError):
    code = "list_closed"
    for_user = _("This wish list takes no more promises.")
    status = 409


class TooManyClaims(PinboardError):
    """Of one guest on one list."""

    code = "too_many_claims"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__()
        self.for_user = _(
            "You give %(n)d things of this list already. Take one back first."
        ) % {"n": most}


class ClaimsTooFast(PinboardError):
    code = "claims_too_fast"
    for_user = _("That is a lot of gifts at once. Try again in an hour.")
    status = 429


class NoLongerThere(PinboardError, Http404):
    """Somebody else's request took it away between the look and the lock. To pages it
    is what a late look would have been: not found."""

    code = "not_found"
    for_user = _("There is nothing here.")
    status = 404


def sentence_of(code: str) -> str:
    """What to tell people of a row that keeps only the code of what went wrong."""
    return str(_of_code().get(code, PinboardError).for_user)


def refusal_of(code: str) -> type[PinboardError] | None:
    return _of_code().get(code)


def _of_code() -> dict[str, type[PinboardError]]:
    families = [PinboardError]
    for family in families:  # grows while it is walked: the whole tree
        families += family.__subclasses__()
    return {family.code: family for family in families}
