"""Suggesting a pin and deciding on one, by keys and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def queue(visit):
    """What the demo's people suggested for a board of alice's."""
    page = visit("alice", viewport={"width": 390, "height": 844})
    page.goto("/suggestions/")
    page.get_by_role("link", name="Look").first.click()
    return page


def test_a_suggestion_is_chosen_and_taken_by_keys_and_the_undo_brings_it_back(queue):
    waiting = queue.locator("[data-suggestion]")
    count = waiting.count()
    queue.locator("input[name=suggestion]").first.focus()
    queue.keyboard.press("Space")
    expect(queue.locator("[data-bulk-count]")).to_have_text("1")
    queue.locator("button[name=deed][value=take]").focus()
    queue.keyboard.press("Enter")
    expect(queue.get_by_text("1 pin put on")).to_be_visible()
    expect(waiting).to_have_count(count - 1)
    queue.get_by_role("button", name="Undo").click()
    expect(queue.get_by_text("1 is as before.")).to_be_visible()
    expect(waiting).to_have_count(count)


def test_the_list_under_save_leads_to_the_boards_of_others(visit):
    page = visit("bob", viewport={"width": 1440, "height": 900})
    page.goto("/explore/")
    page.goto(page.locator("[data-feed] .pin-title a").first.get_attribute("href"))
    page.locator("[data-choose]:visible").first.click()
    link = page.get_by_role("link", name="Suggest to somebody else’s board")
    expect(link).to_be_visible()
    for _ in range(30):  # past all boards of one's own
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/pins/\d+/suggest/"))


def test_a_picture_is_described_without_scripts(visit):
    page = visit("bob", java_script_enabled=False)
    page.goto("/people/alice/?tab=pins")
    pin = page.locator("[data-pin-id]").first.get_attribute("data-pin-id")
    alice = visit("alice", java_script_enabled=False)
    alice.goto(f"/pins/{pin}/edit/")
    alice.fill("#id_alt", "")
    alice.get_by_role("button", name="Save changes").click()
    page.goto(f"/pins/{pin}/")
    page.get_by_text("Describe this picture").click()
    page.fill("#id_alt_text", "A brass lamp on a windowsill")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("It waits for an answer.")).to_be_visible()
    alice.goto(f"/pins/{pin}/")
    alice.get_by_role("button", name="Use these words").click()
    expect(alice.get_by_text("Picture described by @bob")).to_be_visible()
    page.goto(f"/pins/{pin}/")
    expect(page.locator("figure img").first).to_have_attribute(
        "alt", "A brass lamp on a windowsill"
    )
