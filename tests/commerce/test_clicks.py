"""What is told about a visitor, and who counts as one."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from commerce.actions.clicks import purge_clicks
from commerce.bots import browser_of, is_bot
from commerce.click_refs import BadClickTag, click_id_of, click_ref_of
from commerce.models import Click
from commerce.models.link import new_click_id
from commerce.visitors import hash_of, prefix_of
from tests.factories import make_click, make_link, make_programme

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
PEOPLE = [
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) {CHROME} Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 9; CUBOT_P20) {CHROME} Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 9; CUBOT) {CHROME} Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "Mobile/15E148 Instagram 250.0 (iPhone13,2; iOS 18_0; en_US; Google/google)",
    f"Mozilla/5.0 (Linux; Android 12; Pixel 6; wv) {CHROME} MicroMessenger/8.0.30",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 "
    "Firefox/140.0",
]
MACHINES = [
    "",
    "   ",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.0)",
    "Sogou web spider/4.0",
    "facebookexternalhit/1.1",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "AdsBot-Google (+http://www.google.com/adsbot.html)",
    "WhatsApp/2.23",
    "ia_archiver",
    "curl/8.5.0",
    "python-httpx/0.28.1",
    "Go-http-client/2.0",
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROME.replace('Chrome', 'HeadlessChrome')}",
]


@pytest.mark.parametrize("agent", PEOPLE)
def test_browsers_of_people_are_people(agent):
    assert not is_bot(agent)


@pytest.mark.parametrize("agent", MACHINES)
def test_machines_are_known_by_their_words(agent):
    assert is_bot(agent)


def test_a_browser_is_named_before_its_ancestors():
    assert [browser_of(agent) for agent in PEOPLE[-3:]] == [
        "Instagram",
        "WeChat",
        "Firefox",
    ]


def test_a_click_reference_comes_back_as_its_click():
    click_id = new_click_id()
    assert click_id_of(click_ref_of(click_id)) == click_id


def test_a_reference_with_another_tag_was_made_up():
    one, other = click_ref_of(new_click_id()), click_ref_of(new_click_id())
    with pytest.raises(BadClickTag):
        click_id_of(one[:-12] + other[-12:])


@pytest.mark.parametrize("text", ["", "no-such-click", "1.2", "\0", "x" * 49])
def test_what_is_no_reference_names_no_click(text):
    assert click_id_of(text) is None


def test_references_outlive_a_change_of_the_secret_key(settings):
    click_id = new_click_id()
    ref = click_ref_of(click_id)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert click_id_of(ref) == click_id


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_of_an_address_only_its_network_is_kept(address, prefix):
    assert prefix_of(address) == prefix


def test_the_hash_of_an_address_means_nothing_tomorrow():
    today, tomorrow = date(2026, 11, 22), date(2026, 11, 23)
    assert hash_of("203.0.113.7", today) == hash_of("203.0.113.7", today)
    assert hash_of("203.0.113.7", today) != hash_of("203.0.113.8", today)
    assert hash_of("203.0.113.7", today) != hash_of("203.0.113.7", tomorrow)
    assert hash_of("", today) == ""


def test_the_purge_blanks_old_clicks_and_keeps_their_rows(alice):
    link = make_link(programme=make_programme())
    traces = {
        "visitor_key": "a" * 32,
        "ip_prefix": "203.0.113.0/24",
        "ip_hash": "b" * 64,
        "ua_family": "Chrome",
        "referer_host": "shop.example",
        "user": alice,
    }
    now = timezone.now()
    old = make_click(link, occurred_at=now - timedelta(days=396), **traces)
    new = make_click(link, occurred_at=now - timedelta(days=394), **traces)

    assert purge_clicks() == 1
    assert purge_clicks() == 0

    blanked = Click.objects.get(pk=old.pk)
    assert [getattr(blanked, name) for name in traces] == ["", "", "", "", "", None]
    assert blanked.is_counted
    assert Click.objects.get(pk=new.pk).user == alice
