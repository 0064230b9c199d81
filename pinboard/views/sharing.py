"""Passing an address on: to people by links and a QR code, to programs by oEmbed, to
browsers that install the site by its manifest."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import qrcode
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.http import require_safe
from qrcode.image.svg import SvgPathImage

from pinboard.discovery.tags import found, tagged
from pinboard.models import Board, Picture, Pin
from pinboard.pictures.urls import absolute, media_url
from pinboard.tag_names import key_of
from users.addresses import is_path_of_ours
from users.models import User

LONGEST_PATH = 500

# Where to, by what each asks for the address and a text.
NETWORKS = {
    "Weibo": ("https://service.weibo.com/share/share.php", "url", "title"),
    "X": ("https://x.com/intent/post", "url", "text"),
    "Facebook": ("https://www.facebook.com/sharer/sharer.php", "u", "quote"),
}


@require_safe
def share(request: HttpRequest) -> HttpResponse:
    """Ways to pass on a page of ours; what it shows is asked of nobody."""
    path = request.GET.get("path", "")
    if not is_path_of_ours(path) or len(path) > LONGEST_PATH:
        raise Http404
    url = settings.SITE_URL + path
    title = " ".join(request.GET.get("title", "").split())[:200]
    links = [
        (name, f"{address}?{urlencode({to: url, text: title})}")
        for name, (address, to, text) in NETWORKS.items()
    ]
    # Mail programs show a plus as a plus: spaces are written out.
    mail = f"mailto:?{urlencode({'subject': title, 'body': url}, quote_via=quote)}"
    page = {"url": url, "path": path, "links": links, "mail": mail, "title": title}
    return render(request, "pinboard/share.html", page | {"qr": _qr_of(url)})


@require_safe
def oembed(request: HttpRequest) -> HttpResponse:
    """https://oembed.com: a public pin as a photo, a board, a person or a tag as a
    link. What is not public does not exist."""
    if request.GET.get("format", "json") != "json":
        return JsonResponse({"error": "only json"}, status=501)
    parts = urlsplit(request.GET.get("url", "")[:2000])
    if parts.netloc and parts.netloc != urlsplit(settings.SITE_URL).netloc:
        raise Http404
    try:
        place = resolve(parts.path)
    except Resolver404 as error:
        raise Http404 from error
    read = _EMBEDDED.get(place.view_name)
    if read is None:
        raise Http404
    head = {
        "version": "1.0",
        "provider_name": "Pinboard",
        "provider_url": settings.SITE_URL,
    }
    answer = JsonResponse(head | read(**place.kwargs))
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """Installed, the site is offered where other apps share an address."""
    told = {
        "name": "Pinboard",
        "short_name": "Pinboard",
        "id": "/",
        "start_url": "/",
        "display": "standalone",
        "background_color": "#fcfaf7",
        "theme_color": "#fcfaf7",
        "icons": [
            {
                "src": static("img/icon.svg"),
                "sizes": "any",
                "type": "image/svg+xml",
                "purpose": "any",
            }
        ],
        "share_target": {
            "action": reverse("pinboard:pin-create"),
            "method": "GET",
            "params": {"title": "title", "text": "text", "url": "url"},
        },
    }
    return JsonResponse(told, content_type="application/manifest+json")


def _pin(pk: int) -> dict[str, Any]:
    pins = Pin.objects.public().select_related("picture", "pinner", "product")
    pin = get_object_or_404(pins, pk=pk)
    return {
        "type": "photo",
        "title": pin.shown_title,
        "author_name": str(pin.pinner),
        "author_url": settings.SITE_URL + pin.pinner.get_absolute_url(),
        **_photo(pin.picture, ""),
    }


def _board(pk: int, slug: str = "") -> dict[str, Any]:
    boards = Board.objects.visible_to(AnonymousUser()).select_related("owner")
    board = get_object_or_404(boards, pk=pk)
    newest = Pin.objects.public().filter(board=board).select_related("picture").first()
    return {
        "type": "link",
        "title": board.title,
        "author_name": str(board.owner),
        "author_url": settings.SITE_URL + board.owner.get_absolute_url(),
        **_photo(newest.picture if newest else None, "thumbnail_"),
    }


def _person(username: str) -> dict[str, Any]:
    person = get_object_or_404(User, username=username, is_active=True)
    newest = Pin.objects.public().filter(pinner=person).select_related("picture")
    pin = newest.first()
    return {
        "type": "link",
        "title": str(person),
        "author_name": str(person),
        "author_url": settings.SITE_URL + person.get_absolute_url(),
        **_photo(pin.picture if pin else None, "thumbnail_"),
    }


def _tag(slug: str) -> dict[str, Any]:
    newest = tagged(key_of(slug), AnonymousUser()).select_related("picture")
    pin = newest.order_by("-pk").first()
    tag = found(key_of(slug), AnonymousUser())
    if pin is None or tag is None:
        raise Http404
    return {
        "type": "link",
        "title": f"#{tag.name}",
        **_photo(pin.picture, "thumbnail_"),
    }


_EMBEDDED: dict[str, Callable[..., dict[str, Any]]] = {
    "pinboard:pin-detail": _pin,
    "pinboard:board-detail": _board,
    "pinboard:person-detail": _person,
    "pinboard:tag-detail": _tag,
}


def _photo(picture: Picture | None, prefix: str) -> dict[str, Any]:
    if picture is None:
        return {}
    shown = picture.link_preview
    return {
        f"{prefix}url": absolute(media_url(shown.path)),
        f"{prefix}width": shown.width,
        f"{prefix}height": shown.height,
    }


def _qr_of(url: str) -> str:
    """As a path that takes the colour of the words around it."""
    code = qrcode.QRCode(border=2, image_factory=SvgPathImage)
    code.add_data(url)
    stream = BytesIO()
    code.make_image().save(stream)
    drawn = stream.getvalue().decode()
    return drawn[drawn.index("<svg") :]
