"""/tags/: what has a tag, as each reader may see it, and the tags to choose from."""

import re

import pytest
from django.urls import reverse

from pinboard.actions.indexing import index_pin
from pinboard.actions.pins import delete_pin
from pinboard.actions.tags import write_tags
from pinboard.models import Pin, Tag
from tests.factories import (
    make_board,
    make_picture,
    make_pin,
    make_product,
    make_shop,
    make_tags,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def coats(alice):
    return make_board(alice, "Coats")


@pytest.fixture
def secret(alice):
    return make_board(alice, "Hush", visibility="secret")


def tagged(board, *names, **fields):
    pin = make_pin(board, **fields)
    make_tags(pin, *names)
    index_pin(pin)
    return pin


def pin_ids(answer):
    return [int(i) for i in re.findall(r'data-pin-id="(\d+)"', answer.text)]


def suggested(client, q):
    answer = client.get("/tags/", {"q": q}, headers={"accept": "application/json"})
    assert answer.status_code == 200
    return [(item["name"], item["pins"]) for item in answer.json()["items"]]


# The page of a tag -------------------------------------------------------------------
def test_a_tag_shows_its_pins_newest_first_under_the_name_most_people_write(
    client, alice, bob, coats
):
    older = tagged(coats, "Wool")
    newer = tagged(make_board(bob), "wool", "blue")
    newest = tagged(make_board(bob), "#wool".strip("#"))
    tagged(coats, "woolly")
    page = client.get("/tags/wool/")
    assert pin_ids(page) == [newest.pk, newer.pk, older.pk]
    assert "#wool</h1>" in page.text
    assert 'rel="canonical" href="http://testserver/tags/wool/"' in page.text


@pytest.mark.parametrize(
    "written", ["Wool", "%23wool", "wool%20", "%EF%BC%B7ool", "WOOL"]
)
def test_every_way_to_write_a_tag_leads_to_its_one_address(client, coats, written):
    tagged(coats, "Wool")
    answer = client.get(f"/tags/{written}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/tags/wool/")


@pytest.mark.parametrize("name", ["大衣", "mid century", "c++", "R&B", "हिन्दी", "🌿"])
def test_tags_in_any_script_have_a_page(client, coats, name):
    pin = tagged(coats, name)
    link = re.search(r'rel="tag" href="([^"]+)"', client.get(f"/pins/{pin.pk}/").text)
    page = client.get(link[1].replace("&amp;", "&"))
    assert page.status_code == 200
    assert pin_ids(page) == [pin.pk]


@pytest.mark.parametrize(
    "slug", ["nothing", "%3F", "a%00", "%ED%A0%80", "w" * 300, "-"]
)
def test_a_tag_that_no_pin_has_is_not_found(client, coats, slug):
    tagged(coats, "wool")
    assert client.get(f"/tags/{slug}/", follow=True).status_code == 404
    assert client.get(f"/tags/{slug}/feed.atom").status_code == 404


def test_a_tag_of_secret_pins_alone_is_there_for_who_shares_the_board(
    client, alice, bob, charlie, secret
):
    pin = tagged(secret, "Zanzibar")
    secret.members.create(user=bob, role="viewer", accepted_at=secret.created_at)
    for reader, there in ((alice, True), (bob, True), (charlie, False), (None, False)):
        client.logout()
        if reader:
            client.force_login(reader)
        page = client.get("/tags/zanzibar/")
        assert (page.status_code == 200) is there, reader
        assert suggested(client, "zan") == ([("Zanzibar", 1)] if there else [])
        assert ("Zanzibar" in client.get("/tags/").text) is there
        if there:
            assert pin_ids(page) == [pin.pk]
            assert 'content="noindex"' in page.text
            assert "feed.atom" not in page.text
        assert client.get("/tags/zanzibar/feed.atom").status_code == 404


def test_a_secret_pin_adds_neither_to_a_count_nor_to_a_name(
    client, alice, secret, coats
):
    tagged(secret, "WOOL")
    tagged(secret, "WOOL")
    pin = tagged(coats, "wool")
    assert pin_ids(client.get("/tags/wool/")) == [pin.pk]
    assert suggested(client, "wo") == [("wool", 1)]
    client.force_login(alice)
    assert suggested(client, "wo") == [("WOOL", 3)]


def test_a_tag_goes_with_the_last_of_its_pins(client, alice, coats):
    pin = tagged(coats, "wool")
    delete_pin(pin=pin, by=alice)
    assert client.get("/tags/wool/").status_code == 404
    assert suggested(client, "wo") == []


def test_pins_that_are_not_ready_have_no_place_there(client, alice, coats):
    tagged(coats, "wool", state="processing", picture=None)
    client.force_login(alice)
    assert client.get("/tags/wool/").status_code == 404


def test_pages_of_a_tag_go_on_where_the_last_one_ended(client, coats):
    pins = [tagged(coats, "wool") for _ in range(30)]
    first = client.get("/tags/wool/")
    link = re.search(r'href="(\?[^"]*)" rel="next"', first.text)[1]
    tagged(coats, "wool")
    second = client.get("/tags/wool/" + link.replace("&amp;", "&"))
    assert pin_ids(first) + pin_ids(second) == [pin.pk for pin in reversed(pins)]
    assert client.get("/tags/wool/?cursor=x").status_code == 404


@pytest.mark.parametrize("count", [1, 20])
def test_a_tag_takes_four_queries(client, coats, count, django_assert_num_queries):
    for number in range(count):
        tagged(coats, "wool", f"other {number}", product=make_product())
    client.get("/tags/wool/")
    with django_assert_num_queries(4):
        client.get("/tags/wool/")


# Its feed ----------------------------------------------------------------------------
def test_the_feed_has_alt_text_and_price_of_public_pins(
    client, alice, coats, secret, media_folder
):
    product = make_product(make_shop(name="Qiao"), price_minor=19900, currency="CNY")
    tagged(coats, "大衣", title="Coat", alt="A grey coat", product=product)
    tagged(secret, "大衣", title="Hush")
    client.force_login(alice)
    feed = client.get("/tags/大衣/feed.atom")
    assert feed.headers["Content-Type"].startswith("application/atom+xml")
    assert "<title>#大衣</title>" in feed.text
    assert "A grey coat" in feed.text
    assert "199.00 CNY · Qiao" in feed.text
    assert "Hush" not in feed.text
    page = client.get("/tags/大衣/").text
    link = re.search(r'type="application/atom\+xml" title="#大衣" href="([^"]+)"', page)
    assert client.get(link[1]).content == feed.content


def test_a_tag_is_embedded_as_a_link(client, coats, media_folder):
    tagged(coats, "Wool")
    told = client.get("/oembed/", {"url": "http://testserver/tags/wool/"}).json()
    assert (told["type"], told["title"]) == ("link", "#Wool")
    assert told["thumbnail_url"]
    assert client.get("/oembed/", {"url": "/tags/linen/"}).status_code == 404


# Suggestions -------------------------------------------------------------------------
def test_tags_are_suggested_by_how_they_begin_most_used_first(client, coats):
    tagged(coats, "Wool", "Winter", "mid century")
    tagged(coats, "wool", "World")
    tagged(coats, "Wool")
    assert suggested(client, "w") == [("Wool", 3), ("Winter", 1), ("World", 1)]
    assert suggested(client, "#WO") == [("Wool", 3), ("World", 1)]
    assert suggested(client, "mid c") == [("mid century", 1)]
    assert suggested(client, "ool") == []
    assert (
        suggested(client, "%") == suggested(client, "") == suggested(client, "_") == []
    )


def test_at_most_eight_are_suggested(client, coats):
    tagged(coats, *(f"wool {number}" for number in range(12)))
    assert len(suggested(client, "wool")) == 8


def test_of_very_many_tags_that_begin_so_those_used_of_late_are_suggested(
    client, coats
):
    row = {"board": coats, "pinner": coats.owner, "picture": make_picture()}
    pins = [Pin(**row, state="ready") for _ in range(250)]
    Pin.objects.bulk_create(pins)
    twenty = [f"a {number}" for number in range(20)]
    write_tags({pin.pk: twenty for pin in pins[:101]})
    write_tags({pin.pk: ["azure"] for pin in pins[101:]})
    assert suggested(client, "a")[0] == ("azure", 149)
    assert suggested(client, "a 1")[0] == ("a 1", 101)


@pytest.mark.parametrize("count", [1, 20])
def test_suggestions_take_two_queries_and_the_page_of_tags_one(
    client, coats, count, django_assert_num_queries
):
    for number in range(count):
        tagged(coats, "wool", f"wool {number}")
    with django_assert_num_queries(2):
        suggested(client, "wo")
    with django_assert_num_queries(1):
        client.get("/tags/")


def test_the_page_of_tags_narrows_by_the_first_letters_without_a_script(client, coats):
    tagged(coats, "wool", "blue")
    assert "/tags/blue/" in client.get("/tags/").text
    page = client.get("/tags/?q=wo").text
    assert "/tags/wool/" in page
    assert "/tags/blue/" not in page
    assert "No tag begins with “zz”" in client.get("/tags/?q=zz").text


# Writing them ------------------------------------------------------------------------
def test_the_pins_page_names_its_tags(client, coats):
    pin = tagged(coats, "Wool", "大衣")
    page = client.get(f"/pins/{pin.pk}/").text
    assert re.findall(r'rel="tag"[^>]*>(#[^<]+)<', page) == ["#Wool", "#大衣"]


def test_who_came_by_a_boards_key_reads_its_tags_but_is_led_nowhere(
    client, alice, coats
):
    board = make_board(alice, visibility="link")
    pin = tagged(board, "only here", "wool")
    tagged(coats, "wool")
    page = client.get(f"/pins/{pin.pk}/?key={board.link_key}").text
    assert '<span class="chip">#only here</span>' in page
    assert 'href="/tags/wool/"' in page


def test_tags_are_changed_where_a_pin_is_edited(client, alice, bob, coats):
    pin = tagged(coats, "Wool", "大衣")
    edit = reverse("pinboard:pin-edit", args=[pin.pk])
    client.force_login(alice)
    assert 'value="Wool, 大衣"' in client.get(edit).text
    told = {"title": "Coat", "board": coats.pk}
    client.post(edit, told)
    assert Tag.objects.filter(pin=pin).count() == 2, "a form without them"
    client.post(edit, told | {"tags": "#linen #blue"})
    assert [tag.name for tag in pin.tags.all()] == ["linen", "blue"]
    client.post(edit, told | {"tags": ""})
    assert not pin.tags.exists()
    client.force_login(bob)
    assert client.post(edit, told | {"tags": "mine"}).status_code == 404
    assert not pin.tags.exists()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("w" * 41, "A tag has at most 40 characters."),
        (",".join(str(number) for number in range(21)), "A pin takes at most 20 tags."),
        ("a\0", "Null characters are not allowed."),
        ("w" * 1001, "at most 1000 characters"),
    ],
)
def test_tags_that_cannot_be_are_refused_beside_the_field_and_kept(
    client, alice, coats, typed, sentence
):
    pin = tagged(coats, "Wool")
    client.force_login(alice)
    told = {"title": "Coat", "board": coats.pk, "tags": typed}
    for address in (f"/pins/{pin.pk}/edit/", "/pins/new/"):
        answer = client.post(address, told)
        assert answer.status_code == 422
        error = re.search(
            r'id="id_tags_error">.*?<span>(.*?)</span>', answer.text, re.S
        )
        assert sentence in error[1]
        assert typed.strip("\0") in answer.text
    assert [tag.name for tag in pin.tags.all()] == ["Wool"]


