"""What a request may open. The key of a link board comes as `?key=`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from pinboard.exceptions import FetchQuotaReached, PinboardError
from pinboard.models import Pin
from pinboard.models.board import link_key_in
from users.addresses import is_path_of_ours

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.shortcuts import SupportsGetAbsoluteUrl

    from pinboard.models.pin import PinQuerySet
    from users.models import User


P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def readers_deed(view: View[P]) -> View[P]:
    """A POST of somebody signed in. Others come back from the log-in to the page whose
    form it was: this address has none to show."""

    @wraps(view)
    def deed(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return redirect_to_login(_asked_for(request) or "/")

    return require_POST(deed)


def board_key(request: HttpRequest) -> str:
    return link_key_in(request.GET.get("key", ""))


def visible_pins(request: HttpRequest) -> PinQuerySet:
    return Pin.objects.visible_to(request.user, key=board_key(request))


def signed_in(request: HttpRequest) -> User:
    """The reader of a page that `login_required` guards."""
    user: User | AnonymousUser = request.user
    assert user.is_authenticated  # noqa: S101  narrows the type, login_required checked
    return user


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with; an empty POST is one too, and is refused."""
    return request.POST if request.method == "POST" else None


def refused(answer: HttpResponse, error: PinboardError) -> HttpResponse:
    """The page of a form whose work was refused: 422, or 429 with the time to wait."""
    answer.status_code = 422
    if isinstance(error, FetchQuotaReached):
        answer.status_code = error.status
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def back(
    request: HttpRequest, fallback: SupportsGetAbsoluteUrl | str
) -> HttpResponseRedirect:
    """To the page whose form this was, where it says so and is ours."""
    asked = _asked_for(request)
    return HttpResponseRedirect(asked) if asked else redirect(fallback)


def came_from(request: HttpRequest) -> str:
    """The page of ours on which a link was pressed, as far as the browser says so."""
    asked = _asked_for(request)
    if asked:
        return asked
    parts = urlsplit(str(request.META.get("HTTP_REFERER", "")))
    if parts.netloc != request.get_host() or not is_path_of_ours(parts.path):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _asked_for(request: HttpRequest) -> str:
    asked = request.POST.get("next", "")
    return asked if is_path_of_ours(asked) else ""
