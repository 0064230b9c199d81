"""The form of a network: what is wrong with it is said before the first poll."""

import pytest

from commerce.models import Network

pytestmark = pytest.mark.django_db
PAGE = "/admin/commerce/network/add/"
FORM = {
    "code": "league",
    "name": "League",
    "adapter": "taobao",
    "tz": "Asia/Shanghai",
    "base_url": "https://gw.api.taobao.com/router/rest",
    "app_key": "12345678",
    "secret_ref": "TAOBAO_SECRET",
    "click_parameter": "unid",
    "poll_cfg": '{"adzone_id": "100000000001"}',
    "is_active": "on",
}


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    settings.STAFF_SECOND_FACTOR = False


def test_a_polled_network_is_set_up_in_one_form(admin_client):
    assert admin_client.post(PAGE, FORM).status_code == 302
    network = Network.objects.get()
    assert network.poll_cfg == {"adzone_id": "100000000001"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tz": "Peking"}, "Name a time zone like Asia/Shanghai."),
        ({"secret_ref": "s3cr3t"}, "not the secret."),
        ({"secret_ref": ""}, "A network that is polled needs this."),
        ({"base_url": ""}, "A network that is polled needs this."),
        ({"app_key": "", "adapter": "pdd", "poll_cfg": "{}"}, "polled needs this."),
        ({"poll_cfg": "[1]"}, "Write an object like {}."),
        ({"poll_cfg": '{"adzone": "1"}'}, "Known are: adzone_id."),
        ({"poll_cfg": '{"adzone_id": "mm_1_2_3"}'}, "Known are: adzone_id."),
        ({"adapter": "jd", "poll_cfg": '{"parameters_in": "x"}'}, "parameters_in"),
        ({"adapter": "pdd"}, "Known are: –."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(admin_client, changes, told):
    page = admin_client.post(PAGE, FORM | changes)
    assert told in page.content.decode()
    assert not Network.objects.exists()


def test_a_shops_own_network_needs_no_address(admin_client):
    empty = {"base_url": "", "app_key": "", "secret_ref": "", "poll_cfg": "{}"}
    form = FORM | empty | {"adapter": "direct"}
    assert admin_client.post(PAGE, form).status_code == 302


def test_strangers_see_no_network(client, charlie):
    assert client.get(PAGE).status_code == 302
    client.force_login(charlie)
    assert client.post(PAGE, FORM).status_code in (302, 403)
    assert not Network.objects.exists()
