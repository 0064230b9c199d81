"""An order by hand: by mouse, by finger and by the arrow keys; it survives a reload."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

PROFILE, BOARD = "/people/alice/", "board"


@pytest.fixture(params=[PROFILE, BOARD])
def place(request, live):
    """What is arranged: alice's boards, or the pins of her first board."""
    return request.param


def opened(visit, place, **options):
    page = visit("alice", **options)
    address = place
    if place == BOARD:
        page.goto(PROFILE)
        counts = page.locator(".board p").all_inner_texts()
        full = next(n for n, text in enumerate(counts) if int(text.split()[0]) > 4)
        address = page.locator(".board h2 a").nth(full).get_attribute("href")
    page.goto(f"{address}?arrange=1")
    return page


def order(page):
    cards = page.locator("[data-feed] > [data-place-id]")
    return cards.evaluate_all("cards => cards.map(card => card.dataset.placeId)")


def settled(page):
    return page.expect_response(lambda reply: reply.url.endswith("/place/"))


def test_the_arrow_keys_move_a_card_and_keep_the_focus(visit, place):
    page = opened(visit, place)
    first, second, *rest = order(page)
    page.locator("[data-handle]").first.focus()
    with settled(page):
        page.keyboard.press("ArrowRight")
    assert order(page) == [second, first, *rest]
    held = page.evaluate("document.activeElement.closest('[data-place-id]')?.dataset")
    assert held["placeId"] == first
    page.reload()
    assert order(page)[:2] == [second, first]


def test_the_mouse_drags_a_card(visit, place):
    page = opened(visit, place)
    first, second, third, *_ = order(page)
    handle = page.locator(f"[data-place-id='{third}'] [data-handle]")
    target = page.locator(f"[data-place-id='{first}']").bounding_box()
    handle.hover()
    page.mouse.down()
    page.mouse.move(target["x"] + 40, target["y"] + 60, steps=8)
    with settled(page):
        page.mouse.up()
    assert order(page)[0] == third
    page.reload()
    assert order(page)[:3] == [third, first, second]


def test_a_finger_drags_a_card_on_a_phone(visit, place):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    page = opened(visit, place, **phone, is_mobile=True)
    first, second, *_ = order(page)
    box = page.locator(f"[data-place-id='{second}'] [data-handle]").bounding_box()
    target = page.locator(f"[data-place-id='{first}']").bounding_box()
    start = {"x": box["x"] + 20, "y": box["y"] + 20}
    finger = page.context.new_cdp_session(page)

    def touch(kind, *points):
        told = {"type": kind, "touchPoints": list(points)}
        finger.send("Input.dispatchTouchEvent", told)

    touch("touchStart", start)
    for step in range(1, 9):
        x = start["x"] + (target["x"] + 40 - start["x"]) * step / 8
        y = start["y"] + (target["y"] + 60 - start["y"]) * step / 8
        touch("touchMove", {"x": x, "y": y})
    with settled(page):
        touch("touchEnd")
    assert order(page)[0] == second
    page.reload()
    assert order(page)[:2] == [second, first]


def test_a_step_that_the_server_did_not_take_is_taken_back(visit, place):
    page = opened(visit, place)
    before = order(page)
    page.route("**/place/", lambda route: route.abort())
    page.locator("[data-handle]").first.focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("That did not work").wait_for()
    assert order(page) == before


def test_without_a_script_buttons_do_it(visit, place, live, chromium):
    page = opened(visit, place)
    first, second, *_ = order(page)
    cookies = page.context.cookies()
    plain = chromium.new_context(base_url=live.url, java_script_enabled=False)
    plain.add_cookies(cookies)
    other = plain.new_page()
    other.goto(page.url)
    other.locator(f"[data-place-id='{second}'] [value=up]").click()
    other.wait_for_load_state()
    page.reload()
    assert order(page)[:2] == [second, first]
    plain.close()
