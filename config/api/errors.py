"""One shape for every refusal: a code for programs, a sentence for people."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import structlog
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError, HttpError, ValidationError

from commerce.exceptions import CommerceError
from pinboard.discovery.keyset import BadCursor
from pinboard.exceptions import PinboardError

if TYPE_CHECKING:
    from ninja import NinjaAPI

Fields = dict[str, list[str]]
LONG_WAIT_S = 600  # for a refusal that does not say when to come back


class ApiError(Exception):
    """A refusal that the API itself pronounces."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str | Promise,
        *,
        fields: Fields | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message
        self.fields, self.headers = fields, headers


def field_error(field: str, message: str | Promise) -> ApiError:
    return ApiError(
        422, "invalid", _("Check the fields."), fields={field: [str(message)]}
    )


def answer(error: ApiError) -> JsonResponse:
    told: dict[str, Any] = {"code": error.code, "message": str(error.message)}
    if error.fields:
        told["fields"] = error.fields
    body = {"error": told, "request_id": _request_id()}
    return JsonResponse(body, status=error.status, headers=error.headers)


def not_found() -> ApiError:
    """The same words whether it never was, is gone, or is somebody's secret."""
    return ApiError(404, "not_found", _("There is nothing here."))


def add_handlers(api: NinjaAPI) -> None:
    for kind, reader in _READERS.items():
        api.add_exception_handler(kind, _handler(reader))


def _handler(reader: Any) -> Any:  # noqa: ANN401  ninja's types are as loose
    def handle(request: HttpRequest, error: Any) -> HttpResponse:  # noqa: ANN401
        return answer(reader(error))

    return handle


def _request_id() -> str:
    """That of the log lines of this request."""
    known = structlog.contextvars.get_contextvars().get("request_id")
    return str(known or uuid.uuid4())


def _of_domain(error: PinboardError | CommerceError) -> ApiError:
    headers = None
    if error.status == 429:
        wait_s = getattr(error, "retry_after_s", None) or LONG_WAIT_S
        headers = {"Retry-After": str(int(wait_s))}
    return ApiError(error.status, error.code, error.for_user, headers=headers)


def _of_validation(error: ValidationError) -> ApiError:
    fields: Fields = {}
    for problem in error.errors:
        # The place is source, parameter, field: ("body", "wanted", "title").
        names = [str(part) for part in problem["loc"][1:] if isinstance(part, str)]
        name = names[1] if len(names) > 1 else (names or ["body"])[0]
        fields.setdefault(name, []).append(_sentence(problem))
    return ApiError(422, "invalid", _("Check the fields."), fields=fields)


def _sentence(problem: dict[str, Any]) -> str:
    context = problem.get("ctx", {})
    kind = problem["type"]
    if kind in ("missing", "string_too_short"):
        return _("This is needed.")
    if kind == "string_too_long":
        return _("Use at most %(count)d characters.") % {"count": context["max_length"]}
    if kind == "value_error" and context.get("error"):
        return str(context["error"])
    if kind in ("literal_error", "enum"):
        return _("Choose one of: %(choices)s.") % {"choices": context["expected"]}
    return str(problem["msg"])


def _of_http(error: HttpError) -> ApiError:
    if error.status_code == 400:
        return ApiError(400, "malformed", _("The body is no JSON object in UTF-8."))
    return ApiError(error.status_code, "refused", error.message)


def unauthorised() -> ApiError:
    return ApiError(
        401,
        "unauthorised",
        _("Send a valid token: Authorization: Bearer pb_…"),
        headers={"WWW-Authenticate": 'Bearer realm="pinboard"'},
    )


def too_large() -> ApiError:
    return ApiError(413, "too_large", _("This is larger than we take."))


def _malformed() -> ApiError:
    return ApiError(400, "malformed", _("This request cannot be read."))


_READERS: dict[type[Exception], Any] = {
    ApiError: lambda error: error,
    PinboardError: _of_domain,
    CommerceError: _of_domain,
    ValidationError: _of_validation,
    HttpError: _of_http,
    AuthenticationError: lambda error: unauthorised(),
    Http404: lambda error: not_found(),
    BadCursor: lambda error: ApiError(
        404, "bad_cursor", _("This page of the list does not exist.")
    ),
    PermissionDenied: lambda error: ApiError(
        403, "forbidden", _("You may not do that.")
    ),
    RequestDataTooBig: lambda error: too_large(),
    MultiPartParserError: lambda error: _malformed(),
    SuspiciousOperation: lambda error: _malformed(),
}
