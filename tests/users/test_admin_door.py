"""Who comes into the admin, and by which door."""

import pytest
from allauth.mfa.models import Authenticator

from tests.factories import make_user
from users.models import ApiToken


@pytest.fixture
def second_factor(settings):
    settings.STAFF_SECOND_FACTOR = True


def enrol(user):
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": "x"}
    )


def test_a_signed_out_reader_is_led_to_the_site_s_own_log_in(client, db):
    answer = client.get("/admin/")
    assert answer.status_code == 302
    assert "login" in answer.headers["Location"]
    door = client.get(answer.headers["Location"])
    assert door.headers["Location"] == "/accounts/login/?next=/admin/"


def test_django_s_own_form_lets_nobody_in(client, rosa):
    answer = client.post(
        "/admin/login/", {"username": "rosa", "password": "correct horse battery"}
    )
    assert answer.status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_shopper_is_refused(client, alice):
    client.force_login(alice)
    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.usefixtures("second_factor")
def test_staff_without_a_second_factor_are_asked_to_set_one_up(client, rosa):
    client.force_login(rosa)
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/2fa/"
    assert "second factor" in answer.content.decode()


@pytest.mark.usefixtures("second_factor")
def test_staff_with_a_second_factor_come_in(client, rosa):
    enrol(rosa)
    client.force_login(rosa)
    assert client.get("/admin/").status_code == 200


def test_where_the_setting_is_off_staff_come_in(client, rosa, settings):
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(rosa)
    assert client.get("/admin/").status_code == 200


def test_an_admin_sees_people_and_takes_tokens_back(client, settings, db):
    settings.STAFF_SECOND_FACTOR = False
    chief = make_user("chief", is_superuser=True)
    chief.is_staff = True
    chief.save()
    ApiToken.objects.create(user=chief, prefix="pb_x", digest="d")
    token = ApiToken.objects.get()
    client.force_login(chief)
    for page in ("user/", f"user/{chief.pk}/change/", "user/add/", "apitoken/"):
        assert client.get(f"/admin/users/{page}").status_code == 200
    assert client.get("/admin/users/apitoken/add/").status_code == 403
    client.post(
        "/admin/users/apitoken/",
        {"action": "revoke", "_selected_action": [token.pk]},
    )
    token.refresh_from_db()
    assert token.revoked_at is not None
