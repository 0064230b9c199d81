"""The composer: an upload or an address, and the draft between an address and a pin."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from pinboard.models import Board, DraftPicture, DraftReadJob, Pin, PinDraft
from tests.factories import make_board, make_picture

COMPOSER = "/pins/new/"


def picture(name="coat.png"):
    drawn = io.BytesIO()
    Image.new("RGB", (64, 48), "#c91849").save(drawn, "PNG")
    return SimpleUploadedFile(name, drawn.getvalue(), "image/png")


@pytest.fixture
def board(alice):
    return make_board(alice)


@pytest.fixture
def client(client, alice):
    client.force_login(alice)
    return client


def test_a_signed_out_reader_is_asked_to_log_in(client):
    client.logout()
    answer = client.get(COMPOSER)
    assert answer.headers["Location"] == "/accounts/login/?next=/pins/new/"


def test_the_page_offers_both_ways_and_what_can_be_decoded(client, board):
    html = client.get(COMPOSER).content.decode()
    assert 'enctype="multipart/form-data"' in html
    assert 'type="file"' in html
    assert "image/webp" in html
    assert 'name="url"' in html
    assert "Coats" in html


def test_an_upload_becomes_a_pin_with_its_words(client, alice, board):
    answer = client.post(
        COMPOSER,
        {"image": picture(), "board": board.pk, "title": "Coat", "alt": "A red coat"},
    )
    pin = Pin.objects.get()
    assert answer.headers["Location"] == f"/pins/{pin.pk}/"
    assert (pin.title, pin.alt, pin.pinner, pin.board) == (
        *("Coat", "A red coat"),
        *(alice, board),
    )
    assert pin.state == "processing"


def test_pictures_sent_together_share_their_tags(client, board):
    pictures = [coloured("red"), coloured("blue")]
    told = {"image": pictures, "board": board.pk, "tags": "Wool, 大衣"}
    client.post(COMPOSER, told)
    pins = Pin.objects.filter(board=board)
    tags = [[tag.name for tag in pin.tags.all()] for pin in pins]
    assert tags == [["Wool", "大衣"]] * 2


def test_tags_typed_with_an_address_wait_with_the_draft_and_go_on_its_pin(
    client, alice, board
):
    told = {"url": "https://shop.example/coat", "board": board.pk, "tags": "Wool, a"}
    client.post(COMPOSER, told)
    waiting = PinDraft.objects.get()
    waiting.job.fail("no_picture")
    again = client.get(f"{COMPOSER}?draft={waiting.pk}").content.decode()
    assert 'value="Wool, a"' in again
    read = make_draft(alice, board)
    told = {"board": board.pk, "tags": "linen"} | choice_of(read)
    client.post(read.get_absolute_url(), told)
    assert [tag.name for tag in Pin.objects.get().tags.all()] == ["linen"]


def test_an_upload_may_name_a_new_board(client, alice):
    client.post(COMPOSER, {"image": picture(), "new_board": "Finds"})
    assert Pin.objects.get().board == Board.objects.get(owner=alice, title="Finds")


def test_a_text_named_jpg_is_422_beside_its_field_and_the_words_stay(client, board):
    fake = SimpleUploadedFile("photo.jpg", b"no picture at all", "image/jpeg")
    answer = client.post(
        COMPOSER,
        {"image": fake, "board": board.pk, "title": "kept title", "alt": "kept alt"},
    )
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="err error" id="id_image_error"' in html
    assert "kept title" in html
    assert "kept alt" in html
    assert not Pin.objects.exists()


def test_a_refused_picture_leaves_no_new_board_behind(client, alice):
    fake = SimpleUploadedFile("photo.jpg", b"no picture at all", "image/jpeg")
    client.post(COMPOSER, {"image": fake, "new_board": "Finds"})
    assert not Board.objects.exists()


@pytest.mark.parametrize(
    ("fields", "beside"),
    [
        ({}, "id_image_error"),
        ({"title": "x" * 201}, "id_title_error"),
        ({"title": "a\0b"}, "id_title_error"),
        ({"description": "a\0b"}, "id_description_error"),
        ({"url": "a\0b"}, "id_url_error"),
        ({"url": "http://x.example/" + "a" * 3000}, "id_url_error"),
    ],
)
def test_bad_input_is_422_beside_its_field(client, board, fields, beside):
    answer = client.post(COMPOSER, {"board": board.pk} | fields)
    assert answer.status_code == 422
    assert f'id="{beside}"' in answer.content.decode()


@pytest.mark.parametrize("asked", ["none", "-1", str(10**40), ""])
def test_a_board_that_is_none_of_ones_own_is_422(client, board, asked):
    answer = client.post(COMPOSER, {"image": picture(), "board": asked})
    assert answer.status_code == 422


def test_the_board_of_others_is_422(client, board, bob):
    theirs = make_board(bob)
    answer = client.post(COMPOSER, {"image": picture(), "board": theirs.pk})
    assert answer.status_code == 422
    assert not Pin.objects.exists()


def coloured(colour):
    drawn = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(drawn, "PNG")
    return SimpleUploadedFile(f"{colour}.png", drawn.getvalue(), "image/png")


def test_many_pictures_become_many_pins_on_one_board(client, board):
    pictures = [coloured(colour) for colour in ("red", "green", "blue")]
    answer = client.post(
        COMPOSER, {"image": pictures, "board": board.pk, "description": "Holiday"}
    )
    assert answer.headers["Location"] == board.get_absolute_url()
    assert Pin.objects.filter(board=board, description="Holiday").count() == 3


def test_of_many_pictures_the_good_ones_are_pinned_and_the_bad_named(client, board):
    fake = SimpleUploadedFile("notes.jpg", b"no picture at all", "image/jpeg")
    answer = client.post(
        COMPOSER, {"image": [coloured("red"), fake], "board": board.pk}
    )
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "notes.jpg: This file is no picture" in html
    assert "1 pin is being made" in html
    assert Pin.objects.get().board == board


def test_a_file_that_is_too_large_is_named_beside_the_good_ones(client, board):
    large = SimpleUploadedFile("huge.png", bytes(20 * 1024 * 1024 + 1), "image/png")
    answer = client.post(
        COMPOSER, {"image": [coloured("red"), large], "board": board.pk}
    )
    assert answer.status_code == 422
    assert "huge.png: This file is larger than 20 MB" in answer.content.decode()
    assert Pin.objects.get().board == board


@pytest.mark.parametrize("source", ["javascript:alert(1)", "data:text/html,x", "shop"])
def test_a_picture_is_found_at_a_web_address_or_nowhere(client, board, source):
    form = {"image": coloured("red"), "url": source, "board": board.pk}
    answer = client.post(COMPOSER, form)
    assert answer.status_code == 422
    assert "Give the whole address" in answer.content.decode()
    assert not Pin.objects.exists()


def test_many_bad_pictures_leave_no_new_board_behind(client):
    fakes = [SimpleUploadedFile(f"{n}.jpg", b"nothing", "image/jpeg") for n in (1, 2)]
    answer = client.post(COMPOSER, {"image": fakes, "new_board": "Finds"})
    assert answer.status_code == 422
    assert not Board.objects.exists()


def test_more_than_thirty_pictures_are_refused(client, board):
    files = [SimpleUploadedFile(f"{n}.png", b"x", "image/png") for n in range(31)]
    answer = client.post(COMPOSER, {"image": files, "board": board.pk})
    assert answer.status_code == 422
    assert "at most 30" in answer.content.decode()


def test_an_address_opens_a_draft(client, alice, board):
    address = "https://shop.example/coat"
    answer = client.post(
        COMPOSER, {"url": address, "board": board.pk, "title": "My words"}
    )
    draft = PinDraft.objects.get()
    assert answer.headers["Location"] == draft.get_absolute_url()
    assert (draft.owner, draft.url, draft.board) == (alice, address, board)
    html = client.get(draft.get_absolute_url()).content.decode()
    assert '<noscript><meta http-equiv="refresh"' in html
    assert "shop.example" in html


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/a",
        "http://2130706433/",
        "file:///etc/hostname",
        "javascript:alert(1)",
        "http://[",
        "red shoes",
        "http://u:p@shop.example/",
    ],
)
def test_a_forbidden_address_is_422_with_the_one_sentence(client, board, address):
    answer = client.post(COMPOSER, {"url": address, "board": board.pk})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "This address could not be opened" in html
    assert 'id="id_url_error"' in html
    assert not PinDraft.objects.exists()


def test_too_many_addresses_are_429(client, board, settings):
    settings.FETCHES_PER_HOUR = 1
    fields = {"board": board.pk, "url": "https://shop.example/a"}
    assert client.post(COMPOSER, fields).status_code == 302
    answer = client.post(COMPOSER, fields)
    assert answer.status_code == 429
    assert "Try again later" in answer.content.decode()


# The draft ---------------------------------------------------------------------------
FACTS = {
    "title": "Ivory coat",
    "images": ["https://shop.example/1.jpg", "https://shop.example/2.jpg"],
    "price": "689.00",
    "currency": "CNY",
    "availability": "in_stock",
}


def make_draft(owner, board=None, *, state="done", error_code="", **facts):
    from pinboard.sources.extract import PageFacts

    whole = PageFacts(**(FACTS | facts))
    draft = PinDraft.objects.create(
        owner=owner,
        url="https://shop.example/coat",
        board=board,
        facts=whole.to_json() if state == "done" else None,
    )
    DraftReadJob.objects.create(draft=draft, state=state, error_code=error_code)
    for place, url in enumerate(whole.images if state == "done" else []):
        picture = make_picture(is_public=False)
        DraftPicture.objects.create(
            draft=draft, picture=picture, url=url, position=place
        )
    return draft


def choice_of(draft, place=0):
    return {"picture_url": draft.pictures.all()[place].pk}


def test_a_draft_is_its_owners_alone(client, bob):
    draft = make_draft(bob)
    assert client.get(draft.get_absolute_url()).status_code == 404


def test_a_read_draft_offers_pictures_title_and_price(client, alice, board):
    html = client.get(make_draft(alice, board).get_absolute_url()).content.decode()
    assert html.count('type="radio"') == 2
    assert 'value="Ivory coat"' in html
    assert 'value="689.00"' in html
    assert 'value="CNY"' in html
    assert "refresh" not in html


def test_the_chosen_picture_becomes_the_pin(client, alice, board):
    draft = make_draft(alice, board)
    answer = client.post(
        draft.get_absolute_url(),
        {
            "title": "Mine",
            "board": board.pk,
            "price": "689.00",
            "currency": "CNY",
        }
        | choice_of(draft, 1),
    )
    pin = Pin.objects.get()
    assert answer.headers["Location"] == pin.get_absolute_url()
    assert pin.picture == draft.pictures.all()[1].picture
    assert (pin.title, pin.source_url) == ("Mine", draft.url)
    assert (pin.product.price_minor, pin.product.currency) == (68900, "CNY")
    assert pin.product.shop.host == "shop.example"
    assert pin.product.shop.owner is None


def test_a_price_may_be_corrected_while_nobody_else_shows_the_product(
    client, alice, board
):
    draft, again = make_draft(alice, board), make_draft(alice, board)
    fields = {"board": board.pk, "currency": "CNY"}
    first = fields | choice_of(draft) | {"price": "599"}
    client.post(draft.get_absolute_url(), first)
    product = Pin.objects.get().product
    assert product.price_minor == 59900
    second = fields | choice_of(again) | {"price": "1"}
    assert client.post(again.get_absolute_url(), second).status_code == 302
    product.refresh_from_db()
    assert product.price_minor == 68900  # what the page says


@pytest.mark.parametrize(
    "fields",
    [
        {"picture_url": ""},
        {"picture_url": "https://elsewhere.example/x.jpg"},
        {"picture_url": "a\0b"},
        {"picture_url": str(10**40)},
        {"price": "-1", "currency": "CNY"},
        {"price": "1e30", "currency": "CNY"},
        {"price": "1", "currency": "yuan"},
        {"title": "a\0b"},
    ],
)
def test_a_bad_choice_is_422_and_keeps_the_input(client, alice, board, fields):
    draft = make_draft(alice, board)
    answer = client.post(
        draft.get_absolute_url(),
        {"board": board.pk, "title": "kept", "description": "kept words"}
        | choice_of(draft)
        | fields,
    )
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "err error" in html
    assert "kept words" in html
    assert not Pin.objects.exists()


def test_a_failed_draft_says_why_and_keeps_what_was_typed(client, alice, board):
    client.post(
        COMPOSER,
        {"url": "https://shop.example/coat", "board": board.pk, "title": "My words"},
    )
    draft = PinDraft.objects.get()
    draft.job.fail("no_picture")
    html = client.get(draft.get_absolute_url()).content.decode()
    assert 'class="error"' in html
    assert "no picture we can use" in html
    again = client.get(f"{COMPOSER}?draft={draft.pk}").content.decode()
    assert "My words" in again


def test_a_failed_draft_can_be_read_again(client, alice, board):
    draft = make_draft(alice, board, state="failed", error_code="address_unreachable")
    answer = client.post(draft.get_absolute_url(), {"again": "1"})
    fresh = PinDraft.objects.exclude(pk=draft.pk).get()
    assert answer.headers["Location"] == fresh.get_absolute_url()
    assert (fresh.url, fresh.board) == (draft.url, board)


def test_the_form_without_the_token_is_refused(alice):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(reverse("pinboard:pin-create")).status_code == 403
