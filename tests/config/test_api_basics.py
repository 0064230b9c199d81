"""Tokens, refusals and bodies: what every call of the API has in common."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from config.api import api, auth
from tests.factories import make_token

JSON = "application/json"


@pytest.fixture(autouse=True)
def _fresh_rates():
    cache.clear()


def refused(answer, status):
    assert answer.status_code == status, answer.content[:300]
    assert answer["Content-Type"] == JSON
    body = answer.json()
    assert set(body) == {"error", "request_id"}
    assert body["request_id"]
    error = body["error"]
    assert error["code"]
    assert error["message"]
    return error


def bearer(user, *scopes):
    return {"HTTP_AUTHORIZATION": f"Bearer {make_token(user, *scopes)}"}


def test_an_unknown_address_is_a_json_404(client, db):
    refused(client.get("/api/v1/no-such-thing"), 404)
    refused(client.get("/api/v1/"), 404)
    refused(client.post("/api/v1/pins/1/nonsense"), 404)


def test_a_method_that_is_not_taken_is_a_json_405(client, db):
    answer = client.delete("/api/v1/explore")
    refused(answer, 405)
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer ", "Basic YTpi", "wrong", "Bearer \u00e9"]
)
@pytest.mark.parametrize("path", ["/explore", "/feed", "/earnings"])
def test_a_wrong_token_is_401_even_where_none_is_needed(client, db, path, header):
    answer = client.get(f"/api/v1{path}", HTTP_AUTHORIZATION=header)
    refused(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_no_token_reads_what_everybody_may_see_and_no_more(client, db):
    assert client.get("/api/v1/explore").status_code == 200
    for path in ("/feed", "/earnings", "/commissions"):
        refused(client.get(f"/api/v1{path}"), 401)
    answer = client.post("/api/v1/boards", {"title": "x"}, content_type=JSON)
    refused(answer, 401)


def test_a_session_of_a_browser_is_no_token(client, alice):
    client.force_login(alice)
    refused(client.get("/api/v1/feed"), 401)


def test_a_scope_that_is_missing_is_403(client, alice):
    headers = bearer(alice, "read")
    refused(client.get("/api/v1/earnings", **headers), 403)
    answer = client.post("/api/v1/boards", {"title": "x"}, content_type=JSON, **headers)
    assert refused(answer, 403)["code"] == "scope_missing"
    assert not alice.boards.exists()


def test_a_revoked_or_expired_token_and_that_of_a_banned_user_are_401(client, alice):
    headers = bearer(alice, "read")
    assert client.get("/api/v1/feed", **headers).status_code == 200
    tokens = alice.api_tokens
    tokens.update(revoked_at=timezone.now())
    refused(client.get("/api/v1/feed", **headers), 401)
    tokens.update(revoked_at=None, expires_at=timezone.now() - timedelta(seconds=1))
    refused(client.get("/api/v1/feed", **headers), 401)
    tokens.update(expires_at=None)
    alice.is_active = False
    alice.save()
    refused(client.get("/api/v1/feed", **headers), 401)


def test_the_last_use_is_written_once_a_minute(client, alice):
    headers = bearer(alice, "read")
    client.get("/api/v1/feed", **headers)
    first = alice.api_tokens.get().last_used_at
    assert first
    client.get("/api/v1/feed", **headers)
    assert alice.api_tokens.get().last_used_at == first
    earlier = timezone.now() - timedelta(minutes=2)
    alice.api_tokens.update(last_used_at=earlier)
    client.get("/api/v1/feed", **headers)
    assert alice.api_tokens.get().last_used_at > earlier


def test_too_many_calls_are_429_and_say_when_to_come_back(client, alice, monkeypatch):
    headers = bearer(alice, "read", "write")
    monkeypatch.setattr(auth, "WRITES_A_MINUTE", 2)
    body = {"title": "Coats"}
    codes = [
        client.post("/api/v1/boards", body, content_type=JSON, **headers).status_code
        for _ in range(2)
    ]
    assert codes == [201, 201]
    answer = client.post("/api/v1/boards", body, content_type=JSON, **headers)
    assert refused(answer, 429)["code"] == "slow_down"
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert client.get("/api/v1/feed", **headers).status_code == 200


def test_the_api_answers_without_its_cache(client, alice, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nonexistent/valkey.sock",
        }
    }
    assert client.get("/api/v1/feed", **bearer(alice, "read")).status_code == 200


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"title": "a\\ud800b"}', JSON, 400),
        (b'{"title": "a\\u0000b"}', JSON, 400),
        (b'{"a\\u0000": "b", "title": "c"}', JSON, 400),
        (b'{"title": ', JSON, 400),
        (b"[1, 2]", JSON, 400),
        (b'"title"', JSON, 400),
        (b"null", JSON, 400),
        (b'{"title": NaN}', JSON, 400),
        (b'{"title": ' + b"9" * 5000 + b"}", JSON, 400),
        (b'{"title": "\xff\xfe"}', JSON, 400),
        ('{"title": "Odd"}'.encode("utf-16"), JSON, 400),
        ('{"title": "Odd"}'.encode("utf-16-le"), JSON, 400),
        ('{"title": "Odd"}'.encode("utf-32"), JSON, 400),
        (b"[" * 50_000, JSON, 400),
        (b'{"title":' + b"[" * 5000 + b"]" * 5000 + b"}", JSON, 400),
        (b"title=Odd", "text/plain", 415),
        (b"title=Odd", "application/x-www-form-urlencoded", 415),
        (b'{"title": "Odd"}', "application/json2", 415),
        (b'{"title": "' + b"x" * 2_000_000 + b'"}', JSON, 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(client, alice, content, kind, status):
    headers = bearer(alice, "write")
    for path in ("/api/v1/boards", "/api/v1/pins"):
        answer = client.generic("POST", path, content, content_type=kind, **headers)
        refused(answer, status)
    assert not alice.boards.exists()


def test_no_body_at_all_lacks_what_is_needed(client, alice):
    for path in ("/api/v1/boards", "/api/v1/pins/1/save"):
        answer = client.post(path, **bearer(alice, "write"))
        assert answer.status_code in (415, 422)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": " "}, "title"),
        ({"title": "\u200b"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": {"a": 1}}, "title"),
        ({"title": None}, "title"),
        ({"title": "Odd", "visibility": "everybody"}, "visibility"),
        ({"title": "Odd", "description": "x" * 1001}, "description"),
    ],
)
def test_a_field_that_does_not_fit_is_named(client, alice, body, field):
    answer = client.post(
        "/api/v1/boards", body, content_type=JSON, **bearer(alice, "write")
    )
    error = refused(answer, 422)
    assert list(error["fields"]) == [field]
    assert error["fields"][field]
    assert not alice.boards.exists()


@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "-1", "9" * 400, "%F0%9F%91%A0", "A" * 4000, "%27%20OR%201=1"],
)
@pytest.mark.parametrize("path", ["/explore", "/people/alice/pins", "/search"])
def test_an_unreadable_cursor_is_404(client, alice, path, cursor):
    # NUL is refused for the whole site before any view is asked.
    status = 400 if cursor == "%00" else 404
    refused(client.get(f"/api/v1{path}?cursor={cursor}"), status)


@pytest.mark.parametrize(
    "wrong",
    ["9" * 40, "9223372036854775808", "-1", "0", "a.b", "%00", "1%27--", "%ff%fe"],
)
@pytest.mark.parametrize(
    "path", ["/pins/{}", "/boards/{}", "/boards/{}/pins", "/people/{}/pins"]
)
def test_an_id_that_can_be_none_is_404(client, alice, path, wrong):
    address = f"/api/v1{path.format(wrong)}"
    refused(client.get(address, **bearer(alice, "read")), 404)


def test_what_the_openapi_says_names_every_path_of_the_contract(client, db):
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    described = answer.json()
    assert described["openapi"].startswith("3.")
    assert "/api/v1/pins/{pin_id}/save" in described["paths"]
    assert "multipart/form-data" in json.dumps(described["paths"]["/api/v1/pins"])


def test_the_description_is_made_once(client, db):
    client.get("/api/v1/openapi.json")
    before = api.described
    assert client.get("/api/docs").status_code == 200
    assert api.get_openapi_schema() is before


def test_the_docs_page_shows_each_call_and_loads_nothing_from_elsewhere(client, db):
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    html = answer.content.decode()
    for address in ("/api/v1/pins/{pin_id}/save", "/api/v1/commissions"):
        assert address in html
    assert 'src="http' not in html
    assert "cdn" not in html


def test_head_answers_as_get_does_without_a_body(client, db):
    answer = client.head("/api/v1/explore")
    assert answer.status_code == 200
    assert answer.content == b""


def test_the_description_says_where_a_token_is_needed(client, db):
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert {} in paths["/api/v1/explore"]["get"]["security"]
    assert {} not in paths["/api/v1/feed"]["get"]["security"]
    assert {} not in paths["/api/v1/pins"]["post"]["security"]
