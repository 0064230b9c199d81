"""Links that Taobao converts, and codes for its app."""

import json
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from commerce import tasks
from commerce.actions.conversions import (
    convert_due,
    converting_networks,
    forget_conversions,
)
from commerce.actions.imports import import_orders
from commerce.actions.links import ensure_links
from commerce.exceptions import NetworkError
from commerce.models import Click, Network, OrderLine, TrackingLink
from commerce.networks.calls import Account
from commerce.networks.top_client import TopClient
from commerce.networks.top_links import click_url_of, code_for
from tests.commerce.gateways import HOSTILE, PddGateway
from tests.commerce.marketplace import APP_KEY, APP_SECRET, Marketplace
from tests.factories import (
    make_board,
    make_pin,
    make_product,
    make_programme,
    make_shop,
)

pytestmark = pytest.mark.django_db
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
BOT = {"User-Agent": "Googlebot/2.1"}


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    market = Marketplace(tmp_path_factory.mktemp("market"))
    market.stock()
    yield market
    market.stop()


@pytest.fixture
def league(market, monkeypatch, settings):
    monkeypatch.setenv("TEST_LEAGUE_SECRET", APP_SECRET)
    settings.MARKETPLACE_URL = market.url
    cache.clear()
    market.calm()
    network = Network.objects.create(
        code="league",
        name="League",
        adapter=Network.Adapter.TAOBAO,
        base_url=f"{market.url}/router/rest",
        app_key=APP_KEY,
        secret_ref="TEST_LEAGUE_SECRET",
        click_parameter="unid",
        poll_cfg={"adzone_id": "100000000001"},
        polled_until=timezone.now(),
    )
    make_programme(network=network, shop=None, hosts=[market.url.split("//")[1]])
    return network


def link_to(market, alice, item="2"):
    url = f"{market.url}/item/{item}"
    product = make_product(make_shop(), url=url, url_key=url)
    return ensure_links(pin=make_pin(make_board(alice), product=product))[0]


@pytest.fixture
def link(league, market, alice):
    return link_to(market, alice)


@pytest.fixture
def converted(link, league):
    assert convert_due(network=league, budget_s=20) == 1
    link.refresh_from_db()
    return link


def landing_of(client, link, headers=BROWSER):
    return client.get(link.get_absolute_url(), headers=headers)["Location"]


def test_until_it_is_converted_the_plain_address_does(client, market, link):
    assert landing_of(client, link).startswith(f"{market.url}/item/2?")


def test_a_click_is_led_through_the_networks_own_address(
    client, market, league, converted, alice
):
    landing = landing_of(client, converted)
    assert landing.startswith(f"{market.url}/s/")
    assert f"relation_id={converted.network_sub_id}" in landing

    arrived = market.http.get(landing)
    assert arrived.url.path == "/item/2"
    market.buy("2", **{k: v[0] for k, v in parse_qs(urlsplit(landing).query).items()})
    time.sleep(1.1)
    league.refresh_from_db()
    import_orders(network=league)
    attribution = OrderLine.objects.get().attributions.get()
    assert (attribution.basis, attribution.click) == ("click_ref", Click.objects.get())
    assert attribution.beneficiary == alice


def test_what_is_bought_by_a_pasted_code_is_its_pinners_too(
    market, league, converted, alice
):
    """No click of ours comes before it: the code carries the sub-id."""
    market.buy("2", relation_id=converted.network_sub_id)
    time.sleep(1.1)
    league.refresh_from_db()
    import_orders(network=league)
    attribution = OrderLine.objects.get().attributions.get()
    assert (attribution.basis, attribution.click) == ("sub_id", None)
    assert attribution.beneficiary == alice


def test_machines_and_old_links_earn_nothing_there(client, market, converted):
    plain = f"{market.url}/item/2"
    assert landing_of(client, converted, BOT) == plain
    TrackingLink.objects.update(disabled_at=timezone.now())
    assert landing_of(client, converted) == plain


def test_a_host_that_is_not_the_programmes_is_never_gone_to(
    client, market, league, link
):
    market.play("foreign")
    convert_due(network=league, budget_s=20)
    link.refresh_from_db()
    assert (link.converted_url, link.taobao_code) == ("", "")
    assert landing_of(client, link).startswith(f"{market.url}/item/2?")


def test_a_host_that_left_the_list_is_not_gone_to_any_more(client, market, link):
    TrackingLink.objects.update(converted_url="https://s.click.example/x")
    assert landing_of(client, link).startswith(f"{market.url}/item/2?")
    link.programme.hosts.append("s.click.example")
    link.programme.save()
    assert landing_of(client, link).startswith("https://s.click.example/x?")


def test_what_the_network_does_not_promote_is_asked_for_a_week_later(
    client, market, league, alice
):
    own = link_to(market, alice, item="1")  # of a shop that reports itself
    convert_due(network=league, budget_s=20)
    own.refresh_from_db()
    assert own.converted_url == ""
    assert own.convert_at > timezone.now() + timedelta(days=6)
    assert landing_of(client, own).startswith(f"{market.url}/item/1?")


def test_a_link_is_asked_for_once_until_its_code_ends(market, league, converted):
    assert converted.taobao_code.startswith("￥")
    assert convert_due(network=league, budget_s=20) == 0
    before_the_end = timezone.now() + timedelta(days=27)
    assert abs(converted.convert_at - before_the_end) < timedelta(minutes=1)

    TrackingLink.objects.update(convert_at=timezone.now())
    assert convert_due(network=league, budget_s=20) == 1


