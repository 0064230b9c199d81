"""Sign-up, log-in and what stands around them, in the site's dress."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from tests.factories import PASSWORD, make_user
from users.models import User

LOGIN, SIGNUP = "/accounts/login/", "/accounts/signup/"


@pytest.fixture(autouse=True)
def _fresh_limits():
    from django.core.cache import cache

    cache.clear()


def log_in(client, name="alice", password=PASSWORD, **fields):
    return client.post(LOGIN, {"login": name, "password": password} | fields)


def is_signed_in(client):
    return client.get("/settings/profile/").status_code == 200


@pytest.mark.parametrize("name", ["alice", "alice@example.org", "ALICE"])
def test_a_name_or_an_address_and_the_password_sign_in(client, alice, name):
    answer = log_in(client, name)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("wish", "way"),
    [
        ("/pins/new/?board=1", "/pins/new/?board=1"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("https://elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://[", "/"),
        ("nowhere", "/"),
    ],
)
def test_the_way_on_after_signing_in_stays_on_the_site(client, alice, wish, way):
    assert client.get(LOGIN, {"next": wish}).status_code == 200
    assert log_in(client, next=wish).headers["Location"] == way


@pytest.mark.parametrize(
    ("name", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("alice", "a\0b")]
)
def test_a_wrong_password_stays_signed_out_with_a_sentence(
    client, alice, name, password
):
    answer = log_in(client, name, password)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="error"' in html or "err error" in html
    assert not is_signed_in(client)


def test_known_and_unknown_people_are_answered_alike(client, alice):
    known = log_in(client, "alice", "wrong password").content.decode()
    unknown = log_in(client, "zelda", "wrong password").content.decode()
    sentence = "The username and/or email address and/or password you specified"
    assert sentence.split()[0] in known
    assert ("not correct" in known) == ("not correct" in unknown)


def test_the_form_keeps_where_one_came_from(client, db):
    html = client.get(LOGIN + "?next=/pins/new/").content.decode()
    assert 'name="next"' in html
    assert 'value="/pins/new/"' in html


def test_the_form_has_a_text_field_and_a_password_field(client, db):
    html = client.get(LOGIN).content.decode()
    assert 'type="text" name="login"' in html
    assert 'type="password" name="password"' in html
    assert html.count("<h1") == 1
    assert "btn" in html


def test_a_closed_account_does_not_sign_in(client, alice):
    alice.is_active = False
    alice.save()
    log_in(client)
    assert not is_signed_in(client)


def test_a_log_in_without_the_token_is_refused(alice):
    assert log_in(Client(enforce_csrf_checks=True)).status_code == 403


@pytest.mark.parametrize("last", ["alice", " ALICE", "alice@example.org"])
def test_ten_wrong_passwords_shut_the_account_for_a_while(client, alice, last):
    names = ["alice", "Alice", "alice@example.org", "ALICE@example.org", " alice "]
    for number, name in enumerate(2 * names):
        # From ten places at once, each of which says that it is another still.
        client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
        client.defaults["HTTP_X_FORWARDED_FOR"] = f"198.51.100.{number}"
        log_in(client, name, "wrong")
    client.defaults["REMOTE_ADDR"] = "192.0.2.99"
    log_in(client, last)
    assert not is_signed_in(client)


def test_the_tries_of_one_account_are_not_counted_for_another(client, alice, bob):
    for number in range(10):
        client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
        log_in(client, "bob", "wrong")
    log_in(client)
    assert is_signed_in(client)


def sign_up(client, username="lin", **fields):
    return client.post(
        SIGNUP,
        {"username": username, "email": "lin@example.org", "password1": PASSWORD}
        | fields,
    )


def test_a_sign_up_signs_in_at_once_and_asks_for_the_address(client, db):
    answer = sign_up(client)
    assert answer.status_code == 302
    assert is_signed_in(client)
    assert mail.outbox[0].to == ["lin@example.org"]


@pytest.mark.parametrize("name", ["Lin", "ＬＩＮ", " lin "])
def test_a_user_name_is_folded_to_small_ascii_letters(client, db, name):
    sign_up(client, name)
    assert User.objects.get().username == "lin"


@pytest.mark.parametrize(
    "name", ["", "lín", "林", "a b", "-lin", "lin.", "l" * 31, "a\u202eb", "a\0b", "а"]
)
def test_other_user_names_are_422_beside_the_field(client, db, name):
    answer = sign_up(client, name)
    assert answer.status_code == 422
    assert "id_username_error" in answer.content.decode()
    assert not User.objects.exists()


def test_a_taken_name_in_other_letters_is_refused(client, alice):
    assert sign_up(client, "ALICE").status_code == 422
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "password12", ""])
def test_a_weak_password_is_refused(client, db, password):
    assert sign_up(client, password1=password).status_code == 422
    assert not User.objects.exists()


def test_an_address_has_one_account(client, alice):
    assert sign_up(client, email="ALICE@example.org").status_code == 422
    assert User.objects.count() == 1


def test_a_forgotten_password_is_answered_alike_and_mailed(client, alice):
    known = client.post("/accounts/password/reset/", {"email": "alice@example.org"})
    unknown = client.post("/accounts/password/reset/", {"email": "no@example.org"})
    assert known.status_code == unknown.status_code == 302
    assert known.headers["Location"] == unknown.headers["Location"]


def test_logging_out_is_a_post(client, alice):
    client.force_login(alice)
    assert client.get("/accounts/logout/").status_code == 200
    assert is_signed_in(client)
    client.post("/accounts/logout/")
    assert not is_signed_in(client)


def test_the_session_is_another_once_signed_in_and_dies_when_logged_out(client, alice):
    client.get(LOGIN)
    client.cookies["sessionid"] = "planted-by-somebody-else-0000000"
    log_in(client)
    key = client.cookies["sessionid"].value
    assert key != "planted-by-somebody-else-0000000"
    assert is_signed_in(client)
    client.post("/accounts/logout/")
    client.cookies["sessionid"] = key
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/sessions/",
        "/settings/profile/",
        "/settings/tokens/",
        "/accounts/logout/",
    ],
)
def test_every_settings_page_wears_the_site_and_lists_the_others(
    client, alice, address
):
    client.force_login(alice)
    answer = client.get(address)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'class="top"' in html
    assert html.count("<h1") == 1
    if "logout" not in address:
        assert 'aria-current="page"' in html
        assert "/settings/tokens/" in html


@pytest.mark.parametrize(
    "address",
    [LOGIN, SIGNUP, "/accounts/password/reset/", "/accounts/2fa/authenticate/"],
)
def test_the_doors_stand_open_to_those_outside(client, db, address):
    assert client.get(address).status_code in (200, 302)


def test_the_code_to_scan_stands_in_the_page_itself(client, db):
    EmailAddress.objects.create(
        user=make_user("mia"), email="mia@example.org", verified=True, primary=True
    )
    log_in(client, "mia")
    page = client.get("/accounts/2fa/totp/activate/")
    if page.status_code == 302:  # asks for the password once more
        page = client.post(
            page.headers["Location"], {"password": PASSWORD}, follow=True
        )
    html = page.content.decode()
    assert 'class="qr"' in html
    assert "data:image" not in html
    assert 'name="code"' in html
