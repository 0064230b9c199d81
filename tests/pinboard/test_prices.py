import csv
import json
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from pinboard.sources.currencies import CODES, STRONG, WEAK, iso_code
from pinboard.sources.prices import parse_price

PRICES = Path(settings.BASE_DIR).parent / "shared" / "data" / "prices.csv"


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("199元", "199", "元"),
        ("¥1.2万", "12000", "¥"),
        ("1.2万元", "12000", "元"),
        ("￥1,299.00", "1299.00", "￥"),
        ("券后价：￥59.9起", "59.9", "￥"),
        ("人民币 199", "199", "人民币"),
        ("１９９元", "199", "元"),
        ("3.5千元", "3500", "元"),
        ("NT$1,280", "1280", "NT$"),
        ("HK$ 88.50", "88.50", "HK$"),
        ("12,000원", "12000", "원"),
        ("3만원", "30000", "원"),
        ("3,500円", "3500", "円"),
        ("₹ 1.5 lakh", "150000", "₹"),
        ("₹1,00,000.50", "100000.50", "₹"),
        ("$24.990", "24990", "$"),
        ("CLP 24.990", "24990", "CLP"),
        ("Rs 23,450", "23450", "Rs"),
        ("PKR 23.450", "23450", "PKR"),
        ("$ 2.399,00", "2399.00", "$"),
        ("R$ 1.759,99", "1759.99", "R$"),
        ("1.299,- €", "1299", "€"),
        ("1'299.00 CHF", "1299.00", "CHF"),
        ("12.500 KWD", "12.500", "KWD"),
        ("123,456.789 OMR", "123456.789", "OMR"),
        ("35€ 99", "35.99", "€"),
        ("US $12.99", "12.99", "US $"),
        ("C$1.23", "1.23", "C$"),
        ("NZD $100.70", "100.70", "NZD"),
        ("2 Stück für nur 14,85 EUR", "14.85", "EUR"),
        ("From 26 to 50 €", "26", "€"),
        ("AED 8000 (USD 2179)", "8000", "AED"),
        ("12 x R$ 99,90", "99.90", "R$"),
        ("R273.00", "273.00", "R"),
        ("1 400 Р", "1400", "Р"),
        ("25 990 ₸", "25990", "₸"),
        ("٢٥٫٥٠ ر.س", "25.50", "ر.س"),
        ("99 د.إ", "99", "د.إ"),
        ("Free!", "0", None),
        ("10 pln", "10", "pln"),
    ],
)
def test_a_price_is_read_as_people_write_it(text, amount, currency):
    assert parse_price(text) == (amount, currency)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Sheet set", "40% off", "15.08.2017", "2026-11-25", "16.00 ft", "250 ml"),
        *("Печная труба", "См. цену в прайсе", "Pure & IP BP", "\x00", "\ud800"),
        *("9" * 400, "1" + "0" * 30 + " €", "x" * 100_000),
    ],
)
def test_this_is_no_price(text):
    assert parse_price(text)[0] is None


def test_free_shipping_above_an_amount_is_no_price():
    assert parse_price("Free Shipping on Orders $49+.") == (None, "$")


@pytest.mark.parametrize(
    ("text", "hint", "currency"),
    [
        ("12,99", "€", "€"),
        ("28", "Price in USD", "USD"),
        ("3,20 €", "$", "€"),
        ("600", "р.", "р."),
        ("100", "R", "R"),
        ("884", "Код товара", None),
        ("100", "ALL TOP PRICES", None),
        ("100", "Ist das din?", None),
    ],
)
def test_a_text_beside_the_price_may_name_its_currency(text, hint, currency):
    assert parse_price(text, hint)[1] == currency


@pytest.mark.parametrize(
    ("sign", "hints", "code"),
    [
        ("$", (), "USD"),
        ("$", ("EUR", "CLP"), "CLP"),
        ("¥", (), "CNY"),
        ("￥", ("JPY",), "JPY"),
        ("kr", ("NOK",), "NOK"),
        ("Rs", ("PKR",), "PKR"),
        ("US $", ("CAD",), "USD"),
        ("eur", (), "EUR"),
        ("RUR", (), "RUB"),
        ("元", ("TWD",), "TWD"),
        ("lei", ("MDL",), "MDL"),
        ("wood", (), None),
        (None, ("EUR",), None),
    ],
)
def test_a_sign_means_the_currency_of_its_page(sign, hints, code):
    assert iso_code(sign, hints=hints) == code


def test_every_sign_of_the_table_is_found_beside_a_number_and_has_a_code():
    for sign in [*STRONG, *WEAK]:
        assert parse_price(f"1 {sign}")[0] == "1", sign
        assert parse_price(f"1 {sign}")[1] is not None, sign
        assert iso_code(sign) in CODES, sign


def test_the_command_prints_one_price():
    out = StringIO()
    call_command("parse_price", "29,90", "--hint", "€", stdout=out)
    assert json.loads(out.getvalue()) == {"amount": "29.90", "currency": "€"}


def test_the_command_reads_a_file(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("price_raw,currency_hint\n199元,\nnothing,\n5,USD\n", "utf-8")
    out = StringIO()
    call_command("parse_price", "--file", str(rows), stdout=out)
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"amount": "199", "currency": "元"},
        {"amount": None, "currency": None},
        {"amount": "5", "currency": "USD"},
    ]


def test_the_command_says_what_it_cannot_read(tmp_path):
    with pytest.raises(CommandError):
        call_command("parse_price", "--file", str(tmp_path / "none.csv"))
    with pytest.raises(CommandError):
        call_command("parse_price")


@pytest.mark.skipif(not PRICES.exists(), reason="the collected prices are not here")
def test_seven_hundred_of_the_collected_prices_are_right():
    with PRICES.open(encoding="utf-8", newline="") as file:
        right = sum(map(is_right, csv.DictReader(file)))
    assert right >= 700


def is_right(row):
    amount, currency = parse_price(row["price_raw"], row["currency_hint"])
    wanted = Decimal(row["amount"]) if row["amount"] else None
    found = Decimal(amount) if amount is not None else None
    return (found, currency or "") == (wanted, row["currency"])
