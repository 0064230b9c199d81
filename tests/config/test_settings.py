"""Settings: read from the environment, refused with a sentence, strict behind https."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.cache import cache
from django.urls import reverse

from config.cache import Cache
from config.environment import BASE_DIR, env
from config.importmap import importmap


def run_with(tmp_path, *arguments, **variables):
    """The command line in a process of its own, with this environment alone."""
    given = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    given |= {"SECRET_KEY": "k" * 50, "ENV_FILE": os.devnull} | variables
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=BASE_DIR,
        env={name: value for name, value in given.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "65535"),  # the marketplace takes the next one
        ("SITE_URL", "pins.example.com"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("DATABASE_URL", "nonsense://"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("ORDER_POLL_S", "0"),
        ("SETTLE_DAY", "31"),  # not a day of every month
        ("NETWORK_CALLS_PER_S", "0"),
        ("TAOBAO_CODE_DAYS", "3"),  # renewed three days before
        ("DEBUG", "perhaps"),
        ("LOG_LEVEL", "LOUD"),
        ("SOCIAL_LOGINS", "[1]"),
    ],
)
def test_a_wrong_value_stops_the_start_with_a_sentence(tmp_path, name, value):
    done = run_with(tmp_path, "manage.py", "up", **{name: value})
    assert done.returncode == 1
    assert done.stderr.startswith("Wrong setting: ")
    assert f'"{name}"' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_site_without_a_key_does_not_start(tmp_path):
    done = run_with(tmp_path, "-c", "import config.settings", SECRET_KEY=None)
    assert done.returncode == 1
    assert "SECRET_KEY is not set." in done.stderr


def test_the_example_names_each_variable_and_no_other():
    text = Path(BASE_DIR, ".env.example").read_text()
    named = set(re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE))
    assert named == env.dump().keys() - {"ENV_FILE"} | {"SENTRY_DSN"}


def test_the_example_can_be_copied_as_it_is(tmp_path):
    example = str(BASE_DIR / ".env.example")
    done = run_with(tmp_path, "manage.py", "check", SECRET_KEY=None, ENV_FILE=example)
    assert done.returncode == 0, done.stderr


READ_HTTPS = """
import json
from config import settings as s
names = '''SESSION_COOKIE_NAME CSRF_COOKIE_NAME SESSION_COOKIE_SECURE
CSRF_COOKIE_SECURE SECURE_SSL_REDIRECT SECURE_HSTS_SECONDS SECURE_HSTS_PRELOAD
DEBUG STAFF_SECOND_FACTOR ALLOWED_HOSTS'''.split()
print(json.dumps({name: getattr(s, name) for name in names}))
"""


def test_behind_https_cookies_and_transport_are_strict(tmp_path):
    done = run_with(tmp_path, "-c", READ_HTTPS, SITE_URL="https://pins.example.com")
    told = json.loads(done.stdout)
    assert told.pop("SECURE_HSTS_SECONDS") >= 31536000
    assert told == {
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_PRELOAD": True,
        "DEBUG": False,
        "STAFF_SECOND_FACTOR": True,
        "ALLOWED_HOSTS": ["pins.example.com", "localhost"],
    }


def policy_of(response):
    parts = response.headers["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (part.partition(" ") for part in parts)}


def test_one_policy_allows_our_own_files_and_the_import_map_alone(client, db):
    response = client.get(reverse("pinboard:explore"))
    policy = policy_of(response)
    digest = hashlib.sha256(importmap().encode()).digest()
    source = f"'sha256-{base64.b64encode(digest).decode()}'"
    assert policy.pop("script-src") == f"'self' {source}"
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "style-src-attr": "'unsafe-inline'",
        "img-src": "'self' blob:",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


def test_the_import_map_is_the_only_inline_script_and_the_page_has_it_verbatim(
    client, db
):
    page = client.get(reverse("pinboard:explore")).content.decode()
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    assert inline == [importmap()]


def test_the_import_map_names_every_module():
    names = {
        f"pinboard/{path.stem}" for path in Path(BASE_DIR, "static/js").glob("*.js")
    }
    assert json.loads(importmap())["imports"].keys() == names


def test_every_answer_carries_the_headers_that_keep_others_out(client, db):
    headers = client.get("/healthz").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Request-ID"]


@pytest.mark.parametrize("address", ["/", "/explore/", "/people/alice/", "/nowhere"])
def test_no_cache_between_us_and_the_reader_keeps_a_page(client, alice, address):
    # And not no-store: the browser goes back to the page as it was left.
    assert client.get(address).headers["Cache-Control"] == "private"
    client.force_login(alice)
    assert client.get(address).headers["Cache-Control"] == "private"


def test_a_cache_that_is_away_is_an_empty_one(tmp_path):
    away = Cache(f"unix://{tmp_path}/nobody.sock", {})
    away.set("a", 1)
    away.set_many({"b": 2})
    assert away.get("a", "nothing") == "nothing"
    assert away.get_many(["a", "b"]) == {}
    assert away.add("a", 1) is False
    assert away.delete("a") is False
    assert "a" not in away
    with pytest.raises(ValueError, match="not found"):
        away.incr("a")


def test_a_cache_that_is_there_keeps_what_it_is_given():
    cache.set("kept", [1, 2], timeout=30)
    assert cache.get("kept") == [1, 2]
    assert cache.add("kept", 3) is False
