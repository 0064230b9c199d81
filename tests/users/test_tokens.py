import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from users.actions import create_api_token, revoke_api_token
from users.models import ApiToken

PAGE = "/settings/tokens/"


def test_a_new_token_is_shown_once_and_works(client, alice):
    client.force_login(alice)
    answer = client.post(PAGE, {"name": "Shell", "scopes": ["read", "write"]})
    secret = re.search(r"data-secret>(pb_[\w-]+)<", answer.content.decode())[1]
    token = ApiToken.objects.by_secret(secret)
    assert (token.user, token.name, token.scopes) == (alice, "Shell", ["read", "write"])
    assert "no-store" in answer.headers["Cache-Control"]
    again = client.get(PAGE).content.decode()
    assert secret not in again
    assert token.prefix in again


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "x"},
        {"name": "", "scopes": ["read"]},
        {"name": "x", "scopes": ["everything"]},
        {"name": "a\0b", "scopes": ["read"]},
        {"name": "x" * 61, "scopes": ["read"]},
    ],
)
def test_bad_input_is_422_and_makes_nothing(client, alice, fields):
    client.force_login(alice)
    answer = client.post(PAGE, fields)
    assert answer.status_code == 422
    assert "err error" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_a_revoked_token_stops_working_at_once(client, alice):
    secret = create_api_token(user=alice, scopes=["read"])
    token = ApiToken.objects.get()
    client.force_login(alice)
    client.post(f"{PAGE}{token.pk}/revoke/")
    assert ApiToken.objects.by_secret(secret) is None
    assert token.prefix not in client.get(PAGE).content.decode()


def test_revoking_twice_keeps_the_first_time(alice):
    create_api_token(user=alice, scopes=["read"])
    token = ApiToken.objects.get()
    revoke_api_token(token=token)
    token.refresh_from_db()
    first = token.revoked_at
    revoke_api_token(token=token)
    token.refresh_from_db()
    assert token.revoked_at == first is not None


def test_nobody_sees_or_revokes_the_tokens_of_others(client, alice, bob):
    create_api_token(user=alice, scopes=["read"], name="Alice's own")
    token = ApiToken.objects.get()
    client.force_login(bob)
    assert "own" not in client.get(PAGE).content.decode().split("<main")[1]
    assert client.post(f"{PAGE}{token.pk}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_signed_out_readers_are_asked_to_log_in(client, alice):
    assert client.get(PAGE).headers["Location"].startswith("/accounts/login/")
    assert client.post(f"{PAGE}1/revoke/").headers["Location"].startswith("/accounts/")


def test_a_post_without_the_token_is_refused(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(PAGE, {"name": "x", "scopes": ["read"]}).status_code == 403


def test_the_command_prints_a_working_secret(alice, capsys):
    call_command("create_api_token", "alice", "--scopes", "read,earnings")
    secret = capsys.readouterr().out.strip()
    assert ApiToken.objects.by_secret(secret).scopes == ["read", "earnings"]


@pytest.mark.parametrize("arguments", [["nobody"], ["alice", "--scopes", "everything"]])
def test_the_command_says_what_is_wrong(alice, arguments):
    with pytest.raises(CommandError):
        call_command("create_api_token", *arguments)
    assert not ApiToken.objects.exists()
