"""What one has already is told before it is pinned again."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from pinboard.actions.pins import save_pin
from pinboard.discovery.duplicates import twins_of_address
from pinboard.models import Pin
from tests.factories import make_board, make_picture, make_pin, make_product
from tests.pictures import draw

pytestmark = pytest.mark.django_db


@pytest.fixture
def coats(alice):
    return make_board(alice, "Coats")


def page(client, pin):
    return client.get(pin.get_absolute_url()).content.decode()


def test_the_page_of_a_pin_says_where_one_has_it(client, alice, bob, coats):
    pin = make_pin(make_board(bob))
    save_pin(pin=pin, board=coats, by=alice)
    client.force_login(alice)
    assert "You have this in" in page(client, pin)
    assert "Coats" in page(client, pin)
    client.force_login(bob)
    assert "You have this in" not in page(client, pin)
    client.logout()
    assert "You have this in" not in page(client, pin)


@pytest.mark.parametrize(
    ("bits", "is_near"), [(0b0, True), (0b111111, True), (0b1111111, False)]
)
def test_a_picture_that_looks_the_same_is_the_same(
    client, alice, bob, coats, bits, is_near
):
    known = -0x0123456789ABCDEF
    make_pin(coats, picture=make_picture(difference_hash=known))
    other = make_pin(
        make_board(bob), picture=make_picture(difference_hash=known ^ bits)
    )
    client.force_login(alice)
    assert ("You have this in" in page(client, other)) == is_near


def test_a_second_save_to_the_same_board_says_so_and_saves_nothing(
    client, alice, bob, coats
):
    pin = make_pin(make_board(bob))
    client.force_login(alice)
    address = f"/pins/{pin.pk}/save/"
    for _ in range(3):
        answer = client.post(address, {"board": coats.pk}, follow=True)
    assert "You have this in Coats already." in answer.content.decode()
    assert Pin.objects.filter(board=coats).count() == 1
    hats = make_board(alice, "Hats")
    client.post(address, {"board": hats.pk})
    assert Pin.objects.filter(board=hats).count() == 1
    client.post(address, {"board": coats.pk, "anyway": "1"})
    assert Pin.objects.filter(board=coats).count() == 2


def test_the_page_of_boards_offers_the_last_one(client, alice, bob, coats):
    pin = make_pin(make_board(bob))
    client.force_login(alice)
    html = client.get(f"/pins/{pin.pk}/save/").content.decode()
    assert f'value="{coats.pk}" id="id_board_0" checked' in html.replace(
        "required ", ""
    ).replace(' class=""', "")


@pytest.mark.parametrize(
    ("known", "again"),
    [
        ("https://shop.example/a", "https://shop.example/a?utm_source=x"),
        ("https://shop.example/a?id=1", "https://shop.example/a?id=1"),
    ],
)
def test_a_page_that_one_pinned_is_known_by_its_address(
    client, alice, coats, known, again
):
    make_pin(coats, source_url=known)
    assert twins_of_address(alice, again)
    assert not twins_of_address(alice, "https://shop.example/other")


def test_a_product_that_one_pinned_is_known_by_its_address(alice, coats):
    product = make_product(
        url="https://shop.example/p", url_key="https://shop.example/p"
    )
    make_pin(coats, product=product)
    assert twins_of_address(alice, "https://shop.example/p?utm_campaign=y")


def test_the_same_upload_again_is_told_and_can_be_taken_back(
    client, alice, coats, media_folder
):
    client.force_login(alice)
    for _ in range(2):
        image = SimpleUploadedFile("a.jpg", draw(300, 300))
        fields = {"image": image, "board": coats.pk}
        answer = client.post("/pins/new/", fields, follow=True)
    page = answer.content.decode()
    assert "You have this in Coats, too." in page
    newest = Pin.objects.latest("pk")
    assert f'action="/pins/{newest.pk}/delete/"' in page
