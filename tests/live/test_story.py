"""The main job, walked in Chromium: pin, buy, approve and pay.

One test, because it is one story: each step needs what the last one made.
"""

from __future__ import annotations

import re
import secrets
import time
from email import message_from_string
from email.policy import default as modern

import pytest

from tests.live.conftest import photograph, sign_in

PASSWORD = "a story worth telling 7"
NAME = f"new{secrets.token_hex(3)}"

pytestmark = pytest.mark.browser


def test_a_newcomer_pins_bob_buys_and_two_reviewers_pay(live, visit, tmp_path):
    newcomer = visit()
    _sign_up(newcomer)
    _confirm_mail(newcomer, live)
    _make_board(newcomer, "Things for the flat")
    _pin_photograph(newcomer, tmp_path)
    pin_address = _pin_product(newcomer, live)
    _say_where_to_pay(newcomer)
    _expect_ledger_to_agree(live)

    bob = visit("bob")
    _enjoy(bob, pin_address)
    shop = _press_buy(bob, live)
    _pay(shop)
    _expect_earnings(newcomer, "On its way", within_s=60)
    _expect_ledger_to_agree(live)

    _move_on(shop, live, "Buyer received it")
    rosa, ruth = visit("rosa"), visit("ruth")
    _approve_commission(rosa, live)
    _expect_ledger_to_agree(live)
    _expect_earnings(newcomer, "Approved")

    batch = _prepare_batch(rosa)
    _approve_batch(ruth, batch)
    _expect_ledger_to_agree(live)
    _export_and_pay(rosa, batch)
    _expect_earnings(newcomer, "Paid")
    _expect_ledger_to_agree(live)


def test_a_retailer_posts_a_product_that_can_be_bought(live, visit, tmp_path):
    rita = visit("rita")
    rita.goto("/studio/products/new/")
    photo = tmp_path / "bench.jpg"
    photo.write_bytes(photograph(900, 700))
    rita.locator("input[type=file]").set_input_files(photo)
    rita.locator("[name=title]").fill("Oak bench, one plank")
    rita.locator("[name=url]").fill(f"{live.marketplace_url}/item/1?bench={NAME}")
    rita.locator("[name=sku]").fill(f"BENCH-{NAME}")
    rita.locator("[name=price]").fill("459.00")
    rate = rita.locator("[name=rate]")
    rate.fill("4")
    rita.locator("main form button[type=submit]").first.click()
    assert "6%" in rita.locator(".error").first.inner_text()
    assert rita.locator("[name=title]").input_value() == "Oak bench, one plank"
    rate.fill("9")
    rita.locator("input[type=file]").set_input_files(photo)
    rita.locator("main form button[type=submit]").first.click()
    rita.wait_for_url(lambda url: "/new/" not in url)

    visitor = visit()
    _wait_for_text(visitor, "/shops/qiao-studio/", "Oak bench, one plank")
    visitor.get_by_text("Oak bench, one plank").first.click()
    buy = visitor.locator("a[href*='/go/']").first
    assert {"sponsored", "nofollow", "noopener"} <= set(
        buy.get_attribute("rel").split()
    )
    assert "9%" in visitor.locator(".disclosure").first.inner_text()


def test_an_order_in_the_league_is_polled_and_follows_its_refund(live, visit):
    """The other way to hear of a sale: the signed gateway, asked every 15 seconds."""
    bob = visit("bob")
    owner, pin = _pin_of_the_league(bob)
    pinner = visit(owner)
    bob.goto(pin)
    with bob.context.expect_page() as opened:
        bob.locator(".buybox a[href*='/go/']").click()
    shop = opened.value
    shop.wait_for_load_state()
    _pay(shop)
    order = re.search(r"\d{12,}", shop.locator("main").inner_text())[0]
    _expect_order(pinner, order, "On its way", within_s=75)
    _expect_ledger_to_agree(live)
    _move_on(shop, live, "Buyer received it")
    shop.locator("tbody tr").first.get_by_role("button", name="Refund").click()
    _expect_order(pinner, order, "refunded", within_s=75)
    _expect_ledger_to_agree(live)


def test_everything_works_without_javascript(live, visit, tmp_path):
    visitor = visit(java_script_enabled=False)
    visitor.goto("/explore/")
    visitor.locator(".pin-title a").first.click()
    assert "/pins/" in visitor.url
    sign_in(visitor, "bob", live.password("bob"))
    visitor.goto("/explore/")
    visitor.locator(".pin-title a").nth(3).click()
    form = visitor.locator("form.comment-form").first
    form.locator("textarea[name=text]").fill("Said without a script")
    form.locator("button").first.click()
    visitor.get_by_text("Said without a script").first.wait_for()
    visitor.goto("/pins/new/")
    photo = tmp_path / "plain.jpg"
    photo.write_bytes(photograph(640, 800))
    visitor.locator("input[type=file]").set_input_files(photo)
    visitor.locator("[name=title]").fill("Plain and simple")
    visitor.locator("main form button").last.click()
    _wait_until_pin_is_ready(visitor)


