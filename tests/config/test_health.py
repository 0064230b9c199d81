"""Health, robots, metrics, unreadable addresses, and what is said when all fails."""

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.urls import include, path

from config import urls as site_urls
from config.middleware import client_address


def broken(_request):
    raise RuntimeError("secret detail")


def without_database(_request):
    raise OperationalError("connection refused")


urlpatterns = [
    path("broken/", broken),
    path("without-database/", without_database),
    path("api/v1/without-database", without_database),
    path("", include(site_urls)),
]
handler400 = site_urls.handler400
handler403 = site_urls.handler403
handler404 = site_urls.handler404
handler500 = site_urls.handler500


@pytest.fixture
def failing_client(client, settings):
    """Gets the answer a visitor gets, where the test client would raise."""
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    return client


def test_healthz_asks_nothing_of_the_database(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_readyz_names_its_parts(client, transactional_db):
    response = client.get("/readyz")
    assert response.json() == {"database": "ok", "broker": "ok", "migrations": "ok"}
    assert response.status_code == 200


def test_readyz_is_503_without_the_broker(client, db, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["broker"] == "missing"
    assert response.json()["database"] == "ok"


def test_metrics_are_nowhere_without_the_token(client, db, settings):
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "open-sesame"
    assert client.get("/metrics").status_code == 404
    wrong = client.get("/metrics", headers={"Authorization": "Bearer guess"})
    assert wrong.status_code == 404
    right = client.get("/metrics", headers={"Authorization": "Bearer open-sesame"})
    assert right.status_code == 200
    assert b"python_info" in right.content


def test_an_empty_token_opens_nothing(client, db, settings):
    settings.METRICS_TOKEN = ""
    response = client.get("/metrics", headers={"Authorization": "Bearer "})
    assert response.status_code == 404


def test_robots_stay_off_the_links_that_count_clicks(client):
    assert "Disallow: /go/\n" in client.get("/robots.txt").content.decode()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nothing-here/", 404),
        ("/a%00b", 404),
        ("/pins/%00/", 404),
        ("/people/%00/", 404),
        ("/boards/1-%00/", 404),
        ("/%ff%fe", 404),
        ("/people/%ff%fe/", 404),
        ("/api/v1/pins/%00", 404),
        ("/?q=%00", 400),
        ("/search/?q=a%00b", 400),
        ("/explore/?cursor=%00", 400),
        ("/api/v1/search?q=%00", 400),
        ("/search/?q=%ff%fe", 200),
        ("/search/?q=%ed%a0%80", 200),
        ("/pins/99999999999999999999999999/", 404),
        ("/go/%00/", 404),
    ],
)
def test_an_unreadable_address_is_never_our_mistake(client, db, address, status):
    assert client.get(address).status_code == status


def test_a_cookie_with_nul_is_refused(client, db):
    client.cookies.load('sessionid="a\\000b"')
    assert client.get("/explore/").status_code == 400


def test_what_no_form_takes_is_413_before_it_is_read(client, db):
    too_much = {"CONTENT_LENGTH": str(700 * 1024 * 1024)}
    answer = client.post("/accounts/login/", {"login": "alice"}, **too_much)
    assert answer.status_code == 413
    assert b"larger than we take" in answer.content
    answer = client.post("/api/v1/pins", {"title": "x"}, **too_much)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "charset", ["hex", "utf-7", "unicode_escape", "utf-16", "idna", "latin-1"]
)
def test_texts_come_as_utf_8_or_not_at_all(client, db, alice, charset):
    client.force_login(alice)
    kind = f"multipart/form-data; boundary=b; charset={charset}"
    field = b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n+2AA-\r\n--b--'
    assert client.generic("POST", "/boards/new/", field, kind).status_code == 400
    assert client.get("/explore/", CONTENT_TYPE=kind).status_code == 400
    answer = client.get("/api/v1/explore", CONTENT_TYPE=kind)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert not alice.boards.exists()


@pytest.mark.parametrize("charset", ["UTF-8", "utf8", "us-ascii", "no-such-thing"])
def test_a_charset_that_changes_nothing_is_taken(client, db, charset):
    kind = f"text/plain; charset={charset}"
    assert client.get("/explore/", CONTENT_TYPE=kind).status_code == 200


def test_the_api_is_refused_in_json(client, db):
    response = client.get("/api/v1/search?q=%00")
    assert response.json()["error"]["code"] == "bad_request"


def test_an_error_of_ours_says_its_number_and_no_detail(failing_client, db):
    response = failing_client.get("/broken/")
    page = response.content.decode()
    assert response.status_code == 500
    assert "secret detail" not in page
    assert response.headers["X-Request-ID"] in page


def test_a_request_id_of_the_visitor_cannot_write_markup(failing_client, db):
    response = failing_client.get("/broken/", headers={"X-Request-ID": "<b>me</b>"})
    assert b"<b>me</b>" not in response.content


def test_only_a_plain_request_id_is_taken_over(client):
    for wish in ("x" * 65, "a b", "\u00e9", "<b>"):
        answer = client.get("/healthz", headers={"X-Request-ID": wish})
        assert answer.headers["X-Request-ID"] not in ("", wish)
    answer = client.get("/healthz", headers={"X-Request-ID": "edge-7.3_a"})
    assert answer.headers["X-Request-ID"] == "edge-7.3_a"


def test_a_database_that_is_away_is_503_and_worth_a_second_try(failing_client, db):
    response = failing_client.get("/without-database/")
    assert response.status_code == 503
    assert response.headers["Retry-After"].isdigit()
    assert b"Back in a moment" in response.content


def test_the_api_says_503_in_json(failing_client, db):
    response = failing_client.get("/api/v1/without-database")
    assert response.status_code == 503
    assert response.headers["Retry-After"].isdigit()
    assert response.json()["error"]["code"] == "unavailable"


def test_a_missing_token_shows_the_stale_page(db, client):
    client.handler.enforce_csrf_checks = True
    response = client.post("/accounts/login/", {"login": "alice", "password": "x"})
    assert response.status_code == 403
    assert b"This form is too old" in response.content


@pytest.mark.parametrize(
    ("trusted", "header", "seen"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (1, "203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),  # a proxy was passed by: believe nothing
        (1, "", "10.0.0.1"),
    ],
)
def test_a_visitor_cannot_write_an_address(rf, settings, trusted, header, seen):
    settings.TRUSTED_PROXIES = trusted
    request = rf.get("/", headers={"X-Forwarded-For": header}, REMOTE_ADDR="10.0.0.1")
    client_address(lambda request: HttpResponse(request.META["REMOTE_ADDR"]))(request)
    assert request.META["REMOTE_ADDR"] == seen
    assert "HTTP_X_FORWARDED_FOR" not in request.META


def test_pages_are_read_while_the_cache_is_away(client, db, settings, tmp_path):
    settings.CACHES = settings.CACHES | {
        "default": settings.CACHES["default"]
        | {"LOCATION": f"unix://{tmp_path}/nobody.sock"}
    }
    assert client.get("/explore/").status_code == 200
