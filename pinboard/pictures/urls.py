from urllib.parse import quote


def media_url(path: str, *, key: str = "") -> str:
    """The address of a file under /media/. Whether one may see it the view decides.

    On the pages of a link board `key` is the board's, for its files are as private.
    """
    return f"/media/{quote(path)}" + (f"?key={quote(key)}" if key else "")