# Many at once ------------------------------------------------------------------------
def test_chosen_pins_get_tags_and_undo_takes_them_back(client, alice, coats):
    pins = [tagged(coats) for _ in range(2)]
    left = tagged(coats)
    client.force_login(alice)
    address = reverse("pinboard:board-pins", args=[coats.pk])
    told = {"pin": [pin.pk for pin in pins], "tags": "wool, 大衣"}
    page = client.post(address, told | {"deed": "tag"}, follow=True)
    assert "2 pins have other tags now." in page.text
    assert Tag.objects.count() == 4
    assert not left.tags.exists()
    undo = re.search(r'action="(/deeds/[^"]+/undo/)"', page.text)[1]
    assert "2 pins are back." in client.post(undo, follow=True).text
    assert not Tag.objects.exists()


def test_chosen_pins_lose_tags(client, alice, coats):
    pin = tagged(coats, "Wool", "blue")
    client.force_login(alice)
    address = reverse("pinboard:board-pins", args=[coats.pk])
    client.post(address, {"all": "on", "deed": "untag", "tags": "wool"})
    assert [tag.name for tag in pin.tags.all()] == ["blue"]


def test_a_deed_without_tags_says_so_and_keeps_the_choice(client, alice, coats):
    pin = tagged(coats)
    client.force_login(alice)
    address = reverse("pinboard:board-pins", args=[coats.pk])
    answer = client.post(address, {"pin": [pin.pk], "deed": "tag", "tags": " , "})
    assert answer.status_code == 422
    assert 'id="id_tags_error">Write the tags first.' in answer.text
    other = {"pin": [pin.pk], "deed": "delete", "tags": "w" * 50}
    assert client.post(address, other).status_code == 302, "nobody asked for tags"


