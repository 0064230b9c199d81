from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest

from pinboard.discovery.keyset import BadCursor, Page, page_of

M = TypeVar("M", bound=Model)


def page_or_404(request: HttpRequest, rows: QuerySet[M], **options: Any) -> Page[M]:
    """The page that `?cursor=` asks for; what is no cursor of ours is not found."""
    try:
        return page_of(rows, request.GET.get("cursor"), **options)
    except BadCursor as error:
        raise Http404 from error
