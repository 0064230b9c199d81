"""The demo, made of a few drawn goods: small, but with everything in it."""

from __future__ import annotations

import csv
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from commerce.ledger import replay, verify
from commerce.models import Commission, OrderClaim, Programme, RateCard, RiskCase
from config.demo.drawings import draw_goods
from config.demo.goods import find_goods
from pinboard.models import Comment, Follow, Like, Pin, Product
from users.models import User


@pytest.fixture
def folder(tmp_path):
    """Drawn goods as an operator's own photographs and catalogue."""
    photos = tmp_path / "photos"
    photos.mkdir()
    with (tmp_path / "catalogue.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["title", "description", "price", "currency", "brand", "category", "image"]
        )
        for number, good in enumerate(draw_goods(15)):
            (photos / f"{number}.jpg").write_bytes(good.photo)
            name = f"photos/{number}.jpg"
            rows.writerow([good.title, "", good.price, "CNY", "", "lamps", name])
        rows.writerow(["Lost", "", "1.00", "CNY", "", "", "photos/lost.jpg"])
        rows.writerow(["Free", "", "", "CNY", "", "", "photos/1.jpg"])
    return tmp_path


def test_goods_without_a_photograph_or_a_price_are_left_out(folder):
    goods = find_goods(folder / "photos", folder / "catalogue.csv")
    assert len(goods) == 15
    assert all(good.minor_in("CNY") == int(good.price * 100) for good in goods)


def test_drawn_goods_are_the_same_each_time():
    assert draw_goods(4) == draw_goods(4)


@pytest.mark.django_db
def test_a_site_that_is_no_demo_is_left_alone():
    with pytest.raises(CommandError, match="--force"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_a_site_with_people_is_left_alone(alice):
    with pytest.raises(CommandError, match="empty"):
        call_command("seed_demo", force=True)
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_demo_is_lively_and_its_ledger_agrees(folder):
    site = {
        "DATA_DIR": folder / "data",
        "MARKETPLACE_URL": "http://127.0.0.1:9",
        "FETCH_ALLOWED_HOSTS": ["127.0.0.1:9"],
        "HOLD_DAYS": 0,
    }
    with override_settings(**site):
        call_command(
            "seed_demo",
            photos=folder / "photos",
            catalogue=folder / "catalogue.csv",
            force=True,
        )
    assert Pin.objects.public().count() >= 30
    assert Like.objects.exists()
    assert Follow.objects.exists()
    assert Comment.objects.exists()
    states = set(Commission.objects.values_list("state", flat=True))
    assert {"estimated", "maturing", "payable", "paid"} <= states
    shown, _rival, unknown = OrderClaim.objects.open().order_by("pk")
    assert (shown.evidence_level, unknown.weighed_at) == ("strong", None)
    assert not OrderClaim.objects.filter(user__username="alice").exists()
    case = RiskCase.objects.get()
    assert (case.person.username, case.state) == ("jonas", "open")
    assert case.held.exists()
    assert verify().is_green
    assert list(replay()) == []
    _expect_demo_file(folder / "data" / "demo.json")


def _expect_demo_file(path):
    assert path.stat().st_mode & 0o777 == 0o600
    demo = json.loads(path.read_text())
    for name in ("alice", "bob", "rita", "rosa", "ruth"):
        account = demo["accounts"][name]
        assert User.objects.get(username=name).check_password(account["password"])
        assert account["token"].startswith("pb_")
    with_keys = [programme for programme in demo["programmes"] if programme["keys"]]
    assert with_keys
    for programme in with_keys:
        shop = Programme.objects.get(pk=programme["id"]).shop
        assert shop.slug == programme["shop"]
        products = Product.objects.filter(shop=shop)
        assert products.count() >= 3
        assert not RateCard.objects.filter(product__in=products).exists()
    assert any(not programme["keys"] for programme in demo["programmes"])
