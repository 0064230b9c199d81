"""/go/: a person's click is written down once, everybody is led to the shop."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from commerce.click_refs import click_id_of
from commerce.models import Click, Network, RateCard
from tests.factories import (
    make_board,
    make_click,
    make_link,
    make_pin,
    make_product,
    make_programme,
)

pytestmark = pytest.mark.django_db

BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
BY_HAND = {
    "User-Agent": BROWSER,
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-User": "?1",
}
SHOP_PAGE = "https://shop.example/coat?size=m"


@pytest.fixture
def link(alice):
    pin = make_pin(make_board(alice), product=make_product(url=SHOP_PAGE))
    return make_link(programme=make_programme(), pin=pin)


@pytest.fixture
def press(client, link):
    """Press Buy, by default as a person with a browser."""

    def press(method="get", address=None, without=(), **headers):
        sent = {k: v for k, v in (BY_HAND | headers).items() if k not in without}
        address = address or link.get_absolute_url()
        return getattr(client, method)(address, headers=sent)

    return press


def clicked(answer):
    return parse_qs(urlsplit(answer["Location"]).query).get("pb_click", [])


def test_a_persons_click_is_a_row_and_a_redirect(press, link, alice):
    answer = press()

    click = Click.objects.get()
    assert answer.status_code == 302
    assert answer["Location"].startswith(SHOP_PAGE + "&pb_click=")
    assert click_id_of(clicked(answer)[0]) == click.pk
    assert click.is_counted
    assert (click.link, click.beneficiary) == (link, alice)
    assert click.rate_bp == 800
    assert click.ua_family == "Chrome"


def test_nobody_stores_or_indexes_the_redirect(press):
    answer = press()

    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "strict-origin"


@pytest.mark.parametrize(
    ("reason", "method", "headers"),
    [
        ("head", "head", {}),
        ("bot", "get", {"User-Agent": "Googlebot/2.1"}),
        ("bot", "get", {"User-Agent": ""}),
        ("prefetch", "get", {"Sec-Purpose": "prefetch;prerender"}),
        ("prefetch", "get", {"Purpose": "prefetch"}),
        ("embed", "get", {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}),
        ("embed", "get", {"Sec-Fetch-Dest": "iframe"}),
        ("embed", "get", {"Sec-Fetch-User": "?0"}),
    ],
)
def test_machines_are_led_on_without_a_click_that_earns(press, reason, method, headers):
    answer = press(method, **headers)

    click = Click.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == SHOP_PAGE
    assert (click.is_qualified, click.is_counted, click.reason) == (
        False,
        False,
        reason,
    )
    assert "pb_visitor" not in answer.cookies


def test_a_navigation_that_nobody_asked_for_does_not_count(press):
    press(without=["Sec-Fetch-User"])
    assert Click.objects.get().reason == "embed"


def test_a_browser_without_fetch_headers_is_believed(press):
    press(without=["Sec-Fetch-User", "Sec-Fetch-Mode", "Sec-Fetch-Dest"])
    assert Click.objects.get().is_counted


def test_a_repeated_click_gets_its_own_id_and_counts_no_more(press):
    first, second = press(), press()

    clicks = Click.objects.order_by("pk")
    assert clicked(first) != clicked(second)
    assert [click.is_counted for click in clicks] == [True, False]
    assert [click.is_qualified for click in clicks] == [True, True]
    assert clicks[1].marks == ["dup"]


def test_after_half_an_hour_a_click_counts_again(press, time_machine):
    press()
    time_machine.move_to(timezone.now() + timedelta(minutes=31))
    press()

    assert [click.is_counted for click in Click.objects.all()] == [True, True]


def test_another_visitor_counts_beside_the_first(press, client):
    press()
    client.cookies.clear()
    press()

    assert [click.is_counted for click in Click.objects.all()] == [True, True]


def test_clicks_in_a_rush_from_one_network_are_marked_and_count(press, link):
    for _ in range(10):
        make_click(link, ip_prefix="127.0.0.0/24")
    press()
    click = Click.objects.latest("pk")
    assert (click.marks, click.is_counted) == (["velocity"], True)


@pytest.mark.parametrize(
    ("count", "others"),
    [
        (9, {}),
        (10, {"ip_prefix": "10.0.0.0/24"}),
        (10, {"is_qualified": False}),
        (10, {"occurred_at": timezone.now() - timedelta(seconds=61)}),
    ],
)
def test_fewer_clicks_or_those_of_others_are_no_rush(press, link, count, others):
    for _ in range(count):
        make_click(link, **({"ip_prefix": "127.0.0.0/24"} | others))
    press()
    assert Click.objects.latest("pk").marks == []


def test_a_rush_is_looked_for_in_a_bounded_number_of_clicks(press, link):
    for _ in range(11):
        make_click(link, ip_prefix="127.0.0.0/24")
    for _ in range(100):
        make_click(link, ip_prefix="10.0.0.0/24")
    press()
    assert Click.objects.latest("pk").marks == []


def test_the_visitors_cookie_belongs_to_go_alone(press):
    cookie = press().cookies["pb_visitor"]

    assert cookie["path"] == "/go/"
    assert cookie["httponly"]
    assert Click.objects.get().visitor_key == cookie.value


def test_a_cookie_that_is_not_ours_is_replaced(press, client):
    client.cookies["pb_visitor"] = "' OR 1=1"
    assert len(press().cookies["pb_visitor"].value) == 32


def test_the_pinners_own_click_is_marked(press, client, alice):
    client.force_login(alice)
    press()
    assert Click.objects.get().marks == ["self"]


def test_a_signed_in_visitor_is_kept_with_the_click(press, client, bob):
    client.force_login(bob)
    press()
    assert Click.objects.get().user == bob
    assert Click.objects.get().marks == []


def test_no_whole_address_is_kept(press):
    press()
    click = Click.objects.get()
    assert click.ip_prefix == "127.0.0.0/24"
    assert "127.0.0.1" not in str(vars(click))


def test_behind_a_proxy_the_visitors_own_network_is_kept(press, settings):
    settings.TRUSTED_PROXIES = 1
    press(**{"X-Forwarded-For": "10.9.9.9, 198.51.100.7"})
    assert Click.objects.get().ip_prefix == "198.51.100.0/24"


@pytest.mark.parametrize(
    "name", ["url", "next", "to", "target", "redirect", "redirect_uri", "u", "r"]
)
def test_nothing_in_the_address_changes_the_target(press, link, name):
    evil = f"{link.get_absolute_url()}?{name}=https://evil.example/"
    assert press(address=evil)["Location"].startswith(SHOP_PAGE + "&pb_click=")


@pytest.mark.parametrize(
    "token", ["zzzzzzzzzz", "short", "a" * 11, "a" * 500, "%00", "..%2f", "AAAAAAAAAA"]
)
def test_an_unknown_or_malformed_token_is_not_found(press, token):
    assert press(address=f"/go/{token}/").status_code == 404
    assert not Click.objects.exists()


def test_only_reading_methods_are_allowed(press):
    assert press("post").status_code == 405


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example/",
        "https:evil.example",
        "https://shop.example@evil.example/",
        "https://shop.example\\@evil.example/",
        "https://evil.example/",
        "https://shop.example:8443/",
        "https://shop.example.evil.example/",
        "http://shop.example/",
        "javascript:alert(1)",
        "https://shop.example/\r\nSet-Cookie: a=b",
        " https://shop.example/",
    ],
)
def test_a_destination_off_the_programmes_hosts_is_not_found(press, link, url):
    type(link).objects.filter(pk=link.pk).update(destination_url=url)
    assert press().status_code == 404
    assert not Click.objects.exists()


def test_a_host_that_left_the_list_is_led_to_no_more(press, link):
    link.programme.hosts = ["elsewhere.example"]
    link.programme.save()
    assert press().status_code == 404


def test_the_marketplace_is_led_to_by_http(press, link, settings):
    settings.MARKETPLACE_URL = "http://127.0.0.1:8001"
    link.programme.hosts = ["127.0.0.1:8001"]
    link.programme.save()
    type(link).objects.update(destination_url="http://127.0.0.1:8001/item/1")
    assert press()["Location"].startswith("http://127.0.0.1:8001/item/1?pb_click=")


def test_a_link_that_is_off_leads_on_and_earns_nothing(press, link):
    link.disabled_at = timezone.now()
    link.save()

    assert press()["Location"] == SHOP_PAGE
    assert not Click.objects.exists()


def test_a_products_own_rate_goes_before_its_programmes(press, link):
    RateCard.objects.create(
        programme=link.programme,
        product=link.product,
        scope_key=RateCard.key_of(link.product),
        rate_bp=950,
        valid=(timezone.now() - timedelta(days=1), None),
    )
    press()
    assert Click.objects.get().rate_bp == 950


def test_a_network_with_sub_ids_gets_its_own_parameter(press, link):
    network = link.programme.network
    network.adapter, network.click_parameter = Network.Adapter.TAOBAO, "unid"
    network.save()
    type(link).objects.update(network_sub_id="2000000001")

    query = parse_qs(urlsplit(press()["Location"]).query)
    assert query["relation_id"] == ["2000000001"]
    assert click_id_of(query["unid"][0]) == Click.objects.get().pk


def test_a_click_costs_two_queries(press, django_assert_num_queries):
    with django_assert_num_queries(2):
        press()
    with django_assert_num_queries(2):
        press()


def test_the_redirect_survives_the_pin(press, link, alice):
    link.pin.delete()
    press()
    assert Click.objects.get().beneficiary == alice


def test_the_address_is_the_contracts(link):
    assert reverse("commerce:go", args=[link.token]) == f"/go/{link.token}/"
