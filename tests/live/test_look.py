"""What must hold of every page's look: it fits, it stands still, it is silent."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser

WIDTHS = (320, 390, 1440)
MOST_SHIFT = 0.02
# Signed out and in: the pages that most people see, and the widest tables.
PAGES = {
    None: [
        "/",
        "/search/?q=camera",
        "/search/?q=camera&kind=products",
        "/shops/",
        "/tags/",
        "/tags/lighting/",
        "/accounts/signup/",
        "/nothing-here/",
    ],
    "alice": [
        "/",
        "/people/alice/",
        "/pins/new/",
        "/notifications/",
        "/suggestions/",
        "/descriptions/",
        "/earnings/",
        "/settings/tokens/",
    ],
    "rita": ["/studio/", "/studio/orders/", "/studio/rates/?rate=9"],
    "rosa": ["/admin/commerce/commission/"],
}
# Each picture a little later than the page, as on a slow line.
SLOW_PICTURES = """
  for (const image of document.querySelectorAll('img[src*="/media/"]')) {
    const { src, srcset } = image;
    image.removeAttribute('srcset');
    image.removeAttribute('src');
    setTimeout(() => { image.srcset = srcset; image.src = src; }, 150);
  }
"""
WATCH_SHIFTS = """
  window.shifted = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const names = entry.sources.map(({ node }) => node?.className || node?.nodeName);
      window.shifted.push([entry.value, names.join(' ')]);
    }
  }).observe({ type: 'layout-shift', buffered: true });
"""


@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_stand_still_and_are_silent(visit, name):
    page = visit(name)
    pin, board = a_pin_and_its_board(page)
    basket = re.sub(r"^(/boards/\d+).*", r"\1/basket/", board)
    addresses = [*PAGES[name], pin, board, basket]
    said = _console_of(page)
    page.add_init_script(WATCH_SHIFTS)
    wrong = []
    for address in addresses:
        page.set_viewport_size({"width": WIDTHS[-1], "height": 900})
        page.goto(address)
        page.evaluate(SLOW_PICTURES)
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(350)
        shifted = page.evaluate("window.shifted")
        if sum(value for value, _names in shifted) > MOST_SHIFT:
            wrong.append((address, "moves", shifted))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                wrong.append((address, f"is {wide} wide on {width}"))
        wrong += [(address, text) for text in said if not _is_expected(address, text)]
        said.clear()
    assert wrong == []


def test_the_first_tab_skips_to_the_content_and_shows_where_one_is(visit):
    page = visit()
    page.goto("/")

    page.keyboard.press("Tab")
    skip = page.locator(":focus")

    assert skip.get_attribute("href") == "#main"
    page.wait_for_timeout(200)
    assert skip.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    first = page.locator(":focus")
    assert first.evaluate("link => !!link.closest('[data-pin-id]')")
    ring = first.evaluate(
        "link => getComputedStyle(link.closest('.pin').querySelector('.pin-media'))"
        ".outlineStyle"
    )
    assert ring == "solid"


def a_pin_and_its_board(page) -> list[str]:
    """A pin with a product, from the first page, and the board it is on."""
    page.goto("/explore/")
    card = page.locator("[data-pin-id]", has=page.locator(".price")).first
    pin = card.locator(".pin-title a").get_attribute("href")
    page.goto(pin)
    board = page.locator("a[href^='/boards/']").first.get_attribute("href")
    return [pin, board]


def _console_of(page) -> list[str]:
    said: list[str] = []
    page.on("console", lambda m: m.type == "error" and said.append(m.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def _is_expected(address: str, text: str) -> bool:
    """Chromium itself speaks up where a page is missing."""
    return address == "/nothing-here/" and "404" in text
