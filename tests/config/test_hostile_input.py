"""Whatever is sent to whichever address, the answer is never that we broke."""

import re
import uuid
from itertools import cycle

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils.http import urlencode

from tests.factories import make_board, make_pin, make_product, make_shop, make_token

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
FIELDS = (
    "next board title text reply_to url image avatar visibility scopes name cursor q "
    "key tab order kind price_min price_max shop in_stock login password password1 "
    "email username language theme description alt new_board picture_url price "
    "currency again after reply draft display_name bio host sku availability code on "
    "address by state side one deed suggestion pin descriptions suggestions "
    "product spot across down"
).split()
VALUES = [
    "http://[",
    "9" * 30,
    "\0",
    "//evil.example",
    "1e999999",
    "@\u017fam \u202e",
    "javascript:alert(1)",
    "-1",
    "\r\nSet-Cookie: a=b",
    "foo",
    "<script>'\"",
    "x" * 3000,
    "",
]
SHIFTS = range(0, len(VALUES), 2)
# Programs speak to these, with a key of their own.
WITHOUT_TOKEN = ("/api/v1/", "/commerce/postbacks/")


def form(shift):
    """Each field with a value of its own; another one at each shift."""
    values = VALUES[shift:] + VALUES[:shift]
    return urlencode(list(zip(FIELDS, cycle(values), strict=False)))


def patterns(resolver, before=""):
    for pattern in resolver.url_patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, address)
        else:
            yield address


def addresses():
    """Every address of the site with its gaps named, but for the admin's inside."""
    for pattern in patterns(get_resolver()):
        address = "/" + re.sub(r"[\^$]", "", pattern)
        if not address.startswith("/admin/"):
            yield address


def filled(address, known, other):
    address = address.replace("<uuid:pk>", "<uuid>")
    gaps = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>(?:\[[^]]*\]|[^()])*\)")
    return gaps.sub(lambda gap: str(known.get(gap[1] or gap[2], other)), address)


@pytest.fixture
def known(alice):
    """Ids of things that exist, by the name of the gap they fill."""
    board, shop = make_board(alice), make_shop(owner=alice)
    product = make_product(shop)
    pin = make_pin(board, product=product)
    return {
        "pk": pin.pk,
        "pin_id": pin.pk,
        "board_id": board.pk,
        "product_id": product.pk,
        "name": "alice",
        "username": "alice",
        "slug": shop.slug,
        "public_id": uuid.uuid4(),
        "deed": uuid.uuid4(),
        "uuid": uuid.uuid4(),
        "secret": "x" * 32,
        "path": "private/aa/a.webp",
    }


@pytest.fixture
def ask(client, alice, settings):
    """A request of alice's, by session and by token; the status of its answer."""
    cache.clear()
    settings.ACCOUNT_RATE_LIMITS = False
    token = f"Bearer {make_token(alice)}"
    client.raise_request_exception = False
    client.force_login(alice)

    def status(method, address, body=b"", kind="text/plain", **more):
        if address.startswith("/api/"):
            more["HTTP_AUTHORIZATION"] = token
        return client.generic(method, address, body, kind, **more).status_code

    return status


ADDRESSES = sorted(set(addresses()))


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_breaks(ask, known, address):
    there = filled(address, known, 1)
    for shift in SHIFTS:
        assert ask("GET", there, QUERY_STRING=form(shift)) < 500, shift
        assert ask("POST", there, form(shift), FORM) < 500, shift
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"):
        body = b'{"title": 1, "text": [], "board": {}, "url": null}'
        assert ask(method, there, body, "application/json") < 500, method
    nowhere = filled(address, {}, "9" * 30)
    assert ask("GET", nowhere, QUERY_STRING=form(0)) < 500
    assert ask("POST", nowhere, form(0), FORM) < 500


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_done_by_a_form_without_its_token(known, alice, address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(filled(address, known, 1), {"title": "x"})
    assert answer.status_code == 403 or address.startswith(WITHOUT_TOKEN)
