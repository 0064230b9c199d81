from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router

from config.api.auth import OPTIONAL, public, user_of, viewer_of, writer
from config.api.pages import REFUSALS, pin_page
from config.api.schemas import ActiveOut, PageOut, PersonOut, PinOut
from config.api.shapes import person_out
from pinboard.actions.social import follow_person, unfollow_person
from pinboard.models import Pin
from users.models import User

router = Router(tags=["people"])


@router.get(
    "/people/{name}",
    auth=public,
    openapi_extra=OPTIONAL,
    response={200: PersonOut, **REFUSALS},
)
def person_detail(request: HttpRequest, name: str) -> PersonOut:
    """Somebody, by user name."""
    return person_out(_person(name))


@router.get(
    "/people/{name}/pins",
    auth=public,
    openapi_extra=OPTIONAL,
    response={200: PageOut[PinOut], **REFUSALS},
)
def person_pins(
    request: HttpRequest, name: str, cursor: str | None = None
) -> PageOut[PinOut]:
    """What somebody pinned, newest first."""
    pins = Pin.objects.visible_to(viewer_of(request)).filter(pinner=_person(name))
    return pin_page(request, pins, cursor)


@router.put("/people/{name}/follow", auth=writer, response={200: ActiveOut, **REFUSALS})
def person_follow(request: HttpRequest, name: str) -> ActiveOut:
    """Follow somebody, once; oneself never."""
    user, person = user_of(request), _person(name)
    count = follow_person(person=person, by=user)
    return ActiveOut(active=person.pk != user.pk, count=count)


@router.delete(
    "/people/{name}/follow", auth=writer, response={200: ActiveOut, **REFUSALS}
)
def person_unfollow(request: HttpRequest, name: str) -> ActiveOut:
    """Follow somebody no longer."""
    count = unfollow_person(person=_person(name), by=user_of(request))
    return ActiveOut(active=False, count=count)


def _person(name: str) -> User:
    try:
        username = User._meta.get_field("username").clean(name.lower(), None)
    except ValidationError as error:
        raise Http404 from error
    people = User.objects.filter(is_active=True, closed_at=None)
    return get_object_or_404(people, username=username)
