"""The signature of Taobao's Open Platform, and the wrap that JD and Pinduoduo share.

Pure, and without Django: the client signs with it, the local gateway verifies with it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

METHODS = ("md5", "hmac", "hmac-sha256")


def base_string(parameters: Mapping[str, str]) -> str:
    """Names and values joined without separators, by name in ASCII order, unescaped.

    Empty ones are left out: the official Java client drops them, the Python client
    sends them, so ours never sends any.
    """
    return "".join(
        name + parameters[name]
        for name in sorted(parameters)
        if name and name != "sign" and parameters[name]
    )


def sign(
    parameters: Mapping[str, str], secret: str, *, sign_method: str = "hmac-sha256"
) -> str:
    """The upper-case hexadecimal signature. Raises KeyError for an unknown method."""
    text = base_string(parameters).encode()
    key = secret.encode()
    if sign_method == "md5":
        return wrapped_md5(text, key)
    digest = {"hmac": hashlib.md5, "hmac-sha256": hashlib.sha256}[sign_method]
    return hmac.new(key, text, digest).hexdigest().upper()


def wrapped_md5(text: bytes, key: bytes) -> str:
    # The protocol's own choice; hmac-sha256 is what we sign with.
    return hashlib.md5(key + text + key).hexdigest().upper()  # noqa: S324
