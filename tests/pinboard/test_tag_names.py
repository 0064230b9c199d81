"""Tags as people write them."""

import pytest

from pinboard.exceptions import TagTooLong, TooManyTags
from pinboard.tag_names import key_of, names_in


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("wool, winter", ["wool", "winter"]),
        ("#wool #winter", ["wool", "winter"]),
        ("#wool#winter", ["wool", "winter"]),
        ("#大衣# #羊毛#", ["大衣", "羊毛"]),
        ("大衣，羊毛、厦门；夏天", ["大衣", "羊毛", "厦门", "夏天"]),
        ("＃大衣", ["大衣"]),
        ("mid  century , wool", ["mid century", "wool"]),
        ("wool\nwinter", ["wool", "winter"]),
        (" , ,#, ##, ---", []),
        ("Wool, wool, WOOL, ｗｏｏｌ", ["Wool"]),
        ("c#, c++, c", ["c", "c++"]),
        ("", []),
    ],
)
def test_a_line_of_tags_is_read_as_it_is_meant(text, names):
    assert names_in(text) == names


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Wool", "wool"),
        ("#Wool", "wool"),
        (" ＷＯＯＬ ", "wool"),
        ("Straße", "strasse"),
        ("İstanbul", "i̇stanbul"),
        ("Mid century", "mid-century"),
        ("mid-century", "mid-century"),
        ("men's", "mens"),
        ("R&B", "r&b"),
        ("Home & garden", "home-garden"),
        ("大 衣", "大-衣"),
        ("大衣", "大衣"),
        ("हिन्दी", "हिन्दी"),
        ("❤️", "❤"),
        ("../etc/passwd", "etc-passwd"),
        ("<b>", "b"),
        ("a\0b", "a-b"),
        ("\u0301", ""),
        ("?!", ""),
        ("", ""),
    ],
)
def test_tags_are_told_apart_by_what_tells(text, key):
    assert key_of(text) == key
    assert key_of(key) == key


def test_nothing_in_a_tag_hides_or_turns_the_line_around():
    assert names_in("wo\u200bol\u202e, a\0b\ud800") == ["wool", "a b"]


def test_a_tag_has_at_most_40_characters_however_it_is_folded():
    assert names_in("w" * 40) == ["w" * 40]
    for text in ("w" * 41, "ß" * 21, "ﷺ" * 3):
        with pytest.raises(TagTooLong):
            names_in(text)


def test_a_pin_takes_at_most_20_tags_and_each_counts_once():
    twenty = ",".join(f"tag {number}" for number in range(20))
    assert len(names_in(twenty + ",TAG 0")) == 20
    with pytest.raises(TooManyTags):
        names_in(twenty + ",one more")
