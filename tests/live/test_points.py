"""Products at points of a picture: they stand where they were put at every size, and
are moved by mouse and by the arrow keys."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

TITLE = "Three things for the empty corner"
# The picture as it is drawn, without the bands beside one taller than its frame.
PLACES = """() => {
  const image = document.querySelector('.photo img');
  const frame = image.getBoundingClientRect();
  const { naturalWidth: wide, naturalHeight: high } = image;
  const scale = Math.min(frame.width / wide, frame.height / high);
  const [width, height] = [wide * scale, high * scale];
  const left = frame.left + (frame.width - width) / 2;
  const top = frame.top + (frame.height - height) / 2;
  const spots = document.querySelectorAll('.spot > summary, [data-point]');
  return [...spots].map((spot) => {
    const box = spot.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const style = (spot.closest('.spot') ?? spot).style;
    return {
      is: [(x - left) / width * 100, (y - top) / height * 100],
      said: ['--x', '--y'].map((name) => style.getPropertyValue(name) / 100),
      isOnScreen: box.left >= 0 && box.right <= innerWidth,
    };
  });
}"""
SIZES = [(1440, 900), (1440, 500), (768, 1024), (390, 844), (320, 568), (844, 390)]


@pytest.fixture(scope="module")
def address(live, chromium):
    context = chromium.new_context(base_url=live.url)
    page = context.new_page()
    page.goto("/search/?q=empty+corner")
    way = page.locator(".pin-title a", has_text=TITLE).first.get_attribute("href")
    context.close()
    return way


@pytest.mark.parametrize("where", ["", "products/"])
def test_points_stand_where_they_were_put_at_every_size(visit, address, where):
    page = visit("alice")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.goto(address + where)
        page.locator(".photo img").evaluate("image => image.decode()")
        places = page.evaluate(PLACES)
        assert len(places) == 3
        for place in places:
            assert place["is"] == pytest.approx(place["said"], abs=0.5), (width, height)
            assert place["isOnScreen"]
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_number_opens_its_product_and_another_closes_it(visit, address, scripts):
    size = {"width": 390, "height": 844}
    page = visit(viewport=size, java_script_enabled=scripts)
    page.goto(address)
    numbers = page.locator(".spot > summary")
    for number in range(3):
        numbers.nth(number).click()
        card = page.locator(".spot[open] .spot-card")
        assert card.count() == 1
        box = card.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        assert card.locator("b a").inner_text()
        assert card.locator(".buy-pill").is_visible()
        assert card.locator(".disclosure").is_visible()
    listed = page.locator(".pointed li")
    assert listed.count() == 3
    assert listed.locator(".buy-pill").count() == 3


def test_escape_closes_what_is_open_and_gives_the_focus_back(visit, address):
    page = visit()
    page.goto(address)
    page.locator(".spot > summary").first.focus()
    page.keyboard.press("Enter")
    page.locator(".spot[open] .spot-card").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert page.locator(".spot[open]").count() == 0
    assert page.evaluate("document.activeElement.matches('.spot > summary')")


def written(page):
    return page.expect_response(lambda reply: reply.url.endswith("/move/"))


def said(page, number=0):
    return page.evaluate(PLACES)[number]["said"]


def test_a_press_in_the_picture_fills_in_where_it_was(visit, address):
    page = visit("alice")
    page.goto(f"{address}products/")
    box = page.locator("[data-plane]").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.05)
    form = page.locator("[data-points-form]")
    assert float(form.locator("[name=across]").input_value()) == pytest.approx(
        60, abs=1
    )
    assert float(form.locator("[name=down]").input_value()) == pytest.approx(5, abs=1)
    assert page.evaluate("document.activeElement.name") == "q"


def test_the_mouse_and_the_arrow_keys_move_a_number_and_it_stays(visit, address):
    page = visit("alice")
    page.goto(f"{address}products/")
    handle = page.locator(".spot-handle[data-point]").first
    box, plane = handle.bounding_box(), page.locator("[data-plane]").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    to = plane["x"] + plane["width"] * 0.4, plane["y"] + plane["height"] * 0.3
    page.mouse.move(*to, steps=6)
    with written(page):
        page.mouse.up()
    assert said(page) == pytest.approx([40, 30], abs=1)
    page.reload()
    assert said(page) == pytest.approx([40, 30], abs=1)
    before = said(page)
    page.locator(".spot-handle[data-point]").first.focus()
    with written(page):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+ArrowUp")
    page.reload()
    assert said(page) == pytest.approx([before[0] + 1, before[1] - 5], abs=0.01)


def test_what_an_arrow_key_moved_last_is_kept_when_the_page_goes(visit, address):
    page = visit("alice")
    page.goto(f"{address}products/")
    before = said(page, 1)
    page.locator(".spot-handle[data-point]").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    page.goto(address)
    page.wait_for_timeout(300)
    page.reload()
    assert said(page, 1) == pytest.approx([before[0] - 1, before[1]], abs=0.01)