def _pin_of_the_league(page) -> tuple[str, str]:
    """The user name of its pinner and the address of a pin that can be bought."""
    page.goto("/search/?q=&kind=pins&shop=northlight")
    addresses = page.locator(".pin-title a").evaluate_all("all => all.map(a => a.href)")
    for address in addresses:
        page.goto(address)
        follow = page.locator("form[data-follow][action*='/people/']")  # not one's own
        name = follow.get_attribute("action").split("/")[-3] if follow.count() else ""
        if name and page.locator(".buybox a[href*='/go/']").count():
            return name, address
    raise AssertionError("the demo's league sells nothing")


def _expect_order(page, order: str, word: str, within_s: int) -> None:
    """The order's own page says it, in whatever words stand around."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        page.goto("/earnings/")
        links = page.locator("a[href*='/earnings/commissions/']")
        for address in links.evaluate_all("all => all.slice(0, 5).map(a => a.href)"):
            page.goto(address)
            text = page.locator("main").inner_text()
            if order in text and word.lower() in text.lower():
                return
        page.wait_for_timeout(2000)
    raise AssertionError(f"order {order} never is {word!r}")


def _sign_up(page) -> None:
    page.goto("/accounts/signup/")
    page.locator("[name=username]").fill(NAME)
    page.locator("[name=email]").fill(f"{NAME}@example.org")
    page.locator("[name=password1]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda url: "/signup" not in url)


def _confirm_mail(page, live) -> None:
    """Asked for at once, needed only before a payout: the mail lies in a file."""
    bodies = [
        message_from_string(mail, policy=modern).get_body(("plain",)).get_content()
        for mail in live.mails()
    ]
    links = re.findall(r"https?://\S+/accounts/confirm-email/\S+", "\n".join(bodies))
    assert links, "no mail asked to confirm the address"
    page.goto(links[-1])
    page.locator("main form button").first.click()
    page.wait_for_load_state()


def _make_board(page, title: str) -> None:
    page.goto("/boards/new/")
    page.locator("[name=title]").fill(title)
    page.locator("main form button").last.click()
    page.wait_for_url("**/boards/*-*/")
    assert page.locator("h1").inner_text() == title


def _pin_photograph(page, tmp_path) -> None:
    photo = tmp_path / "chair.jpg"
    photo.write_bytes(photograph(1400, 1050))
    page.goto("/pins/new/")
    page.locator("input[type=file]").set_input_files(photo)
    page.locator("[name=title]").fill("A chair in the morning")
    page.locator("main form button").last.click()
    _wait_until_pin_is_ready(page)
    assert page.locator("h1").inner_text() == "A chair in the morning"


def _wait_until_pin_is_ready(page) -> None:
    """At once there, in some state; the finished picture without anybody's doing."""
    page.wait_for_url(re.compile(r"/pins/\d+/$"))
    page.locator("[data-pin-state]").wait_for(state="attached")
    page.locator("[data-pin-state=ready]").wait_for(state="attached", timeout=60_000)
    picture = page.locator("[data-pin-state] img").first
    picture.wait_for()
    assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") > 200


def _pin_product(page, live) -> str:
    """By the address of a marketplace page; the price comes from the page."""
    page.goto("/pins/new/")
    page.locator("[name=url]").fill(
        f"{live.marketplace_url}/item/{_dear_item(page, live)}"
    )
    page.locator("main form button").last.click()
    page.locator("[name=picture_url]").first.wait_for(state="attached", timeout=60_000)
    assert page.locator("[name=title]").input_value()
    assert float(page.locator("[name=price]").input_value()) > 0
    assert page.locator("[name=currency]").input_value() == "CNY"
    page.locator("main form button").last.click()
    _wait_until_pin_is_ready(page)
    page.locator("a[href*='/go/']").first.wait_for()
    return page.url


