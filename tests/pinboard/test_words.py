"""What is written and what is looked for meet, in English and in Chinese."""

import pytest

from pinboard.discovery.words import query_of, vector_of, vector_text
from pinboard.models import Pin
from tests.factories import make_board, make_pin

pytestmark = pytest.mark.django_db


@pytest.fixture
def finds(alice):
    """Whether a pin with these words is found by those."""
    pin = make_pin(make_board(alice))

    def look(written, looked_for):
        Pin.objects.filter(pk=pin.pk).update(search=vector_of((written, "A")))
        words = query_of(looked_for)
        return words is not None and Pin.objects.filter(search=words).exists()

    return look


@pytest.mark.parametrize(
    ("written", "looked_for"),
    [
        ("Blush tulle wrap skirt", "tulle skirt"),
        ("Blush tulle wrap skirt", "SKIRT"),
        ("Blush tulle wrap skirt", "tul"),  # half typed
        ("Crème brûlée, café", "creme cafe"),
        ("Creme cafe", "Crème café"),
        ("Red dresses", "dress"),
        ("A red dress", "dresses"),
        ("Berries and boxes", "berry box"),
        ("Ｆｕｌｌ－ｗｉｄｔｈ", "full width"),
        ("Model ABC123", "abc123"),
        ("法式连衣裙", "法式连衣裙"),
        ("法式连衣裙", "连衣裙"),
        ("法式连衣裙", "裙"),
        ("法式连衣裙", "衣裙"),
        ("厦门的夏天", "夏天的厦门"),
        ("小碎花裙", "花裙"),
        ("羊羔绒大衣 Winter", "winter 大衣"),
        ("O'Reilly\\'s", "o'reilly"),
    ],
)
def test_they_meet(finds, written, looked_for):
    assert finds(written, looked_for)


@pytest.mark.parametrize(
    ("written", "looked_for"),
    [
        ("Blush tulle wrap skirt", "tulle coat"),
        ("Bus stop", "bu stop now"),
        ("法式连衣裙", "大衣"),
        ("法式连衣裙", "式法"),
        ("连衣 大裙", "连衣裙"),
        ("Tule", "tulle"),
    ],
)
def test_they_do_not_meet(finds, written, looked_for):
    assert not finds(written, looked_for)


@pytest.mark.parametrize("text", ["", "  ", "🧥", "%", "&|!():*<->", "\\", "'\"", "\0"])
def test_what_holds_no_word_asks_for_nothing(text):
    assert query_of(text) is None


@pytest.mark.parametrize(
    "text", ["a & | !", "' OR 1=1; --", "a\0b", "(((x", "x " * 2000, "x:*", "红" * 500]
)
def test_operators_and_odd_bytes_are_no_more_than_words(finds, text):
    assert finds(text, text)


def test_a_text_of_any_length_can_be_stored(finds):
    assert finds("word " * 30_000, "word")
    assert finds("字" * 30_000, "字")
    assert finds("x" * 5_000, "x" * 5_000)


def test_each_text_has_its_weight():
    assert vector_text(("Red", "A"), ("coat", "B")) == "'red':1A 'coat':2B"
