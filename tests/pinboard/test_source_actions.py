import zlib
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from pinboard.actions.boards import edit_board
from pinboard.actions.pins import pin_address
from pinboard.actions.quotas import check_quota
from pinboard.actions.sources import (
    read_address_of_pin,
    read_draft,
    start_draft,
)
from pinboard.actions.visits import MAX_AT_ONCE, opened
from pinboard.exceptions import AddressRefused, FetchQuotaReached
from pinboard.models import (
    DraftReadJob,
    JobState,
    PinDraft,
    PinFetchJob,
    PinState,
    Product,
    Shop,
    Visibility,
)
from pinboard.sources.addresses import url_key
from pinboard.sources.extract import PageFacts
from pinboard.sources.fetch import Deadline
from tests.factories import make_board, make_product
from tests.loopback import redirects, running, sends
from tests.pictures import draw

COAT = b"""<!doctype html><html lang="en"><head><title>Red coat | A shop</title>
<link rel="canonical" href="/coats/red">
<script type="application/ld+json">{"@type": "Product", "name": "Red coat",
 "sku": "RC-1", "brand": {"name": "Qiao"}, "image": ["/icon.png", "/coat.jpg"],
 "offers": {"price": "199.00", "priceCurrency": "CNY",
            "availability": "https://schema.org/InStock"}}</script>
</head><body><h1>Red coat</h1><p class="price">CNY 199.00</p></body></html>"""


@pytest.fixture
def site(settings):
    with running() as site:
        settings.FETCH_ALLOWED_HOSTS = [site.name]
        site.pages["/coats/red"] = COAT
        site.pages["/coats/red?utm_source=mail"] = COAT
        site.pages["/coat.jpg"] = draw(640, 480)
        site.pages["/icon.png"] = draw(32, 32, "PNG")
        yield site


def pinned(by, url, **fields):
    """What the worker makes of an address."""
    board = fields.pop("board", None) or make_board(by)
    pin = pin_address(by=by, board=board, url=url, **fields)
    return worked(pin)


def worked(pin):
    read_address_of_pin(PinFetchJob.objects.take(pin.fetch_job.pk))
    pin.refresh_from_db()
    pin.fetch_job.refresh_from_db()
    return pin


def test_a_pin_from_a_product_page_gets_its_picture_product_and_words(alice, site):
    pin = pinned(alice, f"{site.url}/coats/red?utm_source=mail")
    assert pin.error_code == ""
    assert (pin.picture.width, pin.picture.height) == (640, 480)
    assert (pin.title, pin.alt) == ("Red coat", "Red coat")
    product = pin.product
    assert (product.title, product.brand, product.sku) == ("Red coat", "Qiao", "RC-1")
    assert (product.price_minor, product.currency) == (19900, "CNY")
    assert product.availability == "in_stock"
    assert product.url == f"{site.url}/coats/red"
    assert product.shop.host == site.name
    assert product.shop.owner is None
    assert pin.fetch_job.state == JobState.DONE


def test_the_words_that_somebody_typed_win_over_the_pages(alice, site):
    pin = pinned(alice, f"{site.url}/coats/red", title="For winter", alt="A coat")
    assert (pin.title, pin.alt) == ("For winter", "A coat")


def test_the_same_page_by_another_address_is_the_same_product(alice, bob, site):
    first = pinned(alice, f"{site.url}/coats/red")
    again = pinned(bob, f"{site.url}/coats/red?utm_source=mail#reviews")
    assert first.product == again.product
    assert Product.objects.count() == Shop.objects.count() == 1


def test_a_known_product_keeps_the_shop_and_the_words_of_its_retailer(
    alice, rita, site
):
    url = f"{site.url}/coats/red"
    shop = rita.shops.get()
    known = make_product(shop, title="Rita's coat", url=url, url_key=url_key(url))
    pin = pinned(alice, f"{url}?utm_source=mail")
    assert pin.product == known
    assert pin.title == "Rita's coat"
    known.refresh_from_db()
    assert (known.title, known.shop, known.price_minor) == ("Rita's coat", shop, 19900)
    assert known.picture is None


def test_an_unclaimed_product_takes_the_price_of_the_day(alice, site):
    url = f"{site.url}/coats/red"
    known = make_product(url=url, url_key=url_key(url), price_minor=24900)
    pinned(alice, url)
    known.refresh_from_db()
    assert known.price_minor == 19900
    assert known.price_points.get().price_minor == 19900


def test_a_picture_address_is_pinned_without_a_product(alice, site):
    pin = pinned(alice, f"{site.url}/coat.jpg")
    assert pin.picture.width == 640
    assert pin.product is None


def test_redirects_end_at_the_products_own_address(alice, site):
    site.pages["/share/7"] = redirects("/coats/red")
    assert pinned(alice, f"{site.url}/share/7").product.url == f"{site.url}/coats/red"


def test_what_comes_of_a_secret_board_makes_no_public_product(alice, site):
    board = make_board(alice, visibility=Visibility.SECRET)
    pin = pinned(alice, f"{site.url}/coats/red", board=board)
    assert pin.picture is not None
    assert pin.product is None
    assert not Product.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_board_that_turns_secret_while_the_page_is_read_makes_no_product(alice, site):
    board = make_board(alice)
    coat = site.pages["/coat.jpg"]

    def turns_secret(handler):
        edit_board(board=board, by=alice, visibility=Visibility.SECRET)
        connection.close()
        sends(coat, "image/jpeg")(handler)

    site.pages["/coat.jpg"] = turns_secret
    pin = pinned(alice, f"{site.url}/coats/red", board=board)
    assert pin.picture is not None
    assert not Product.objects.exists()


