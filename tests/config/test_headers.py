"""What MDN's Observatory would count on the headers sent behind https."""

import json
import os
import subprocess
import sys

import pytest
from django.db import connection

from config.environment import BASE_DIR

pytestmark = pytest.mark.django_db  # the page asks for log-in providers

ASK = """
import json
from config import settings
plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
settings.STORAGES["staticfiles"] = plain
import django
django.setup()
from django.test import Client
host = {"host": "pins.example.com"}
page = Client().get("/accounts/login/", secure=True, headers=host)
http = Client().get("/accounts/login/", headers=host)
print(json.dumps({
    "headers": dict(page.headers),
    "cookies": {name: dict(morsel) for name, morsel in page.cookies.items()},
    "http": [http.status_code, http.headers.get("Location")],
}))
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory, django_db_setup):
    """A page with a form, of a site that the environment says is behind https."""
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
            "REDIS_URL": os.environ["REDIS_URL"],
            "DATA_DIR": str(tmp_path_factory.mktemp("https")),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ENV_FILE": os.devnull,
            "SECRET_KEY": "k" * 50,
            "SITE_URL": "https://pins.example.com",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def policy(answer):
    parts = answer["headers"]["Content-Security-Policy"].split("; ")
    return {
        name: words.split()
        for name, *rest in [p.split(" ", 1) for p in parts]
        for words in rest
    }


def test_the_policy_allows_nothing_unsafe(policy):
    assert policy["default-src"] == ["'none'"]
    for name in ("script-src", "style-src"):
        assert not any(
            "unsafe" in word or word in {"*", "https:"} for word in policy[name]
        )
    assert policy["frame-ancestors"] == ["'none'"]


def test_http_is_sent_to_https_on_the_same_host(answer):
    assert answer["http"] == [301, "https://pins.example.com/accounts/login/"]


def test_cookies_are_secure_and_stay_on_the_site(answer):
    assert "__Host-csrftoken" in answer["cookies"]
    for cookie in answer["cookies"].values():
        assert cookie["secure"] is True
        assert cookie["samesite"] in {"Lax", "Strict"}


def test_observatory_counts_at_least_130(answer, policy):
    """Its published table, with what a site earns that is on no preload list."""
    headers = answer["headers"]
    max_age = headers["Strict-Transport-Security"].split("max-age=")[1].split(";")[0]
    earned = {
        "policy without unsafe, default none": 10
        * (policy["default-src"] == ["'none'"]),
        "cookies secure, with SameSite": 5
        * all(
            cookie["secure"] and cookie["samesite"]
            for cookie in answer["cookies"].values()
        ),
        "resources for this origin": 10
        * (headers["Cross-Origin-Resource-Policy"] == "same-origin"),
        "referrer kept private": 5
        * (headers["Referrer-Policy"] == "strict-origin-when-cross-origin"),
        "frames refused by policy": 5 * (policy["frame-ancestors"] == ["'none'"]),
        "no transport security of half a year": -20 * (int(max_age) < 15768000),
        "types may be guessed": -5 * (headers["X-Content-Type-Options"] != "nosniff"),
        "other origins may read": -50 * ("Access-Control-Allow-Origin" in headers),
    }
    assert 100 + sum(earned.values()) >= 130, earned
