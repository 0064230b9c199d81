"""A retailer's products through the API."""

import pytest
from django.core.cache import cache

from pinboard.models import Product
from tests.factories import make_product, make_shop, make_token

JSON = "application/json"
COAT = {
    "sku": "C-1",
    "title": "Wool coat",
    "url": "https://shop.example/coat",
    "price_minor": 72900,
    "currency": "CNY",
    "availability": "in_stock",
}


@pytest.fixture(autouse=True)
def _fresh_rates():
    cache.clear()


def call(client, user, method, path, body, status):
    headers = {}
    if user:
        headers["HTTP_AUTHORIZATION"] = f"Bearer {make_token(user)}"
    send = getattr(client, method)
    answer = send(f"/api/v1{path}", body, content_type=JSON, **headers)
    assert answer.status_code == status, answer.content[:300]
    return answer.json()


def test_a_product_is_posted_and_the_second_time_changed(client, rita):
    told = call(client, rita, "post", "/products", COAT, 201)
    product = Product.objects.get()
    assert told["id"] == product.pk
    assert told["shop"] == rita.shops.get().slug
    assert told["price_minor"] == 72900
    assert told["price_at"]
    again = COAT | {"title": "Wool coat, red", "price_minor": 69900}
    told = call(client, rita, "post", "/products", again, 200)
    assert told["id"] == product.pk
    assert (told["title"], told["price_minor"]) == ("Wool coat, red", 69900)
    assert Product.objects.count() == 1


def test_a_shopper_posts_no_products_whatever_the_body(client, alice):
    for body in (COAT, {"sku": "1", "title": "Coat"}, {}):
        error = call(client, alice, "post", "/products", body, 403)["error"]
        assert error["code"] == "no_shop"
    assert not Product.objects.exists()


def test_without_a_token_or_its_scope_nothing_is_posted(client, rita):
    call(client, None, "post", "/products", COAT, 401)
    secret = make_token(rita, "write")
    answer = client.post(
        "/api/v1/products",
        COAT,
        content_type=JSON,
        HTTP_AUTHORIZATION=f"Bearer {secret}",
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku", " "),
        ("title", ""),
        ("url", "javascript:alert(1)"),
        ("url", "words"),
        ("price_minor", -1),
        ("price_minor", 7.5),
        ("price_minor", "72900"),
        ("price_minor", 10**15),
        ("currency", "yuan"),
        ("currency", None),
        ("availability", "soon"),
        ("shop", "another"),
    ],
)
def test_a_field_that_does_not_fit_is_named(client, rita, field, value):
    error = call(client, rita, "post", "/products", COAT | {field: value}, 422)["error"]
    assert list(error["fields"]) == [field]
    assert not Product.objects.exists()


def test_what_a_change_leaves_out_stays(client, rita):
    call(client, rita, "post", "/products", COAT, 201)
    product = Product.objects.get()
    path = f"/products/{product.pk}"
    told = call(client, rita, "patch", path, {"availability": "sold_out"}, 200)
    assert told["availability"] == "sold_out"
    assert told["title"] == "Wool coat"
    assert told["price_minor"] == 72900
    seen_at = Product.objects.get().price_at
    assert seen_at == product.price_at  # nobody said that the price is fresh
    told = call(client, rita, "patch", path, {"price_minor": 100}, 200)
    assert (told["price_minor"], told["currency"]) == (100, "CNY")


def test_nobody_changes_a_product_of_another_shop(client, rita, alice):
    make_shop(owner=alice)
    product = make_product(rita.shops.get(), sku="C-1")
    path = f"/products/{product.pk}"
    call(client, alice, "patch", path, {"title": "Mine"}, 404)
    call(client, rita, "patch", "/products/99999", {"title": "x"}, 404)
    product.refresh_from_db()
    assert product.title != "Mine"


def test_the_same_sku_in_two_shops_is_two_products(client, rita, alice):
    make_shop(owner=alice)
    call(client, rita, "post", "/products", COAT, 201)
    other = COAT | {"url": "https://other.example/coat"}
    call(client, alice, "post", "/products", other, 201)
    assert Product.objects.count() == 2


def test_everybody_reads_a_product(client, rita):
    product = make_product(rita.shops.get())
    answer = client.get(f"/api/v1/products/{product.pk}")
    assert answer.json()["title"] == product.title
    assert client.get("/api/v1/products/none").status_code == 404
