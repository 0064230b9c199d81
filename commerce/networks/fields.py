"""How fields of networks' rows are read, whichever way they are spelled.

Numbers come as numbers here and as texts there, and nothing as null, "" or "--". What
is none of these is refused: a row is then kept as it came, and told.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from commerce.click_refs import is_click_ref
from commerce.exceptions import MalformedAmount, MalformedNotice
from commerce.money import minor_units
from commerce.networks.base import Payload

GMT8 = timezone(timedelta(hours=8))
LONGEST_ID = 64
# Orders from before or after are somebody's mistake, and the ends of Python's calendar
# cannot be moved to another zone.
FIRST_YEAR, LAST_YEAR = 2000, 2099
# A day and a time of day, with or without a zone; Python alone would take more.
_ISO = re.compile(
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?\Z"
)
# Zeros behind the second decimal say nothing; other digits would have to be rounded.
_NO_MORE = re.compile(r"\A(-?[0-9]{1,12}\.[0-9]{2})0{1,6}\Z")


def as_utc(text: str) -> datetime:
    """Chinese networks' naive times are Peking's; read as UTC an order would move by 8
    hours."""
    naive = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  zone below
    if not FIRST_YEAR <= naive.year <= LAST_YEAR:
        raise ValueError(text)
    return naive.replace(tzinfo=GMT8).astimezone(UTC)


def as_gmt8(moment: datetime) -> str:
    return moment.astimezone(GMT8).strftime("%Y-%m-%d %H:%M:%S")


def text_of(row: Payload, key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise MalformedNotice(key)
    text = str(value).strip().replace("\0", "")
    return "" if text == "--" else text


def id_of(row: Payload, *keys: str) -> str:
    """The first of these that is there: names of fields change, too."""
    text = next((text for key in keys if (text := text_of(row, key))), "")
    if not text or len(text) > LONGEST_ID:
        raise MalformedNotice(keys[0])
    return text


def sub_id_of(row: Payload, *keys: str) -> str:
    """The first that names one of our links, the most particular before the rest; 0 is
    their word for none."""
    for key in keys:
        if (text := text_of(row, key)) and text != "0":
            return text[:80]
    return ""


def click_ref_of_row(row: Payload, key: str) -> str:
    """Only what looks like a reference of ours: others use the field their own way."""
    text = text_of(row, key)
    return text if is_click_ref(text) else ""


def money_of(row: Payload, key: str, currency: str) -> int | None:
    """Of a decimal amount, the minor units."""
    if not (text := text_of(row, key)):
        return None
    try:
        return minor_units(text, currency)
    except MalformedAmount as error:
        raise MalformedNotice(key) from error


def signed_money_of(row: Payload, key: str, currency: str) -> int | None:
    """Of a decimal amount that may be taken back; what is smaller than the currency's
    minor unit is refused and not rounded."""
    if not (text := text_of(row, key)):
        return None
    text = _NO_MORE.sub(r"\1", text)
    minor = money_of({key: text.removeprefix("-")}, key, currency)
    return -minor if minor and text.startswith("-") else minor


def minor_of(row: Payload, key: str) -> int | None:
    """Of an amount in minor units."""
    text = text_of(row, key)
    if text and not (text.isascii() and text.isdigit() and len(text) <= 14):
        raise MalformedNotice(key)
    return int(text) if text else None


def clock_time_of(row: Payload, key: str) -> datetime | None:
    """Peking's wall clock, or milliseconds since 1970."""
    text = text_of(row, key)
    if not text or text == "0":
        return None
    try:
        if text.isascii() and text.isdigit() and len(text) == 13:
            return _moment(int(text) // 1000)
        return as_utc(text)
    except ValueError as error:
        raise MalformedNotice(key) from error


def iso_time_of(row: Payload, key: str, zone: tzinfo) -> datetime | None:
    """Where it names no zone of its own, in this one."""
    if not (text := text_of(row, key)):
        return None
    if not _ISO.match(text):
        raise MalformedNotice(key)
    try:
        moment = datetime.fromisoformat(text)
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise MalformedNotice(key)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(
            UTC
        )
    except (ValueError, OverflowError) as error:
        raise MalformedNotice(key) from error


def epoch_time_of(row: Payload, key: str) -> datetime | None:
    """Seconds since 1970."""
    seconds = minor_of(row, key)
    if not seconds:
        return None
    try:
        return _moment(seconds)
    except ValueError as error:
        raise MalformedNotice(key) from error


def needed(moment: datetime | None, key: str) -> datetime:
    if moment is None:
        raise MalformedNotice(key)
    return moment


def _moment(seconds: int) -> datetime:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(seconds) from error
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(seconds)
    return moment