def _dear_item(page, live) -> str:
    """A product of a direct shop whose commission reaches the payout's minimum."""
    found = page.request.get(f"{live.url}/shops/qiao-studio/").text()
    for product in dict.fromkeys(re.findall(r"/products/(\d+)/", found)):
        html = page.request.get(f"{live.url}/products/{product}/").text()
        price = re.search(r"¥([\d,]+)", html)
        if "/go/" in html and price and int(price[1].replace(",", "")) > 400:
            link = re.search(r"/item/(\d+)", html)
            if link:
                return link[1]
    raise AssertionError("the demo sells nothing dear enough")


def _say_where_to_pay(page) -> None:
    page.goto("/earnings/payout/")
    page.locator("select[name=method]").select_option("alipay")
    page.locator("[name=holder]").fill("New Comer")
    page.locator("[name=number]").fill(f"{NAME}@pay.example")
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/earnings/")


def _enjoy(page, pin_address: str) -> None:
    page.goto("/explore/")
    pin = pin_address.rstrip("/").rsplit("/", 1)[-1]
    page.locator(f"[data-pin-id='{pin}'] .pin-title a").click()
    page.wait_for_url(f"**/pins/{pin}/")
    page.locator("form[data-like] button").click()
    page.locator("form[data-like] button[aria-pressed=true]").wait_for()
    page.locator("textarea[name=text]").first.fill("Does it come in green?")
    page.locator("form.comment-form button").first.click()
    page.get_by_text("Does it come in green?").first.wait_for()
    follow = page.locator(f"form[data-follow][action*='/people/{NAME}/'] button").first
    follow.click()
    page.get_by_text("Following").first.wait_for()
    page.goto(f"{pin_address}save/")
    page.locator("input[name=board]").first.check()
    page.locator("main form button[type=submit]").click()
    page.get_by_text("Saved to").first.wait_for()
    page.goto("/people/bob/?tab=pins")
    page.locator(".pin-title a").first.click()
    page.get_by_text(f"@{NAME}").first.wait_for()
    page.goto(pin_address)


def _press_buy(page, live):
    with page.context.expect_page() as opened:
        page.locator(".buybox a[href*='/go/']").click()
    shop = opened.value
    shop.wait_for_load_state()
    assert shop.url.startswith(f"{live.marketplace_url}/item/")
    assert "pb_click=" in shop.url
    return shop


def _pay(shop) -> None:
    shop.locator("form[data-action=buy] button").click()
    shop.locator("form[data-action=pay] button").click()
    shop.get_by_text("paid").first.wait_for()


def _move_on(shop, live, button: str) -> None:
    shop.goto(f"{live.marketplace_url}/desk/")
    shop.locator("tbody tr").first.get_by_role("button", name=button).click()
    shop.wait_for_load_state()


def _expect_earnings(page, word: str, within_s: int = 30) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        page.goto("/earnings/")
        rows = page.locator("table").first.inner_text()
        if word in rows:
            return
        page.wait_for_timeout(1000)
    raise AssertionError(f"no order is {word!r}:\n{rows}")


def _approve_commission(page, live) -> None:
    """The newest in the queue; its story says whose it is."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        page.goto("/admin/commerce/commission/?state__exact=maturing")
        newest = page.locator("#result_list tbody tr", has_text=NAME).first
        if newest.count():
            break
        page.wait_for_timeout(1000)
    newest.locator("a").first.click()
    assert NAME in page.locator("#content").inner_text()
    page.get_by_role("button", name="Approve", exact=True).click()
    page.wait_for_load_state()


def _prepare_batch(page) -> str:
    page.goto("/admin/commerce/payoutbatch/")
    page.locator(".object-tools a").first.click()
    page.locator("button[name=currency][value=CNY]").click()
    page.wait_for_load_state()
    assert NAME in page.locator("#content").inner_text()
    return page.url


def _approve_batch(page, batch: str) -> None:
    page.goto(batch)
    page.get_by_role("button", name="Approve").click()
    page.wait_for_load_state()
    assert "approved" in page.locator("#content").inner_text().lower()


def _export_and_pay(page, batch: str) -> None:
    page.goto(batch)
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("CSV")).click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert any(f"{NAME}@pay.example" in line for line in lines)
    for number in range(page.locator("button[value=paid]").count()):
        page.goto(batch)
        form = page.locator("form", has=page.locator("button[value=paid]")).first
        form.locator("[name=text]").fill(f"BANK-{number}-{time.time_ns()}")
        form.locator("button[value=paid]").click()
        page.wait_for_load_state()


def _expect_ledger_to_agree(live) -> None:
    done = live.manage("ledger_verify")
    assert done.returncode == 0, done.stdout + done.stderr


def _wait_for_text(page, address: str, text: str, within_s: int = 60) -> None:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        page.goto(address)
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(1000)
    raise AssertionError(f"{text!r} did not come to {address}")
