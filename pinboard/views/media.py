"""Pictures. Each request asks anew whether the viewer may see the file."""

from __future__ import annotations

import mimetypes

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.views.decorators.http import require_safe

from pinboard.actions.pictures import is_shown_to_all
from pinboard.models import DraftPicture, Picture, Pin
from pinboard.pictures.names import PRIVATE, copies_of, name_in, original_of
from pinboard.views.access import visible_pins

PUBLIC_CACHE = "public, max-age=31536000, immutable"
REDIRECT_CACHE = "public, max-age=300"  # the signed address lives for ten minutes
PRIVATE_CACHE = "private, no-store"
# What everybody may see lies at a private name as well, where it plays on each hover.
SEEN_CACHE = "private, max-age=3600"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    picture = Picture.objects.filter(name=name_in(path), is_ready=True).first()
    if picture is None or not _is_of(picture, path):
        raise Http404
    is_private = path.startswith(PRIVATE)
    if not (_may_see(request, picture) if is_private else picture.is_public):
        raise Http404
    response = _redirect(path) if settings.MEDIA_S3_BUCKET else _file(request, path)
    for name, value in HEADERS.items():
        response.headers[name] = value
    if is_private:
        is_seen = picture.is_public and path == original_of(picture)
        response.headers["Cache-Control"] = SEEN_CACHE if is_seen else PRIVATE_CACHE
    elif settings.MEDIA_S3_BUCKET:
        response.headers["Cache-Control"] = REDIRECT_CACHE
    else:
        response.headers["Cache-Control"] = PUBLIC_CACHE
    return response


def _is_of(picture: Picture, path: str) -> bool:
    """Whether we made this very file: no width that the picture does not have."""
    if path == original_of(picture):
        return True
    return path.removeprefix(PRIVATE) in copies_of(picture)


def _may_see(request: HttpRequest, picture: Picture) -> bool:
    """By the rule for pins, but for what a product, a profile, one's own draft or one's
    own trash shows."""
    if visible_pins(request).filter(picture=picture).exists():
        return True
    if is_shown_to_all(picture):
        return True
    offered = DraftPicture.objects.visible_to(request.user).filter(picture=picture)
    gone = Pin.objects.thrown_away_by(request.user).filter(picture=picture)
    return offered.exists() or gone.exists()


def _redirect(path: str) -> HttpResponse:
    return HttpResponseRedirect(default_storage.url(path))


def _file(request: HttpRequest, path: str) -> FileResponse:
    # Pictures are compressed already; gzip would only cost time.
    request.META["HTTP_ACCEPT_ENCODING"] = "identity"
    try:
        file = default_storage.open(path)
    except FileNotFoundError as error:
        raise Http404 from error
    kind, _ = mimetypes.guess_type(path)
    return FileResponse(file, content_type=kind or "application/octet-stream")
