"""Animated pictures: a still on the card, moving under the pointer, paused at will."""

from __future__ import annotations

import io
import time

import httpx
import pytest
from PIL import Image

pytestmark = pytest.mark.browser


def moving_gif() -> bytes:
    frames = [
        Image.new("RGB", (300, 200), (200 - 30 * n, 90, 40 * n)) for n in range(5)
    ]
    out = io.BytesIO()
    frames[0].save(
        out, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0
    )
    return out.getvalue()


@pytest.fixture
def pin(live):
    """Pinned by alice, ready; the address of its board."""
    token = live.demo["accounts"]["alice"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=live.url, headers=headers, trust_env=False) as api:
        board = api.post("/api/v1/boards", json={"title": "Moving"}).json()
        files = {"image": ("a.gif", moving_gif(), "image/gif")}
        pin = api.post(
            "/api/v1/pins", files=files, data={"board": str(board["id"])}
        ).json()
        for _ in range(100):
            pin = api.get(f"/api/v1/pins/{pin['id']}").json()
            if pin["state"] == "ready":
                return pin | {"board_url": board["url"]}
            time.sleep(0.3)
    raise AssertionError(pin)


def test_a_card_moves_under_the_pointer_and_rests_after(visit, pin):
    page = visit()
    page.goto(pin["board_url"])
    card = page.locator(f"[data-pin-id='{pin['id']}']")
    image = card.locator("img")
    still = image.get_attribute("src")
    assert "GIF" in card.inner_text()
    before = image.bounding_box()
    card.hover()
    page.locator(f"img[src$='{image.get_attribute('data-moving')}']").wait_for()
    assert image.bounding_box() == before
    page.mouse.move(0, 0)
    page.locator(f"img[src$='{still}'][srcset]").wait_for()


def test_who_wants_less_motion_gets_none(visit, pin):
    page = visit(reduced_motion="reduce")
    page.goto(pin["board_url"])
    image = page.locator(f"[data-pin-id='{pin['id']}'] img")
    still = image.get_attribute("src")
    image.hover(force=True)
    page.wait_for_timeout(400)
    assert image.get_attribute("src") == still
    page.goto(pin["url"])
    assert "original" not in page.locator(".photo img").evaluate("i => i.currentSrc")


def test_on_its_own_page_it_moves_and_is_paused(visit, pin):
    page = visit()
    page.goto(pin["url"])
    image = page.locator(".photo img")
    assert "original" in image.evaluate("i => i.currentSrc")
    page.get_by_role("button", name="Pause").click()
    assert "original" not in image.get_attribute("src")
    page.get_by_role("button", name="Pause").click()
    assert "original" in image.get_attribute("src")
