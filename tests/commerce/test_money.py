import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.exceptions import MalformedAmount
from commerce.money import amount_text, minor_units, share_of


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("199.00", "CNY", 19900),
        ("199", "CNY", 19900),
        ("0.5", "CNY", 50),
        ("0.01", "USD", 1),
        ("0", "CNY", 0),
        ("999999999999.99", "CNY", 99999999999999),
        ("1500", "JPY", 1500),
        ("1500.00", "JPY", 1500),
    ],
)
def test_plain_amounts_are_read(text, currency, minor):
    assert minor_units(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        "-1.00",
        "+1.00",
        "NaN",
        "Infinity",
        "1e3",
        "１２",
        "١٢",
        "1,000.00",
        "1.234",
        "1.",
        ".5",
        "",
        " 1",
        "1\n",
        "1\0",
        "0x1",
        "1_000",
        "1000000000000",
        12,
        12.5,
        True,
        None,
        ["1.00"],
    ],
)
def test_all_else_is_refused(text):
    with pytest.raises(MalformedAmount):
        minor_units(text, "CNY")


def test_yen_have_no_cents():
    with pytest.raises(MalformedAmount):
        minor_units("1.50", "JPY")


@given(st.integers(0, 10**14 - 1), st.sampled_from(["CNY", "USD"]))
def test_what_is_written_is_read_again(minor, currency):
    assert minor_units(amount_text(minor, currency), currency) == minor


@given(st.integers(0, 10**14), st.integers(0, 10_000))
def test_a_share_is_rounded_down_and_never_more_than_the_whole(minor, rate_bp):
    share = share_of(minor, rate_bp=rate_bp)
    assert 0 <= share <= minor
    assert share * 10_000 <= minor * rate_bp < (share + 1) * 10_000
