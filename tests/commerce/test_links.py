"""A pin gets its way to the shop when a programme covers its product."""

from datetime import timedelta

import pytest
from django.utils import timezone

from commerce.actions.links import (
    ensure_links,
    ensure_site_link,
    link_pins,
    programme_for,
)
from commerce.models import Network, Programme, RateCard, TrackingLink
from pinboard.actions.products import upsert_product
from pinboard.signals import pin_product_changed, pin_published
from tests.factories import (
    LONG_AGO,
    make_board,
    make_pin,
    make_product,
    make_programme,
    make_shop,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(db):
    return make_product(make_shop())


@pytest.fixture
def programme(product):
    return make_programme(shop=product.shop)


@pytest.fixture
def pin(alice, product):
    return make_pin(make_board(alice), product=product)


def save_of(pin, by):
    return make_pin(
        make_board(by),
        product=pin.product,
        via=pin,
        via_pinner=pin.pinner,
        origin_pinner=pin.origin_pinner or pin.pinner,
    )


class TestWhichProgrammeCoversAProduct:
    def test_the_shops_own_goes_before_one_of_all_shops(self, product):
        of_all = make_programme(shop=None)
        assert programme_for(product) == of_all
        own = make_programme(shop=product.shop)
        assert programme_for(product) == own

    def test_another_shops_does_not(self, product):
        make_programme(shop=make_shop())
        assert programme_for(product) is None

    @pytest.mark.parametrize(
        ("url", "hosts", "covers"),
        [
            ("https://shop.example/a", ["shop.example"], True),
            ("https://SHOP.example/a", ["shop.example"], True),
            ("https://shop.example:443/a", ["shop.example"], True),
            ("https://shop.example:8443/a", ["shop.example"], False),
            ("https://shop.example:8443/a", ["shop.example:8443"], True),
            ("https://www.shop.example/a", ["shop.example"], False),
            ("https://shop.example.evil.example/a", ["shop.example"], False),
            ("http://shop.example/a", ["shop.example"], False),
            ("https://me@shop.example/a", ["shop.example"], False),
            ("https://shop.example\\@evil.example/", ["shop.example"], False),
            ("https://bücher.example/a", ["xn--bcher-kva.example"], True),
            ("http://127.0.0.1:8001/item/1", ["127.0.0.1:8001"], True),
            ("http://127.0.0.1:8002/item/1", ["127.0.0.1:8002"], False),
        ],
    )
    def test_the_host_is_on_its_list_exactly(
        self, product, programme, settings, url, hosts, covers
    ):
        settings.MARKETPLACE_URL = "http://127.0.0.1:8001"
        programme.hosts = hosts
        programme.save()
        product.url = url
        assert programme_for(product) == (programme if covers else None)

    def test_it_is_on_and_so_is_its_network(self, product, programme):
        programme.is_active = False
        programme.save()
        assert programme_for(product) is None
        programme.is_active = True
        programme.save()
        programme.network.is_active = False
        programme.network.save()
        assert programme_for(product) is None

    def test_it_has_a_rate_today(self, product, programme):
        yesterday = timezone.now() - timedelta(days=1)
        RateCard.objects.update(valid=(LONG_AGO, yesterday))
        assert programme_for(product) is None

    def test_a_rate_of_the_product_alone_is_enough(self, product, programme):
        RateCard.objects.update(product=product, scope_key=RateCard.key_of(product))
        assert programme_for(product) == programme
        assert programme_for(make_product(product.shop)) is None

    def test_what_is_no_longer_sold_is_covered_by_none(self, product, programme):
        product.removed_at = timezone.now()
        assert programme_for(product) is None


class TestALinkOfAPin:
    def test_a_first_pin_is_its_pinners_twice(self, programme, pin, alice):
        link = ensure_links(pin=pin)[0]

        assert (link.programme, link.product) == (programme, pin.product)
        assert (link.beneficiary, link.originator) == (alice, None)
        assert link.beneficiary_is_originator
        assert link.destination_url == pin.product.url
        assert link.network_sub_id is None

    def test_a_saved_pin_shares_with_its_first_pinner(self, programme, pin, alice, bob):
        ensure_links(pin=pin)
        link = ensure_links(pin=save_of(pin, bob))[0]

        assert (link.beneficiary, link.originator) == (bob, alice)
        assert not link.beneficiary_is_originator

    def test_a_save_of_a_save_shares_with_the_very_first(
        self, programme, pin, alice, bob, charlie
    ):
        second = save_of(pin, bob)
        for one in (pin, second):
            ensure_links(pin=one)
        link = ensure_links(pin=save_of(second, charlie))[0]

        assert (link.beneficiary, link.originator) == (charlie, alice)

    def test_ones_own_pin_saved_again_is_ones_own(self, programme, pin, alice, bob):
        second = save_of(pin, bob)
        for one in (pin, second):
            ensure_links(pin=one)
        link = ensure_links(pin=save_of(second, alice))[0]

        assert (link.beneficiary, link.originator) == (alice, None)
        assert link.beneficiary_is_originator

    def test_the_first_pin_of_another_product_is_no_origin(self, programme, pin, bob):
        other = save_of(pin, bob)
        other.product = make_product(pin.product.shop)
        other.save()
        link = ensure_links(pin=other)[0]

        assert (link.beneficiary, link.originator) == (bob, None)
        assert link.beneficiary_is_originator

    def test_who_changed_the_product_is_the_origin_of_later_saves(
        self, programme, pin, alice, bob, charlie
    ):
        changed = save_of(pin, bob)
        changed.product = make_product(pin.product.shop)
        changed.save()
        ensure_links(pin=changed)
        link = ensure_links(pin=save_of(changed, charlie))[0]

        assert (link.beneficiary, link.originator) == (charlie, bob)

    def test_the_first_pinner_stays_when_the_saved_pin_is_gone(
        self, programme, pin, alice, bob
    ):
        saved = save_of(pin, bob)
        pin.delete()
        saved.refresh_from_db()
        assert ensure_links(pin=saved)[0].originator == alice

    def test_it_is_made_once(self, programme, pin):
        assert ensure_links(pin=pin)[0] == ensure_links(pin=pin)[0]

    def test_a_changed_product_gets_a_new_one_and_the_old_is_off(self, programme, pin):
        old = ensure_links(pin=pin)[0]
        pin.product = make_product(pin.product.shop)
        pin.save()
        new = ensure_links(pin=pin)[0]

        old.refresh_from_db()
        assert old.disabled_at
        assert new.product == pin.product
        assert TrackingLink.objects.live_for_pins([pin]) == {
            (pin.pk, pin.product_id): new
        }

    def test_without_a_programme_there_is_none(self, programme, pin):
        link = ensure_links(pin=pin)[0]
        programme.hosts = ["elsewhere.example"]
        programme.save()

        assert ensure_links(pin=pin) == []
        link.refresh_from_db()
        assert link.disabled_at

    def test_it_sleeps_while_its_programme_does(self, programme, pin):
        link = ensure_links(pin=pin)[0]
        Programme.objects.update(is_active=False)
        assert ensure_links(pin=pin) == []
        assert TrackingLink.objects.live_for_pins([pin]) == {}

        Programme.objects.update(is_active=True)
        assert ensure_links(pin=pin)[0] == link
        assert TrackingLink.objects.live_for_pins([pin]) == {
            (pin.pk, pin.product_id): link
        }

    def test_without_a_product_there_is_none(self, programme, alice):
        assert ensure_links(pin=make_pin(make_board(alice))) == []

    def test_a_league_link_has_a_number_that_its_report_returns(self, programme, pin):
        network = programme.network
        network.adapter = Network.Adapter.TAOBAO
        network.save()
        assert ensure_links(pin=pin)[0].network_sub_id.isdigit()


class TestWhenLinksAreMade:
    def test_a_published_pin_and_its_product_get_theirs(self, programme, pin):
        pin_published.send(sender=type(pin), pin=pin)

        assert TrackingLink.objects.get(pin=pin)
        site = TrackingLink.objects.get(pin=None)
        assert (site.product, site.beneficiary) == (pin.product, None)

    def test_a_pin_that_shows_another_product_gets_another(self, programme, pin):
        ensure_links(pin=pin)
        pin.product = make_product(pin.product.shop)
        pin.save()
        pin_product_changed.send(sender=type(pin), pin=pin)

        live = TrackingLink.objects.get(pin=pin, disabled_at=None)
        assert live.product == pin.product

    def test_a_new_programme_reaches_the_pins_of_before(self, pin, bob):
        second = save_of(pin, bob)
        programme = make_programme(shop=pin.product.shop)

        link_pins(programme=programme)
        link_pins(programme=programme)

        assert TrackingLink.objects.get(pin=second).originator == pin.pinner
        assert TrackingLink.objects.filter(pin=None).count() == 1
        assert TrackingLink.objects.count() == 3

    def test_a_programme_of_hosts_reaches_the_products_there(self, pin, alice):
        url = "https://elsewhere.example/1"
        make_pin(make_board(alice), product=make_product(url=url, url_key=url))

        link_pins(programme=make_programme(shop=None, hosts=["elsewhere.example"]))
        assert TrackingLink.objects.filter(pin__isnull=False).count() == 1

    def test_many_pins_are_linked_some_at_a_time(self, pin, alice, programme):
        board = make_board(alice)
        pins = [pin, *(make_pin(board, product=pin.product) for _ in range(4))]

        last = link_pins(programme=programme, limit=3)
        assert last == pins[2].pk
        assert TrackingLink.objects.filter(pin__isnull=False).count() == 3
        assert link_pins(programme=programme, after=last, limit=3) is None
        assert TrackingLink.objects.live_for_pins(pins).keys() == {
            (p.pk, p.product_id) for p in pins
        }

    def test_the_site_link_of_a_product_is_one(self, programme, product):
        assert ensure_site_link(product=product) == ensure_site_link(product=product)
        Programme.objects.update(is_active=False)
        assert ensure_site_link(product=product) is None
        assert not TrackingLink.objects.live().exists()


def test_links_of_a_page_are_one_query(programme, alice, django_assert_num_queries):
    board = make_board(alice)
    pins = [make_pin(board, product=make_product(programme.shop)) for _ in range(20)]
    for pin in pins:
        ensure_links(pin=pin)

    for some in (pins[:1], pins):
        with django_assert_num_queries(1):
            links = TrackingLink.objects.live_for_pins(some)
            [link.rate_bp_now for link in links.values()]
        assert len(links) == len(some)


def test_a_product_can_be_bought_as_soon_as_it_is_posted(product, programme):
    posted, _ = upsert_product(
        shop=product.shop, title="Coat", url="https://shop.example/coat", sku="C-1"
    )
    link = TrackingLink.objects.get(product=posted)
    assert link.pin is None
    assert link.destination_url == "https://shop.example/coat"


def test_links_follow_a_product_whose_page_moved(product, programme, alice):
    said = {"shop": product.shop, "title": "Coat", "sku": "C-1"}
    posted, _ = upsert_product(url="https://shop.example/old", **said)
    pin = make_pin(make_board(alice), product=posted)
    old = ensure_links(pin=pin)[0]
    upsert_product(url="https://shop.example/new", **said)
    live = TrackingLink.objects.filter(product=posted, disabled_at=None)
    assert live.count() == 2
    assert {link.destination_url for link in live} == {"https://shop.example/new"}
    old.refresh_from_db()
    assert old.destination_url == "https://shop.example/old"
    assert old.disabled_at
