"""The variables settings are read from, and what their values must be like.

Each refusal is a sentence for the person who set the variable.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from dotenv import dotenv_values
from environs import Env, ValidationError, validate

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
# A line without a value is one that was left as the example has it.
for _name, _value in dotenv_values(env.str("ENV_FILE", str(BASE_DIR / ".env"))).items():
    if _value:
        os.environ.setdefault(_name, _value)

port = validate.Range(1, 65534, error="Must be a port from 1 to 65534.")
positive = validate.Range(1, error="Must be 1 or more.")
# A day that every month has.
day_of_month = validate.Range(1, 28, error="Must be a day from 1 to 28.")
code_days = validate.Range(4, 365, error="Must be from 4 to 365 days.")
not_negative = validate.Range(0, error="Must be 0 or more.")
nil_or_one = validate.Range(0, 1, error="Must be 0 or 1.")
log_level = validate.OneOf(
    ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    error="Must be one of {choices}.",
)


def data_dir() -> Path:
    """Where everything stands that a site keeps in files."""
    return Path(env.str("DATA_DIR", str(BASE_DIR / "var"))).resolve()


def web_address(value: str) -> None:
    if not _has_scheme(value, {"http", "https"}) or "?" in value or "#" in value:
        raise ValidationError("Must be an address like https://pins.example.com.")


def redis_address(value: str) -> None:
    if not value.startswith("unix:///") and not _has_scheme(value, {"redis", "rediss"}):
        raise ValidationError("Must be like redis://host:6379/0 or unix:///path.")


def time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError("Must be the name of a time zone, like Asia/Shanghai.")


def currency(value: str) -> None:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValidationError("Must be three capital letters, like CNY.")


def social_logins(value: object) -> None:
    if not isinstance(value, dict) or not all(
        isinstance(a, dict) for a in value.values()
    ):
        raise ValidationError('Must be like {"google": {"client_id": "..."}}.')


def _has_scheme(value: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  raises when it is no number
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)