def test_only_who_may_fill_the_board_tags_its_pins(client, alice, bob, coats):
    pin = tagged(coats)
    address = reverse("pinboard:board-pins", args=[coats.pk])
    told = {"pin": [pin.pk], "deed": "tag", "tags": "mine"}
    client.post(address, told)
    client.force_login(bob)
    assert client.post(address, told).status_code == 404
    coats.members.create(user=bob, role="editor", accepted_at=coats.created_at)
    client.post(address, told)
    assert [tag.name for tag in pin.tags.all()] == ["mine"]


# Search ------------------------------------------------------------------------------
def test_a_search_is_narrowed_by_tags_in_its_address(client, coats):
    both = tagged(coats, "Wool", "blue", title="Coat")
    wool = tagged(coats, "wool", title="Coat")
    tagged(coats, title="Coat")

    def search(**asked):
        return client.get("/search/", {"q": "coat", **asked})

    assert pin_ids(search(tag="#Wool")) == [wool.pk, both.pk]
    assert pin_ids(search(tag="wool,blue")) == [both.pk]
    assert pin_ids(search(tag="linen")) == []
    page = search(tag="wool").text
    assert 'href="?q=coat&amp;tag=wool%2Cblue"' in page, "and narrowed further"
    assert 'href="?q=coat" aria-current="true"' in page, "and widened again"
    assert search(tag="w" * 41).status_code == 400


def test_what_was_found_offers_its_tags(client, alice, secret, coats):
    tagged(coats, "wool", "blue", title="Coat")
    tagged(coats, "wool", title="Coat")
    tagged(coats, "linen", title="Shirt")
    tagged(secret, "hush", title="Coat")
    page = client.get("/search/?q=coat")
    assert [(facet.name, facet.pins) for facet in page.context["facets"]] == [
        ("wool", 2),
        ("blue", 1),
    ]


def test_other_kinds_know_no_tags(client, coats):
    tagged(coats, "wool", title="Coat")
    page = client.get("/search/?q=coat&kind=boards&tag=wool")
    assert page.status_code == 200
    assert 'name="tag"' not in client.get("/search/?q=coat&kind=products").text
