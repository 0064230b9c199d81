"""Many pictures at once: each with its progress, one that fails alone, tried again."""

from __future__ import annotations

import io
import secrets

import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def picture(name: str) -> dict:
    """Of its own colour, so that no two are the same."""
    out = io.BytesIO()
    colour = tuple(secrets.token_bytes(3))
    Image.new("RGB", (400, 300), colour).save(out, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": out.getvalue()}


def broken(name: str) -> dict:
    return {"name": name, "mimeType": "image/png", "buffer": b"no picture at all"}


@pytest.fixture
def composer(visit):
    page = visit("bob", viewport={"width": 1440, "height": 900})
    page.goto("/pins/new/")
    page.fill("#id_new_board", f"Holiday {secrets.token_hex(3)}")
    return page


def test_many_pictures_end_on_one_new_board(composer):
    files = [picture(f"{number}.png") for number in range(5)]
    composer.set_input_files("input[type=file]", files)
    composer.get_by_role("button", name="Create pin").click()
    composer.wait_for_url("**/boards/**")
    expect(composer.locator("[data-pin-id]")).to_have_count(5)
    assert "Holiday" in composer.locator("h1").inner_text()


def test_one_that_fails_stops_no_other_and_says_why(composer):
    files = [picture("a.png"), broken("b.png"), picture("c.png")]
    composer.set_input_files("input[type=file]", files)
    composer.get_by_role("button", name="Create pin").click()
    rows = composer.locator(".upload")
    expect(rows).to_have_count(3)
    expect(composer.locator(".upload a")).to_have_count(2)
    failed = composer.locator(".upload[data-failed]")
    expect(failed).to_have_count(1)
    assert "b.png" in failed.inner_text()
    assert "no picture we can read" in failed.inner_text()
    failed.get_by_role("button", name="Try again").click()
    expect(failed).to_have_count(1)
    assert composer.url.endswith("/pins/new/")
    pinned = composer.locator(".upload a").evaluate_all("all => all.map(a => a.href)")
    composer.get_by_role("button", name="Create pin").click()
    expect(failed).to_have_count(1)
    again = composer.locator(".upload a").evaluate_all("all => all.map(a => a.href)")
    assert again == pinned


def test_a_single_picture_leads_to_its_pin(composer):
    composer.set_input_files("input[type=file]", [picture("a.png")])
    composer.get_by_role("button", name="Create pin").click()
    composer.locator("article.close-up").wait_for()


def test_a_line_that_breaks_is_tried_again(composer):
    composer.set_input_files("input[type=file]", [picture("a.png")])
    composer.route("**/pins/new/", lambda route: route.abort())
    composer.get_by_role("button", name="Create pin").click()
    again = composer.get_by_role("button", name="Try again")
    again.wait_for()
    composer.unroute("**/pins/new/")
    again.click()
    composer.locator("article.close-up").wait_for()
