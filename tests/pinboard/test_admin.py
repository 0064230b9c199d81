"""The admin of the social side: staff look things up and take things down."""

import pytest

from pinboard.actions import social
from pinboard.models import Board, Comment, Pin
from tests.factories import make_board, make_pin, make_product, make_shop, make_user


@pytest.fixture
def client(client, settings, db):
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(make_user("chief", is_superuser=True, reviewer=True))
    return client


@pytest.fixture
def pin(alice, rita):
    shop = make_shop(owner=rita, host="qiao.example")
    return make_pin(make_board(alice), product=make_product(shop))


@pytest.mark.parametrize(
    "name", ["board", "pin", "comment", "shop", "product", "picture"]
)
def test_every_list_and_every_row_opens(client, pin, bob, name):
    social.comment(pin=pin, by=bob, text="Nice")
    page = client.get(f"/admin/pinboard/{name}/?q=a")
    assert page.status_code == 200
    row = page.context["cl"].model.objects.first()
    assert client.get(f"/admin/pinboard/{name}/{row.pk}/change/").status_code == 200
    assert client.get(f"/admin/pinboard/{name}/add/").status_code == 403


@pytest.mark.parametrize(
    ("name", "model"), [("board", Board), ("pin", Pin), ("comment", Comment)]
)
def test_what_is_taken_down_is_gone_from_the_site(client, pin, bob, name, model):
    social.comment(pin=pin, by=bob, text="Nice")
    row = model.objects.get()
    client.post(
        f"/admin/pinboard/{name}/",
        {"action": "take_down", "_selected_action": [row.pk]},
    )
    row.refresh_from_db()
    assert row.deleted_at is not None


@pytest.mark.parametrize("name", ["board", "pin", "comment"])
def test_what_only_its_owner_sees_staff_do_not_see_either(client, pin, alice, name):
    secret = make_pin(make_board(alice, "Hush", visibility="secret"), title="Hush pin")
    hidden = {"board": secret.board, "pin": secret}
    hidden["comment"] = social.comment(pin=secret, by=alice, text="Hush, hush")
    page = client.get(f"/admin/pinboard/{name}/")
    assert "Hush" not in page.content.decode()
    row = hidden[name].pk
    assert client.get(f"/admin/pinboard/{name}/{row}/change/").status_code == 302


def test_a_shop_without_a_domain_cannot_be_verified(client, pin):
    with_host, without = pin.product.shop, make_shop()
    client.post(
        "/admin/pinboard/shop/",
        {"action": "verify", "_selected_action": [with_host.pk, without.pk]},
    )
    with_host.refresh_from_db()
    without.refresh_from_db()
    assert with_host.verified_at is not None
    assert without.verified_at is None


def test_reviewers_see_none_of_it(client, pin, rosa):
    client.force_login(rosa)
    assert client.get("/admin/pinboard/pin/").status_code == 403
