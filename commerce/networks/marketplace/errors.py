"""How the gateway refuses, and the shapes of what goes in and out of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Parameters = Mapping[str, str]
Document = dict[str, Any]  # the protocol's nested answers


@dataclass
class GatewayError(Exception):
    code: int
    message: str
    sub_code: str = ""
    sub_message: str = ""

    def document(self) -> Document:
        error: Document = {"code": self.code, "msg": self.message}
        if self.sub_code:
            error |= {"sub_code": self.sub_code, "sub_msg": self.sub_message}
        return {"error_response": error | {"request_id": secrets.token_hex(6)}}


def wrong_argument(number: int, text: str) -> GatewayError:
    return GatewayError(50, "Remote service error", f"isv.{number}", text)
