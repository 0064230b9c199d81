from __future__ import annotations

from typing import Any, TypeVar

from django import forms
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from pinboard.discovery import search as finding
from pinboard.discovery.covers import load_covers, with_cover_ids
from pinboard.discovery.keyset import Page
from pinboard.discovery.tags import facets_of
from pinboard.tag_forms import TagsField
from pinboard.tag_names import key_of
from pinboard.views.paging import page_or_404

M = TypeVar("M", bound=Model)

KINDS = [
    ("pins", _("Pins")),
    ("boards", _("Boards")),
    ("people", _("People")),
    ("products", _("Products")),
]
FILTER_FIELDS = ("price_min", "price_max", "shop", "in_stock", "tag")
HIGHEST_PRICE = 10**12


class SearchForm(forms.Form):
    """Every filter is a GET parameter, so that a search can be linked to."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200)
    kind = forms.ChoiceField(choices=KINDS, required=False)
    price_min = forms.DecimalField(
        label=_("Price from"), required=False, min_value=0, max_value=HIGHEST_PRICE
    )
    price_max = forms.DecimalField(
        label=_("Price to"), required=False, min_value=0, max_value=HIGHEST_PRICE
    )
    shop = forms.SlugField(label=_("Shop"), required=False, max_length=60)
    in_stock = forms.BooleanField(label=_("In stock"), required=False)
    tag = TagsField(label=_("Tag"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("price_min", "price_max", "shop", "tag"):
            field = self.fields[name]
            field.widget.attrs["placeholder"] = field.label

    def filters(self) -> finding.Filters:
        wanted = self.cleaned_data
        lowest, highest = wanted["price_min"], wanted["price_max"]
        return finding.Filters(
            price_min=None if lowest is None else int(lowest * 100),
            price_max=None if highest is None else int(highest * 100),
            shop=wanted["shop"],
            in_stock=wanted["in_stock"],
            tags=tuple(key_of(name) for name in wanted["tag"]),
        )


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    page: dict[str, object] = {
        "form": form,
        "filter_fields": [form[name] for name in FILTER_FIELDS],
        "kinds": KINDS,
        "kind": "pins",
    }
    if not form.is_valid():
        page["search_text"] = form["q"].value() or ""
        page["kind"] = form.cleaned_data.get("kind") or "pins"
        return render(request, "pinboard/search.html", page, status=400)
    kind = form.cleaned_data["kind"] or "pins"
    q = form.cleaned_data["q"]
    page |= {"kind": kind, "search_text": q, "has_filters": kind in _FILTERED}
    if kind != "pins":  # which alone have tags
        page["filter_fields"] = [form[name] for name in FILTER_FIELDS[:-1]]
    page |= _FINDERS[kind](request, q, form.filters())
    return render(request, "pinboard/search.html", page)


def _pins(request: HttpRequest, q: str, filters: finding.Filters) -> dict[str, object]:
    viewer = request.user
    found = finding.search_pins(q, viewer, filters)
    page = _page(
        request,
        found.with_card_data(viewer),
        finding.pins_alike(q, viewer, filters).with_card_data(viewer),
    )
    return {
        "pins": page.items,
        "next_cursor": page.next_cursor,
        "facets": facets_of(found, filters.tags),
    }


def _boards(request: HttpRequest, q: str, _: finding.Filters) -> dict[str, object]:
    found = with_cover_ids(finding.search_boards(q, request.user))
    alike = with_cover_ids(finding.boards_alike(q, request.user))
    page = _page(request, found, alike)
    load_covers(page.items)
    return {"boards": page.items, "next_cursor": page.next_cursor}


def _people(request: HttpRequest, q: str, _: finding.Filters) -> dict[str, object]:
    page = page_or_404(request, finding.search_people(q))
    return {"people": page.items, "next_cursor": page.next_cursor}


def _products(
    request: HttpRequest, q: str, filters: finding.Filters
) -> dict[str, object]:
    found = finding.search_products(q, filters)
    page = _page(request, found, finding.products_alike(q, filters))
    return {"products": page.items, "next_cursor": page.next_cursor}


def _page(request: HttpRequest, found: QuerySet[M], alike: QuerySet[M]) -> Page[M]:
    """What has the words; where nothing has them, what is spelt much like them."""
    page = page_or_404(request, found)
    return page if page.items else page_or_404(request, alike)


_FINDERS = {
    "pins": _pins,
    "boards": _boards,
    "people": _people,
    "products": _products,
}
_FILTERED = {"pins", "products"}
