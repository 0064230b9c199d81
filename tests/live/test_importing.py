"""A file becomes pins while one looks on, by a real worker, and can be taken back."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def chosen(page, text: str) -> None:
    page.goto("/settings/import/")
    file = {"name": "wishes.txt", "mimeType": "text/plain", "buffer": text.encode()}
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="See what is in it").click()
    page.wait_for_url("**/settings/import/*/")


def test_a_list_of_addresses_becomes_a_board_and_goes_again(visit, live):
    page = visit("tomas", viewport={"width": 390, "height": 844})
    mark = secrets.token_hex(3)
    items = [f"{live.marketplace_url}/item/{number}?{mark}" for number in (21, 22, 23)]
    gone = f"{live.marketplace_url}/gone-{mark}"
    chosen(page, "\n".join([*items, gone]))
    page.fill("#id_new_board", f"Wishes {mark}")
    page.get_by_role("button", name="Import 4 pins").click()
    # Nobody reloads: the page comes to its end by itself.
    expect(page.get_by_text("This import is done")).to_be_visible(timeout=60_000)
    expect(page.locator(".lines > li")).to_have_count(4)
    last = page.locator(".lines > li").last
    expect(last).to_contain_text("failed")
    expect(last.get_by_role("button")).to_contain_text("Try again")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, "nothing leads sideways"
    page.goto("/people/tomas/")
    expect(page.get_by_text(f"Wishes {mark}")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Undo this import").click()
    expect(page.get_by_text("This import was undone")).to_be_visible()
    page.goto("/people/tomas/")
    expect(page.get_by_text(f"Wishes {mark}")).to_have_count(0)
