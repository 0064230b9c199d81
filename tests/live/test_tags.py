"""Tags while they are typed: what others wrote is offered, by keys and by finger."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LINE = "#id_tags"
OPTIONS = ".tag-options [role=option]"


@pytest.fixture
def editor(visit):
    """The form of a pin of alice's, its line of tags empty."""
    page = visit("alice", viewport={"width": 390, "height": 844})
    page.goto("/people/alice/?tab=pins")
    pin = page.locator("[data-pin-id]").first.get_attribute("data-pin-id")
    page.goto(f"/pins/{pin}/edit/")
    page.fill(LINE, "")
    return page


def offered(page, text):
    page.locator(LINE).press_sequentially(text)
    expect(page.locator(OPTIONS).first).to_be_visible()
    return page.locator(OPTIONS + " b").all_inner_texts()


def test_the_arrow_keys_choose_a_tag_and_enter_takes_it(editor):
    address = editor.url
    names = offered(editor, "wood, li")
    assert "#Lighting" in names
    for _ in range(names.index("#Lighting") + 1):
        editor.keyboard.press("ArrowDown")
    marked = editor.locator(LINE).get_attribute("aria-activedescendant")
    assert editor.locator(f"#{marked} b").inner_text() == "#Lighting"
    editor.keyboard.press("Enter")
    assert editor.locator(LINE).input_value() == "wood, Lighting, "
    expect(editor.locator(OPTIONS).first).to_be_hidden()
    assert editor.url == address, "nothing was sent"


def test_a_touch_takes_a_tag_and_escape_takes_none(editor):
    names = offered(editor, "li")
    editor.keyboard.press("Escape")
    expect(editor.locator(OPTIONS).first).to_be_hidden()
    assert offered(editor, "g")
    editor.locator(OPTIONS).first.click()
    assert editor.locator(LINE).input_value() == f"{names[0].removeprefix('#')}, "


def test_enter_in_the_bar_of_chosen_pins_adds_the_tags(visit):
    page = visit("alice", viewport={"width": 1440, "height": 900})
    page.goto("/people/alice/")
    board = page.locator(".board h2 a").first.get_attribute("href")
    page.goto(f"{board}?select=1")
    page.locator("input[name=pin][form=bulk]").first.check()
    page.fill(LINE, "zebra wood")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 pin has other tags now.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 pin is back.")).to_be_visible()