def test_a_known_product_is_attached_on_a_secret_board_too(alice, site):
    url = f"{site.url}/coats/red"
    known = make_product(url=url, url_key=url_key(url))
    board = make_board(alice, visibility=Visibility.SECRET)
    assert pinned(alice, url, board=board).product == known
    known.refresh_from_db()
    assert known.picture is None


def test_a_small_picture_is_taken_where_there_is_no_larger_one(alice, site):
    del site.pages["/coat.jpg"]
    assert pinned(alice, f"{site.url}/coats/red").picture.width == 32


@pytest.mark.parametrize(
    ("path", "answer", "code"),
    [
        ("/gone", None, "address_unreachable"),
        (
            "/empty",
            b"<!doctype html><title>Nothing here</title><p>A text",
            "no_picture",
        ),
        ("/report", sends(b"%PDF-1.7" + b" " * 99, "application/pdf"), "not_a_page"),
        ("/huge", sends(b"<html>" + b"x" * 4_200_000, "text/html"), "too_large"),
    ],
)
def test_a_pin_fails_with_a_reason_people_can_read(alice, site, path, answer, code):
    site.pages[path] = answer
    pin = pinned(alice, site.url + path)
    assert (pin.state, pin.error_code) == (PinState.FAILED, code)
    assert (pin.fetch_job.state, pin.fetch_job.error_code) == (JobState.FAILED, code)


def test_a_picture_that_is_none_fails_the_pin(alice, site):
    site.pages["/coat.jpg"] = sends(b"\xff\xd8\xff no picture at all", "image/jpeg")
    pin = pinned(alice, f"{site.url}/coat.jpg")
    assert (pin.state, pin.error_code) == (PinState.FAILED, "picture_broken")


def test_a_page_whose_pictures_lead_inside_has_none(alice, site, settings):
    with running() as canary:
        inside = f'<meta property="og:image" content="{canary.url}/secret.jpg">'
        site.pages["/trap"] = f"<html><title>Trap</title>{inside}".encode()
        pin = pinned(alice, f"{site.url}/trap")
        assert pin.error_code == "no_picture"
        assert canary.connections == 0


def test_a_job_that_is_done_twice_reads_the_page_once(alice, site):
    pin = pinned(alice, f"{site.url}/coats/red")
    asked = len(site.requests)
    read_address_of_pin(PinFetchJob.objects.get(pk=pin.fetch_job.pk))
    assert len(site.requests) == asked


def test_a_draft_gets_the_facts_of_its_page(alice, site):
    draft = start_draft(by=alice, url=f"{site.url}/coats/red")
    read_draft(DraftReadJob.objects.take(draft.job.pk))
    draft.refresh_from_db()
    facts = PageFacts.from_json(draft.facts)
    assert facts.title == "Red coat"
    assert facts.images == [f"{site.url}/coat.jpg", f"{site.url}/icon.png"]
    assert DraftReadJob.objects.get().state == JobState.DONE


def test_a_draft_of_a_picture_offers_that_picture(alice, site):
    draft = start_draft(by=alice, url=f"{site.url}/coat.jpg")
    read_draft(DraftReadJob.objects.take(draft.job.pk))
    draft.refresh_from_db()
    assert draft.facts["images"] == [f"{site.url}/coat.jpg"]


def test_a_draft_without_pictures_fails(alice, site):
    site.pages["/empty"] = b"<!doctype html><title>Nothing here</title><p>A text"
    draft = start_draft(by=alice, url=f"{site.url}/empty")
    read_draft(DraftReadJob.objects.take(draft.job.pk))
    job = DraftReadJob.objects.get()
    assert (job.state, job.error_code) == (JobState.FAILED, "no_picture")


def test_a_forbidden_address_starts_no_draft(alice):
    with pytest.raises(AddressRefused):
        start_draft(by=alice, url="http://127.0.0.1/")
    assert not DraftReadJob.objects.exists()


def test_pins_and_drafts_of_the_last_hour_count_together(alice, bob, settings):
    settings.FETCHES_PER_HOUR = 3
    start_draft(by=alice, url="https://shop.example/1")
    pin_address(by=alice, board=make_board(alice), url="https://shop.example/2")
    start_draft(by=alice, url="https://shop.example/3")
    with pytest.raises(FetchQuotaReached) as refusal:
        start_draft(by=alice, url="https://shop.example/4")
    assert refusal.value.status == 429
    assert 0 < refusal.value.retry_after_s <= 3601
    start_draft(by=bob, url="https://shop.example/4")


def test_what_is_older_than_an_hour_counts_no_more(alice, settings):
    settings.FETCHES_PER_HOUR = 1
    start_draft(by=alice, url="https://shop.example/1")
    PinDraft.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    check_quota(alice)


def test_a_sixth_visitor_of_one_host_waits_for_a_place(alice, site, settings):
    """The places are taken by another worker's connection to PostgreSQL."""
    name = zlib.crc32(site.name.encode()) - 2**31
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            for place in range(MAX_AT_ONCE):
                cursor.execute("SELECT pg_advisory_lock(%s, %s)", [name, place])
            with pytest.raises(AddressRefused):
                opened(f"{site.url}/coats/red", Deadline(0.3))
            assert site.connections == 0
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [name, 2])
        assert opened(f"{site.url}/coats/red", Deadline(5)).content == COAT
    finally:
        other.close()


def test_no_place_stays_taken_after_a_visit(alice, site):
    pinned(alice, f"{site.url}/coats/red")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone()[0] == 0
