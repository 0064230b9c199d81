"""Where a page may send its reader next."""

from __future__ import annotations

from django.utils.http import url_has_allowed_host_and_scheme


def is_path_of_ours(address: str) -> bool:
    """Whether a `next` may be followed: a path of this site, and no way out of it.

    `//elsewhere`, `/\\elsewhere` and what no browser can read are none.
    """
    return address.startswith("/") and url_has_allowed_host_and_scheme(address, None)
