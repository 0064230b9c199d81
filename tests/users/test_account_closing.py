"""Leaving for good: what is asked, what is gone, and what cannot be undone."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from tests.factories import PASSWORD, make_token, make_user
from users.actions import close_account
from users.exceptions import AccountStays
from users.models import USERNAME_VALIDATORS, ApiToken, User

CLOSE = "/settings/close/"
SURE = {"password": PASSWORD, "is_sure": "on"}


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


def close_by_page(client, **fields):
    return client.post(CLOSE, SURE | fields)


def test_the_row_tells_of_nobody_and_stays(alice):
    alice.display_name, alice.bio, alice.avatar_path = "Alice L.", "Coats!", "aa/x.webp"
    alice.save()
    closed = close_account(user=alice)
    row = User.objects.get(pk=alice.pk)
    assert row.username == closed.username
    assert row.username.startswith("closed-")
    USERNAME_VALIDATORS[0](row.username)
    said = (row.email, row.display_name, row.bio, row.avatar_path, row.last_login)
    assert said == ("", "", "", "", None)
    assert row.closed_at is not None
    assert not row.is_active
    assert not row.has_usable_password()
    assert "alice" not in "".join(str(value) for value in vars(row).values()).lower()


def test_all_ways_in_are_gone(alice):
    device, token = Client(), make_token(alice)
    device.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    EmailAddress.objects.update_or_create(user=alice, email=alice.email)
    SocialAccount.objects.create(user=alice, provider="weibo", uid="1")
    Authenticator.objects.create(user=alice, type="totp", data={})
    AccessAttempt.objects.create(
        username="alice", ip_address="192.0.2.1", failures_since_start=1
    )
    assert device.get("/settings/tokens/").status_code == 200
    assert UserSession.objects.filter(user=alice).exists()
    close_account(user=alice)
    for rows in (ApiToken, EmailAddress, SocialAccount, Authenticator, UserSession):
        assert not rows.objects.filter(user=alice).exists()
    assert not AccessAttempt.objects.exists()
    assert device.get("/settings/tokens/").status_code == 302
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert Client().get("/api/v1/feed", **headers).status_code == 401
    again = Client().post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    assert again.status_code == 422


def test_a_password_reset_leads_nowhere(client, alice):
    close_account(user=alice)
    mail.outbox.clear()
    client.post("/accounts/password/reset/", {"email": "alice@example.org"})
    assert not any("/password/reset/key/" in sent.body for sent in mail.outbox)


def test_the_admins_log_forgets_the_name(alice, rosa):
    kind = ContentType.objects.get_for_model(User)
    entry = LogEntry.objects.create(
        user=rosa,
        content_type=kind,
        object_id=str(alice.pk),
        object_repr="alice",
        action_flag=CHANGE,
    )
    close_account(user=alice)
    entry.refresh_from_db()
    assert entry.object_repr.startswith("closed-")


def test_closing_twice_changes_nothing(alice):
    first = close_account(user=alice)
    second = close_account(user=alice)
    assert (first.username, first.closed_at) == (second.username, second.closed_at)


def test_who_runs_the_site_hands_that_over_first(rosa):
    with pytest.raises(AccountStays):
        close_account(user=rosa)
    rosa.refresh_from_db()
    assert rosa.is_active


def test_the_name_is_free_again(alice):
    close_account(user=alice)
    assert make_user("alice").pk != alice.pk


def test_the_last_mail_says_what_happened(alice, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        close_account(user=alice)
    (last,) = [sent for sent in mail.outbox if sent.to == ["alice@example.org"]]
    assert "alice was closed" in last.body


# The page -----------------------------------------------------------------------------


def test_the_page_is_of_those_who_are_signed_in(client, db):
    assert client.get(CLOSE).headers["Location"].startswith("/accounts/login/")
    assert close_by_page(client).headers["Location"].startswith("/accounts/login/")


def test_it_says_what_happens_before_it_asks(client, alice):
    client.force_login(alice)
    html = client.get(CLOSE).content.decode()
    assert "there is no way back" in html
    assert 'name="password"' in html
    assert 'name="username"' not in html
    assert "Your earnings" not in html  # there are none


def test_the_settings_lead_there(client, alice):
    client.force_login(alice)
    assert f'href="{CLOSE}"' in client.get("/settings/tokens/").content.decode()


def test_one_leaves_by_the_page(client, alice):
    client.force_login(alice)
    answer = close_by_page(client)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    html = client.get("/").content.decode()
    assert "Your account is closed" in html
    assert "data-reader" not in html
    alice.refresh_from_db()
    assert alice.closed_at


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password": "wrong"}, "This is not your password."),
        ({"password": ""}, "This field is required."),
        ({"password": "a\0b"}, "Null characters"),
        ({"is_sure": ""}, "Tick this box if you are sure."),
    ],
)
def test_what_is_not_deliberate_closes_nothing(client, alice, fields, sentence):
    client.force_login(alice)
    answer = close_by_page(client, **fields)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in html
    assert "err error" in html
    alice.refresh_from_db()
    assert alice.closed_at is None


def test_an_empty_post_is_a_refused_form(client, alice):
    client.force_login(alice)
    assert client.post(CLOSE, {}).status_code == 422


def test_who_has_no_password_writes_the_user_name(client, alice):
    alice.set_unusable_password()
    alice.save()
    client.force_login(alice)
    assert 'name="username"' in client.get(CLOSE).content.decode()
    wrong = client.post(CLOSE, {"username": "bob", "is_sure": "on"})
    assert wrong.status_code == 422
    assert "This is not your user name." in wrong.content.decode()
    answer = client.post(CLOSE, {"username": " ALICE ", "is_sure": "on"})
    assert answer.status_code == 302
    alice.refresh_from_db()
    assert alice.closed_at


def test_guesses_at_the_password_lock_as_at_the_log_in(client, alice, settings):
    settings.AXES_ENABLED = True
    client.force_login(alice)
    for _ in range(10):
        close_by_page(client, password="wrong")
    close_by_page(client)
    alice.refresh_from_db()
    assert alice.closed_at is None


def test_staff_is_told_and_stays(client, rosa):
    client.force_login(rosa)
    html = client.get(CLOSE).content.decode()
    assert "Ask an administrator" in html
    assert 'name="password"' not in html
    assert close_by_page(client).status_code == 422
    rosa.refresh_from_db()
    assert rosa.is_active


def test_without_the_token_of_a_form_nothing_happens(alice):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert close_by_page(strict).status_code == 403


# By an operator, at somebody's request ------------------------------------------------


def test_an_operator_closes_an_account_at_a_persons_request(alice, capsys):
    call_command("close_account", "alice")
    assert "Say --yes" in capsys.readouterr().out
    alice.refresh_from_db()
    assert alice.closed_at is None
    call_command("close_account", "alice", "--yes")
    alice.refresh_from_db()
    assert alice.closed_at
    assert alice.username in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "sentence"), [("nobody", "Nobody here"), ("rosa", "administrator")]
)
def test_whom_an_operator_cannot_close_stays(rosa, name, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("close_account", name, "--yes")
    rosa.refresh_from_db()
    assert rosa.is_active
