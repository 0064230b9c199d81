"""The retailer's side: opening a shop, products with their rate, what is owed."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from commerce.actions.commissions import sync_commission
from commerce.actions.studio import set_rate
from commerce.models import RateCard
from commerce.sales_chart import sales_chart
from commerce.shop_figures import last_days, totals_of_shop
from pinboard.models import Product, Shop
from tests.factories import (
    make_board,
    make_click,
    make_line,
    make_link,
    make_pin,
    make_product,
    make_programme,
    make_shop,
    tell_line,
)


@pytest.fixture
def shop(rita):
    shop = rita.shops.get()
    shop.board = make_board(rita, "Rita's")
    shop.save()
    return shop


@pytest.fixture
def programme(shop):
    return make_programme(shop=shop, rate_bp=800)


@pytest.fixture
def as_rita(client, rita):
    client.force_login(rita)
    return client


def picture():
    written = io.BytesIO()
    Image.new("RGB", (400, 500), "#a04030").save(written, "JPEG")
    return SimpleUploadedFile("coat.jpg", written.getvalue(), "image/jpeg")


def wanted(**fields):
    return {
        "title": "Wool coat",
        "url": "https://shop.example/coat",
        "sku": "C-1",
        "price": "729.00",
        "currency": "CNY",
        "availability": "in_stock",
        "description": "Warm.",
        "rate": "9",
    } | fields


def rate_now(programme, product):
    return RateCard.objects.rate_for(programme, product).rate_bp


PAGES = ("/studio/", "/studio/products/", "/studio/products/new/", "/studio/orders/")


def test_the_studio_asks_to_log_in(client, db):
    for path in (*PAGES, "/studio/shop/new/", "/studio/products/1/edit/"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


def test_who_keeps_no_shop_is_led_to_opening_one(client, alice):
    client.force_login(alice)
    for path in PAGES:
        assert client.get(path)["Location"] == "/studio/shop/new/"
    assert client.get("/studio/shop/new/").status_code == 200


def test_a_shop_is_opened_and_has_its_board(client, alice):
    client.force_login(alice)
    body = {"name": "Moss & Linen", "host": "https://moss.example/", "description": ""}
    answer = client.post("/studio/shop/new/", body)
    assert answer["Location"] == "/studio/products/new/"
    shop = Shop.objects.get(owner=alice)
    assert shop.host == "moss.example"
    assert shop.board.owner == alice


@pytest.mark.parametrize(
    "body", [{"name": " "}, {"name": "x", "host": "no domain"}, {"name": "x" * 81}]
)
def test_a_shop_that_cannot_be_opened_is_422(client, alice, body):
    client.force_login(alice)
    answer = client.post("/studio/shop/new/", body)
    assert answer.status_code == 422
    assert 'class="err error"' in answer.content.decode()
    assert not Shop.objects.exists()


def test_a_domain_that_has_a_shop_opens_no_second(client, alice):
    make_shop(name="First", host="moss.example")
    client.force_login(alice)
    body = {"name": "Second", "host": "moss.example"}
    assert client.post("/studio/shop/new/", body).status_code == 422
    assert not Shop.objects.filter(owner=alice).exists()


def test_a_product_is_posted_with_its_rate_and_pinned_to_the_shops_board(
    as_rita, shop, programme
):
    answer = as_rita.post("/studio/products/new/", wanted(image=picture()))
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    product = Product.objects.get(shop=shop)
    assert (product.price_minor, product.currency) == (72900, "CNY")
    assert product.picture
    assert rate_now(programme, product) == 900
    assert shop.board.pins.get().product == product


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        ("5", "The lowest rate is 6%."),
        ("5.99", "The lowest rate is 6%."),
        ("10.01", "The highest rate is 10%."),
        ("99", "The highest rate is 10%."),
        ("-8", "Write the rate like 8 or 8.5."),
        ("eight", "Write the rate like 8 or 8.5."),
        ("８", "Write the rate like 8 or 8.5."),
    ],
)
def test_a_rate_outside_the_programmes_is_refused_beside_its_field(
    as_rita, shop, programme, rate, words
):
    body = wanted(image=picture(), rate=rate)
    answer = as_rita.post("/studio/products/new/", body)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert words in html
    assert "Wool coat" in html  # what was filled in stays
    assert not Product.objects.exists()


@pytest.mark.parametrize(("rate", "bp"), [("6", 600), ("8,5", 850), ("10 %", 1000)])
def test_a_rate_may_be_written_in_several_ways(as_rita, shop, programme, rate, bp):
    as_rita.post("/studio/products/new/", wanted(image=picture(), rate=rate))
    assert rate_now(programme, Product.objects.get()) == bp


def test_without_a_rate_the_programmes_own_holds(as_rita, shop, programme):
    as_rita.post("/studio/products/new/", wanted(image=picture(), rate=""))
    product = Product.objects.get()
    assert rate_now(programme, product) == 800
    assert not RateCard.objects.filter(product=product).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", "1e3"),
        ("price", "-5"),
        ("price", ""),
        ("price", "1.999"),
        ("currency", "USD"),
        ("currency", "yuan"),
        ("url", "javascript:alert(1)"),
        ("url", "no address"),
        ("title", " "),
        ("availability", "soon"),
        ("sku", ""),
    ],
)
def test_a_field_that_does_not_fit_is_refused_and_nothing_is_posted(
    as_rita, shop, programme, field, value
):
    body = wanted(image=picture(), **{field: value})
    answer = as_rita.post("/studio/products/new/", body)
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert not Product.objects.exists()


def test_a_text_for_a_picture_is_refused_and_leaves_nothing_behind(
    as_rita, shop, programme
):
    image = SimpleUploadedFile("coat.jpg", b"no picture at all", "image/jpeg")
    answer = as_rita.post("/studio/products/new/", wanted(image=image))
    assert answer.status_code == 422
    assert answer.context["form"].errors["image"]
    assert not Product.objects.exists()
    assert not RateCard.objects.exclude(product=None).exists()


def test_a_product_is_changed_and_its_rate_history_stays(as_rita, shop, programme):
    product = make_product(shop, sku="C-1", url="https://shop.example/coat")
    set_rate(programme=programme, product=product, rate_bp=900)
    body = wanted(title="Wool coat, red", rate="7")
    answer = as_rita.post(f"/studio/products/{product.pk}/edit/", body)
    assert answer.status_code == 302, answer.context["form"].errors
    product.refresh_from_db()
    assert product.title == "Wool coat, red"
    assert Product.objects.count() == 1
    assert rate_now(programme, product) == 700
    old, new = RateCard.objects.filter(product=product).order_by("pk")
    assert (old.rate_bp, new.rate_bp) == (900, 700)
    assert old.valid.upper == new.valid.lower


def test_the_form_of_a_product_shows_its_own_rate(as_rita, shop, programme):
    product = make_product(shop, sku="C-1")
    edit = f"/studio/products/{product.pk}/edit/"
    assert 'name="rate" value' not in as_rita.get(edit).content.decode()
    set_rate(programme=programme, product=product, rate_bp=850)
    assert 'value="8.5"' in as_rita.get(edit).content.decode()


def test_a_rate_that_stays_makes_no_new_card(shop, programme):
    product = make_product(shop)
    first = set_rate(programme=programme, product=product, rate_bp=900)
    assert set_rate(programme=programme, product=product, rate_bp=900) == first
    assert RateCard.objects.filter(product=product).count() == 1


def test_a_rate_that_is_taken_away_gives_the_programmes_back(shop, programme):
    product = make_product(shop)
    set_rate(programme=programme, product=product, rate_bp=900)
    set_rate(programme=programme, product=product, rate_bp=None)
    assert rate_now(programme, product) == 800


def test_a_rate_ends_where_a_planned_one_begins(shop, programme):
    product = make_product(shop)
    later = timezone.now() + timedelta(days=7)
    RateCard.objects.create(
        programme=programme,
        product=product,
        scope_key=RateCard.key_of(product),
        rate_bp=1000,
        valid=(later, None),
    )
    card = set_rate(programme=programme, product=product, rate_bp=700)
    card.refresh_from_db()
    assert card.valid.upper == later


def test_nobody_changes_the_product_of_another_shop(client, alice, shop):
    make_shop(owner=alice)
    product = make_product(shop, sku="C-1")
    client.force_login(alice)
    edit = f"/studio/products/{product.pk}/edit/"
    assert client.get(edit).status_code == 404
    assert client.post(edit, wanted()).status_code == 404
    assert client.get(f"/studio/products/{10**30}/edit/").status_code == 404


def sell(programme, product, board, **fields):
    pin = make_pin(board, product=product)
    click = make_click(make_link(programme=programme, pin=pin))
    line = make_line(programme, click=click, product=product, **fields)
    return sync_commission(line=line)


def test_the_overview_counts_what_came_by_pins(as_rita, shop, programme, alice):
    product, board = make_product(shop, title="Silk top"), make_board(alice)
    sell(programme, product, board)
    tell_line(sell(programme, product, board).line, status="invalid")
    html = as_rita.get("/studio/").content.decode()
    totals = totals_of_shop(shop, last_days(30), "CNY")
    assert (totals.clicks.now, totals.orders.now, totals.kept) == (2, 2, 1)
    assert (totals.sales.now, totals.owed.now) == (20_000, 800)
    assert "¥200" in html
    assert "¥8.00" in html
    assert "Silk top" in html
    assert "alice" in html


def test_figures_are_compared_with_the_period_before(shop, programme, alice):
    product, board = make_product(shop), make_board(alice)
    sell(programme, product, board, paid_minor=15_000)
    before = timezone.now() - timedelta(days=40)
    sell(programme, product, board, created_at=before)
    totals = totals_of_shop(shop, last_days(30), "CNY")
    assert (totals.sales.now, totals.sales.before) == (15_000, 10_000)
    assert totals.sales.change_percent == 50
    assert totals_of_shop(shop, last_days(7), "CNY").sales.change_percent is None


def test_figures_of_other_shops_stay_out(as_rita, shop, programme, alice):
    other = make_programme(shop=make_shop())
    sell(other, make_product(other.shop, title="Theirs"), make_board(alice))
    assert totals_of_shop(shop, last_days(30), "CNY").orders.now == 0
    for path in ("/studio/", "/studio/products/", "/studio/orders/"):
        assert "Theirs" not in as_rita.get(path).content.decode()


def test_orders_say_what_is_owed_and_why(as_rita, shop, programme, alice):
    product, board = make_product(shop), make_board(alice)
    kept = sell(programme, product, board)
    back = sell(programme, product, board)
    tell_line(back.line, refunded_minor=10_000)
    html = as_rita.get("/studio/orders/").content.decode()
    assert kept.line.order_id in html
    assert "8%" in html
    assert "¥8.00" in html
    assert "the buyer sent it back" in html


def test_what_is_nobodys_is_not_shown_to_the_shop(as_rita, programme):
    commission = sync_commission(line=make_line(programme))
    assert (
        commission.line.order_id not in as_rita.get("/studio/orders/").content.decode()
    )


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("path", ["/studio/", "/studio/products/", "/studio/orders/"])
def test_pages_ask_the_same_number_of_questions_at_any_length(
    as_rita, shop, programme, alice, path, count, django_assert_max_num_queries
):
    board = make_board(alice)
    for _ in range(count):
        sell(programme, make_product(shop), board)
    with django_assert_max_num_queries(16):
        assert as_rita.get(path).status_code == 200


@pytest.mark.parametrize("days", ["7", "90", "30", "", "x", "9" * 50])
def test_any_period_can_be_asked_for(as_rita, shop, programme, days):
    assert as_rita.get("/studio/", {"days": days}).status_code == 200


def test_an_empty_shop_is_shown_the_next_step(as_rita, shop):
    html = as_rita.get("/studio/").content.decode()
    assert "No products yet" in html
    assert "/studio/products/new/" in html


def test_the_line_of_sales_has_a_round_scale_and_a_sentence():
    period = last_days(7)
    by_day = {period.first: 410_000, period.last: 100_000}
    chart = sales_chart(by_day, period, "CNY")
    assert chart.amounts == ["¥5k", "¥4k", "¥3k", "¥2k", "¥1k", "¥0"]
    assert chart.now.startswith("M0 54L")
    assert chart.now.endswith("L1000 240")
    assert "¥5,100 in all, at most ¥4,100 a day" in chart.sentence
    assert len(chart.table) == 7


def test_no_sales_make_a_flat_line():
    chart = sales_chart({}, last_days(30), "JPY")
    assert "NaN" not in chart.now
    assert chart.now.endswith("L1000 300")
