"""A pin over its grid, and the reader's place in a long feed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

VIEWER = "dialog.viewer[open]"
CARDS = "[data-feed] > .pin"


@pytest.fixture(params=[(1440, 900), (390, 844)], ids=["wide", "phone"])
def feed(visit, request):
    """The public feed, some pages down, and a card in the middle of the screen."""
    width, height = request.param
    page = visit("alice", viewport={"width": width, "height": height})
    page.goto("/explore/")
    for _ in range(40):
        if page.locator(CARDS).count() > 40:
            break
        page.mouse.wheel(0, 3000)
        page.wait_for_timeout(150)
    title = page.locator(CARDS).nth(30).locator(".pin-title a")
    title.scroll_into_view_if_needed()
    return page, title


def place_of(page):
    """The first card on the screen, and how high it stands."""
    return page.evaluate(
        """() => {
          for (const card of document.querySelectorAll('[data-feed] > .pin')) {
            const { top, bottom } = card.getBoundingClientRect();
            if (bottom > 0) return [card.dataset.pinId, Math.round(top)];
          }
        }"""
    )


def focused_pin(page):
    return page.evaluate("document.activeElement.closest('.pin')?.dataset.pinId")


def opened(page, title):
    title.click()
    page.locator(VIEWER).wait_for()
    return page.locator(VIEWER)


def test_a_pin_opens_over_the_grid_and_closes_where_it_was(feed):
    page, title = feed
    before, pin = place_of(page), title.get_attribute("href")
    for close in ("Escape", "Back", "button"):
        viewer = opened(page, title)
        assert page.url.endswith(pin)
        heading = viewer.locator("h1").inner_text()
        assert heading in page.title()
        assert viewer.locator("[data-like], .split").first.is_visible()
        if close == "Escape":
            page.keyboard.press("Escape")
        elif close == "Back":
            page.go_back()
        else:
            viewer.locator(".viewer-close").click()
        page.locator(VIEWER).wait_for(state="detached")
        assert page.url.endswith("/explore/")
        assert focused_pin(page) == pin.strip("/").split("/")[1]
        assert place_of(page) == before


def test_the_arrows_go_on_in_the_order_of_the_list(feed):
    page, title = feed
    order = page.locator(CARDS).evaluate_all("cards => cards.map(c => c.dataset.pinId)")
    opened(page, title)
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/pins/{order[31]}/")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/pins/{order[30]}/")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/pins/{order[29]}/")
    page.go_back()
    page.wait_for_url("**/explore/")
    assert focused_pin(page) == order[29]


def test_the_photograph_is_seen_in_full_size(feed):
    page, title = feed
    viewer = opened(page, title)
    viewer.locator("a[data-zoom]").click()
    zoom = page.locator("dialog.zoom[open]")
    zoom.wait_for()
    width = int(viewer.locator("a[data-zoom]").get_attribute("data-width"))
    expect(zoom.locator("img")).to_have_js_property("naturalWidth", width)
    zoom.locator("img").click()
    assert zoom.locator("img").bounding_box()["width"] == width
    page.keyboard.press("Escape")
    zoom.wait_for(state="detached")
    assert viewer.is_visible()


def test_what_is_done_in_the_viewer_is_done(feed):
    page, title = feed
    viewer = opened(page, title)
    like = viewer.locator("[data-like] button")
    was = like.get_attribute("aria-pressed")
    with page.expect_response(lambda reply: reply.url.endswith("/like/")):
        like.click()
    page.reload()
    assert page.locator("[data-like] button").get_attribute("aria-pressed") != was


def test_back_leads_to_the_same_card_from_any_page_and_after_a_reload(feed):
    page, title = feed
    before, count = place_of(page), page.locator(CARDS).count()

    def is_as_before():
        expect(page.locator(CARDS).nth(count - 1)).to_be_attached()  # or more by now
        return place_of(page) == before

    page.goto("/shops/")
    page.go_back()
    assert is_as_before()
    page.reload()
    assert is_as_before()
    opened(page, title)
    page.reload()
    page.locator("article.close-up").wait_for()
    assert page.locator(VIEWER).count() == 0
    page.go_back()
    assert is_as_before()


def test_whoever_comes_next_sees_nothing_of_the_feed_before(visit):
    """After a log-out, Back may not show what was only for the reader before."""
    page = visit("alice", viewport={"width": 1440, "height": 900})
    page.goto("/")
    page.mouse.wheel(0, 2000)
    page.wait_for_timeout(500)
    page.locator(CARDS).first.evaluate("card => { card.dataset.hers = 'yes'; }")
    page.goto("/shops/")
    page.context.clear_cookies()
    page.go_back()
    page.reload()
    assert page.evaluate("document.body.dataset.reader") is None
    assert page.locator(CARDS).count()
    assert page.locator("[data-hers]").count() == 0


def test_the_reader_herself_has_her_cards_again(visit):
    page = visit("alice", viewport={"width": 1440, "height": 900})
    page.goto("/explore/")
    page.mouse.wheel(0, 2000)
    page.wait_for_timeout(500)
    page.locator(CARDS).first.evaluate("card => { card.dataset.hers = 'yes'; }")
    page.reload()
    assert page.locator("[data-hers]").count() == 1
