"""A product whose page is pasted for a point: what the worker makes of it."""

import pytest

from pinboard.actions.boards import edit_board
from pinboard.actions.pins import delete_pin
from pinboard.actions.point_pages import add_point_at, read_point
from pinboard.actions.points import add_point
from pinboard.exceptions import FetchQuotaReached, TooManyPoints
from pinboard.models import PinPoint, PointReadJob, Product
from tests.factories import make_board, make_pin, make_point, make_product
from tests.loopback import running

pytestmark = pytest.mark.django_db

LAMP = b"""<!doctype html><title>Paper lamp</title>
<script type="application/ld+json">{"@type": "Product", "name": "Paper lamp",
 "sku": "PL-1", "offers": {"price": "89.00", "priceCurrency": "CNY"}}</script>"""


@pytest.fixture
def site(settings):
    with running() as site:
        settings.FETCH_ALLOWED_HOSTS = [site.name]
        site.pages["/lamp"] = LAMP
        site.pages["/words"] = b"<!doctype html><title>Words</title><p>No price"
        yield site


@pytest.fixture
def pin(alice):
    return make_pin(make_board(alice), title="A room")


def pasted(pin, url, by):
    job = add_point_at(pin=pin, url=url, x=2500, y=4000, by=by)
    read_point(PointReadJob.objects.take(job.pk))
    job.refresh_from_db()
    return job


def test_its_product_stands_where_it_was_asked_for(site, pin, alice):
    job = pasted(pin, f"{site.url}/lamp", alice)
    assert (job.state, job.error_code) == ("done", "")
    point = pin.points.get()
    assert (point.product.title, point.product.price_minor) == ("Paper lamp", 8900)
    assert (point.x, point.y) == (2500, 4000)


def test_a_page_that_is_known_is_not_read_again(site, pin, alice):
    pasted(pin, f"{site.url}/lamp", alice)
    asked = len(site.requests)
    other = make_pin(pin.board)
    point = add_point_at(pin=other, url=f"{site.url}/lamp", x=1, y=1, by=alice)
    assert isinstance(point, PinPoint)
    assert len(site.requests) == asked


@pytest.mark.parametrize(
    ("path", "code"), [("/words", "no_product"), ("/nowhere", "address_unreachable")]
)
def test_a_page_without_a_product_says_so(site, pin, alice, path, code):
    job = pasted(pin, site.url + path, alice)
    assert (job.state, job.error_code) == ("failed", code)
    assert not pin.points.exists()


def test_a_secret_board_makes_no_public_product(site, pin, alice):
    edit_board(board=pin.board, by=alice, visibility="secret")
    job = pasted(pin, f"{site.url}/lamp", alice)
    assert (job.state, job.error_code) == ("failed", "product_unknown")
    assert not Product.objects.exists()


def test_the_pin_may_be_gone_or_full_by_then(site, pin, alice):
    job = add_point_at(pin=pin, url=f"{site.url}/lamp", x=1, y=1, by=alice)
    for _ in range(12):
        add_point(pin=pin, product=make_product(), x=1, y=1, by=alice)
    read_point(PointReadJob.objects.take(job.pk))
    job.refresh_from_db()
    assert job.error_code == "too_many_points"
    late = make_pin(pin.board)
    job = add_point_at(pin=late, url=f"{site.url}/new", x=1, y=1, by=alice)
    site.pages["/new"] = LAMP.replace(b"PL-1", b"PL-2")
    delete_pin(pin=late, by=alice)
    read_point(PointReadJob.objects.take(job.pk))
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "not_found")


def test_pages_that_wait_count_among_the_twelve(site, pin, alice):
    for _ in range(11):
        make_point(pin)
    add_point_at(pin=pin, url=f"{site.url}/lamp", x=1, y=1, by=alice)
    with pytest.raises(TooManyPoints):
        add_point_at(pin=pin, url=f"{site.url}/words", x=1, y=1, by=alice)


def test_pages_are_read_for_a_person_so_many_times_an_hour(site, pin, alice, settings):
    settings.FETCHES_PER_HOUR = 1
    add_point_at(pin=pin, url=f"{site.url}/lamp", x=1, y=1, by=alice)
    with pytest.raises(FetchQuotaReached):
        add_point_at(pin=pin, url=f"{site.url}/words", x=1, y=1, by=alice)