def test_the_budget_leaves_the_rest_for_the_next_time(market, league, alice):
    first = link_to(market, alice)
    ensure_links(pin=make_pin(make_board(alice), product=first.product))
    assert convert_due(network=league, budget_s=-1) == 0
    assert convert_due(network=league, budget_s=20) == 2


def test_a_network_that_fails_is_left_alone_for_a_while(market, league, link, caplog):
    market.play("ban", 60)
    tasks.convert_links_of(league.pk)
    assert "links of league were not converted" in caplog.text
    assert cache.get(f"conversions-rest:{league.pk}")
    link.refresh_from_db()
    assert link.convert_at > timezone.now()


def test_only_networks_with_an_ad_zone_convert(league):
    assert list(converting_networks()) == [league]
    league.poll_cfg = {}
    league.save()
    assert not converting_networks()


def test_another_ad_zone_begins_anew(league, converted):
    forget_conversions(network=league)
    converted.refresh_from_db()
    assert (converted.converted_url, converted.code_shown) == ("", "")
    assert convert_due(network=league, budget_s=20) == 1


def test_a_new_ad_zone_in_the_admin_begins_anew(
    league, converted, admin_client, settings
):
    settings.STAFF_SECOND_FACTOR = False
    page = reverse("admin:commerce_network_change", args=[league.pk])
    form = {
        **{name: getattr(league, name) for name in ("code", "name", "adapter", "tz")},
        **{"base_url": league.base_url, "app_key": APP_KEY, "is_active": "on"},
        **{"secret_ref": "TEST_LEAGUE_SECRET", "click_parameter": "unid"},
    }
    same = form | {"poll_cfg": json.dumps(league.poll_cfg)}
    assert admin_client.post(page, same).status_code == 302
    converted.refresh_from_db()
    assert converted.converted_url

    other = form | {"poll_cfg": '{"adzone_id": "100000000002"}'}
    assert admin_client.post(page, other).status_code == 302
    converted.refresh_from_db()
    assert converted.converted_url == ""


# On the page --------------------------------------------------------------------------


def test_the_box_offers_the_code_and_says_what_it_is(client, converted):
    html = client.get(converted.pin.get_absolute_url()).content.decode()
    assert f">{converted.taobao_code}</code>" in html
    assert f'data-copy="{converted.taobao_code}" hidden>Copy Taobao code<' in html
    assert html.count("commission link") >= 2


def test_an_ended_code_is_not_offered(client, converted, settings):
    converted.taobao_code_at = timezone.now() - timedelta(days=31)
    converted.save()
    assert (
        "data-copy" not in client.get(converted.pin.get_absolute_url()).content.decode()
    )
    settings.TAOBAO_CODE_DAYS = 40
    assert "data-copy" in client.get(converted.pin.get_absolute_url()).content.decode()


def test_a_link_without_a_code_offers_none(client, link):
    assert "data-copy" not in client.get(link.pin.get_absolute_url()).content.decode()


def test_what_is_sold_out_has_no_code(client, converted):
    product = converted.product
    product.availability = "sold_out"
    product.save()
    assert (
        "data-copy" not in client.get(converted.pin.get_absolute_url()).content.decode()
    )


# Answers ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def anything():
    """Says whatever it is told to."""
    server = PddGateway()
    yield server
    server.stop()


CONVERTED = b'{"tbk_dg_general_link_convert_response": %s}'
CODE = b'{"tbk_tpwd_create_response": %s}'
LIST = b'{"data": {"material_url_list": {"material_url_list": [%s]}}}'


@pytest.mark.parametrize(
    "answer",
    [
        *HOSTILE,
        CONVERTED % b"{}",
        CONVERTED % b'{"data": []}',
        CONVERTED % LIST % b"",
        CONVERTED % LIST % b"5",
        CONVERTED % LIST % b'{"link_info_dto": {}}',
        CONVERTED % LIST % b'{"link_info_dto": {"cps_long_url": 5}}',
        CONVERTED % LIST % b'{"code": {}, "link_info_dto": {"cps_long_url": "x"}}',
        CODE % b"{}",
        CODE % b'{"data": "x"}',
        CODE % b'{"data": {"model": ""}}',
        CODE % b'{"data": {"model": ["x"]}}',
        CODE % b'{"data": {"model": "a\\nb"}}',
        CODE % b'{"data": {"model": "a\\u202eb"}}',
        CODE % b'{"data": {"model": "' + b"x" * 300 + b'"}}',
    ],
)
def test_an_answer_that_says_nothing_is_an_error_and_no_crash(anything, answer):
    client = TopClient(Account(anything.url, "k", "s"))
    anything.troubles = [answer, answer]
    with pytest.raises(NetworkError):
        click_url_of(client, url="https://item.example/1", adzone_id="1")
    with pytest.raises(NetworkError):
        code_for(client, url="https://s.example/1", title="A lamp")
    client.close()


def test_addresses_come_without_a_scheme_and_codes_in_two_lengths(anything):
    client = TopClient(Account(anything.url, "k", "s"))
    row = b'{"code": 0, "link_info_dto": {"cps_short_url": "//s.example/1"}}'
    anything.troubles = [
        CONVERTED % LIST % row,
        CODE % '{"data": {"model": "￥long￥ text"}}'.encode(),
        CODE % '{"data": {"model": "￥l￥ t", "password_simple": "￥l￥"}}'.encode(),
    ]
    url = click_url_of(client, url="https://item.example/1", adzone_id="1")
    assert url == "https://s.example/1"
    assert code_for(client, url=url, title="A lamp") == "￥long￥ text"
    assert code_for(client, url=url, title="") == "￥l￥"
    client.close()
