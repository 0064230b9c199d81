"""What can go wrong, by whose turn it is. `code` is stable, `for_user` is one sentence."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


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


class GaveUp(PinboardError):
    """A job failed five times for no reason the pinner can mend."""

    code = "gave_up"
    for_user = _("We could not finish this picture. Try again.")
