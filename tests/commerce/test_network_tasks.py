"""Which messages the polling sends, and that they follow each other."""

import base64
import json
import threading
import time
from datetime import timedelta

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from commerce import tasks
from commerce.actions.imports import nightly_windows
from commerce.exceptions import NetworkError
from commerce.models import Network, OrderLine
from commerce.networks.calls import ban_in, document_of, wait_for
from tests.commerce.gateways import KEY, SECRET, PddGateway, Refusal
from tests.factories import make_programme

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server():
    gateway = PddGateway()
    yield gateway
    gateway.stop()


@pytest.fixture
def gateway(server):
    server.forget()
    return server


@pytest.fixture
def ddk(gateway, monkeypatch):
    monkeypatch.setenv("TEST_PDD_SECRET", SECRET)
    network = Network.objects.create(
        code="pdd",
        name="Pinduoduo",
        adapter=Network.Adapter.PDD,
        base_url=gateway.url,
        app_key=KEY,
        secret_ref="TEST_PDD_SECRET",
        polled_until=timezone.now() - timedelta(minutes=1),
    )
    make_programme(network=network)
    return network


@pytest.fixture
def sent():
    """Takes what was sent so far: task and arguments of each message."""
    broker = redis.from_url(settings.REDIS_URL)
    broker.flushall()

    def take():
        rows = [json.loads(row) for row in broker.lrange("celery", 0, -1)][::-1]
        broker.delete("celery")
        return [
            (
                row["headers"]["task"].rpartition(".")[2],
                json.loads(base64.b64decode(row["body"]))[0],
                row["headers"],
            )
            for row in rows
        ]

    yield take
    broker.flushall()


def test_each_network_is_polled_by_a_message_of_its_own(ddk, sent):
    other = Network.objects.create(code="a-jd", name="JD", adapter="jd")
    Network.objects.create(code="a-shop", name="Shop", adapter="direct")
    Network.objects.create(code="b", name="B", adapter="jd", is_active=False)
    tasks.import_orders()

    messages = sent()
    assert [(task, args) for task, args, _ in messages] == [
        ("import_network", [ddk.pk]),
        ("import_network", [other.pk]),
    ]
    assert all(headers["expires"] for *_, headers in messages)


def test_a_network_that_is_not_set_up_is_told_and_harms_nobody(caplog):
    network = Network.objects.create(code="jd", name="JD", adapter="jd")
    tasks.import_network(network.pk)
    assert "jd needs an address" in caplog.text


def test_a_night_is_read_window_by_window(gateway, ddk, sent):
    gateway.buy(at=gateway.now() - 24 * 3600)
    tasks.sweep_orders()
    [(task, (pk, windows), _)] = sent()
    assert (task, pk) == ("read_past", ddk.pk)
    assert [tuple(window) for window in windows] == nightly_windows()

    while windows:
        tasks.read_past(ddk.pk, windows)
        messages = sent()
        assert len(messages) == (1 if len(windows) > 1 else 0)
        rest = messages[0][1][1] if messages else []
        assert rest == windows[1:]
        windows = rest
    assert OrderLine.objects.count() == 1


def test_a_month_is_asked_for_once(ddk, sent):
    tasks.read_settled()
    [(_, (pk, [[reading, start, end]]), _)] = sent()
    assert (pk, reading) == (ddk.pk, "settled")
    assert start < end


def test_what_passes_is_waited_out_and_what_does_not_is_dropped(gateway, ddk, sent):
    now = gateway.now()
    windows = [["paid", now - 60, now], ["settled", now - 60, now]]

    gateway.troubles = [Refusal(70031, "too often")]
    tasks.read_past(ddk.pk, windows)
    [(_, (_, again, tries), headers)] = sent()
    assert (again, tries) == (windows, 1)
    assert headers["eta"]

    gateway.troubles = [Refusal(70034, "a risk")]
    tasks.read_past(ddk.pk, windows)
    [(_, (_, rest), headers)] = sent()
    assert rest == windows[1:]
    assert headers["eta"] is None

    gateway.troubles = [Refusal(70031, "too often")]
    tasks.read_past(ddk.pk, windows, tasks.MOST_TRIES)
    assert [args for _, args, _ in sent()] == [[ddk.pk, windows[1:]]]


# One call -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_all_who_call_an_account_keep_one_pace(settings):
    settings.NETWORK_CALLS_PER_S = 20
    turns = []

    def call():
        for _ in range(4):
            wait_for("an-account")
            turns.append(time.monotonic())
        connection.close()

    callers = [threading.Thread(target=call) for _ in range(3)]
    began_at = time.monotonic()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(turns) == 12
    assert max(turns) - began_at >= 12 / 20 * 0.98


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("This ban will last for 7 more seconds", 8),
        ("请 30 秒后再试", 31),
        ("App Call Limited", None),
        ("code 7", None),
    ],
)
def test_a_ban_is_over_a_second_after_the_seconds_it_names(text, seconds):
    assert ban_in(text) == seconds


def test_no_float_comes_near_an_amount():
    assert document_of("x", '{"fee": 0.10, "n": 2}') == {"fee": "0.10", "n": 2}


@pytest.mark.parametrize("text", ['{"a": "\\ud800"}', '{"\\u0000": "\\u0000"}'])
def test_what_a_row_cannot_hold_is_replaced(text):
    document = document_of("x", text)
    assert "\ufffd" in json.dumps(document, ensure_ascii=False)
    json.dumps(document, ensure_ascii=False).encode()


@pytest.mark.parametrize("depth", [50, 5000, 100_000])
def test_an_answer_is_no_tower(depth):
    with pytest.raises(NetworkError):
        document_of("x", '{"a":' * depth + "1" + "}" * depth)
