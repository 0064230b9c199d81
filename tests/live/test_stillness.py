"""Nothing on a page moves while its pictures arrive on a slow line."""

from __future__ import annotations

import pytest

from tests.live.test_look import MOST_SHIFT, WATCH_SHIFTS, a_pin_and_its_board

pytestmark = pytest.mark.browser

# A slow phone's line: bytes a second, and the wait for the first of them.
SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 120_000,
    "uploadThroughput": 60_000,
}
# Phones of today and before, a laptop, a large screen.
WIDTHS = (320, 390, 1440, 1920)
# Pictures that came after the page was first painted.
CAME_LATE = """() => {
  const painted = performance.getEntriesByName('first-contentful-paint')[0].startTime;
  const loaded = performance.getEntriesByType('resource');
  const late = loaded.filter((one) => one.responseEnd > painted);
  return late.filter((one) => one.name.includes('/media/')).length;
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_stand_still_while_their_pictures_arrive(visit, width):
    page = visit(viewport={"width": width, "height": 900})
    _pin, board = a_pin_and_its_board(page)
    page.add_init_script(WATCH_SHIFTS)
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line.send("Network.emulateNetworkConditions", SLOW)
    moved = {}
    for address in ("/", board, "/people/alice/?tab=pins", "/search/?q=camera"):
        page.goto(address, wait_until="domcontentloaded", timeout=60_000)
        page.mouse.wheel(0, 1200)  # the pictures below come later still
        page.wait_for_timeout(500)
        page.wait_for_load_state("networkidle", timeout=60_000)
        assert page.evaluate(CAME_LATE) > 0, f"{address} had its pictures at once"
        shifted = page.evaluate("window.shifted")
        moved[address] = sum(value for value, _names in shifted)
    assert {k: v for k, v in moved.items() if v >= MOST_SHIFT} == {}
