import pytest

from users.names import clean_name, clean_title, clean_username


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Lin   Xiaoyu ", "Lin Xiaoyu"),
        ("a\u202eb", "ab"),
        ("\u200bz\u200dw\u2066", "zw"),
        ("周可", "周可"),
        ("e\u0301", "é"),
        ("\ufeff\u2060", ""),
        ("line\nbreak", "line break"),
    ],
)
def test_a_name_is_one_line_of_what_can_be_seen(typed, kept):
    assert clean_name(typed) == kept


@pytest.mark.parametrize("typed", ["alice", "ALICE", "ａｌｉｃｅ", " Alice "])
def test_look_alikes_of_a_user_name_are_the_same_name(typed):
    assert clean_username(typed) == "alice"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a \u202eb\u202c c", "a \u202eb\u202c c"),
        ("a \u202eb", "a b"),
        ("a\u202c b", "a b"),
        ("\u2067\u202eb\u2069", "b"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("two\nlines\u200b", "two lines"),
    ],
)
def test_a_title_never_turns_the_text_after_it_around(written, kept):
    assert clean_title(written) == kept
