from urllib.parse import quote

from django.conf import settings


def media_url(path: str, *, key: str = "") -> str:
    """The address of a file under /media/. Whether one may see it the view decides.

    On the pages of a link board `key` is the board's, for its files are as private.
    """
    return f"/media/{quote(path)}" + (f"?key={quote(key)}" if key else "")


def absolute(address: str) -> str:
    """For readers elsewhere: link previews, feeds, mails."""
    return address if "://" in address else settings.SITE_URL + address
