"""The door for shops' notices: every refusal of the contract, and none that books."""

import json
import threading

import pytest
from django.db import connection
from django.utils import timezone

from commerce.click_refs import click_ref_of
from commerce.models import Commission, Observation, OrderLine, PostbackKey, Programme
from tests.commerce.till import Till, make_signing_programme
from tests.factories import (
    make_board,
    make_click,
    make_link,
    make_pin,
    make_product,
    make_programme,
)

pytestmark = pytest.mark.django_db

MALFORMED = {
    "an amount as a number": {"amount": 1000},
    "an exponent": {"amount": "1e3"},
    "below zero": {"amount": "-1000.00"},
    "NaN": {"amount": "NaN"},
    "a thousands comma": {"amount": "1,000.00"},
    "full-width digits": {"amount": "\uff11\uff12.00"},
    "three decimals": {"amount": "1.234"},
    "thirteen digits": {"amount": "1000000000000"},
    "a newline after the amount": {"amount": "1.00\n"},
    "a commission as a number": {"commission": 15.92},
    "an unknown type": {"type": "gift"},
    "a list for a type": {"type": ["order"]},
    "an unknown status": {"status": "lost"},
    "a list for a status": {"status": ["paid"]},
    "no event id": {"event_id": None},
    "an empty event id": {"event_id": " "},
    "an endless event id": {"event_id": "e" * 65},
    "no line id": {"line_id": None},
    "a number for an order id": {"order_id": 5},
    "no click id": {"click_id": None},
    "an endless click id": {"click_id": "c" * 81},
    "a small currency": {"currency": "cny"},
    "no currency": {"currency": None},
    "a day in words": {"occurred_at": "yesterday"},
    "a day alone": {"occurred_at": "2026-11-22"},
    "a moment without a zone": {"occurred_at": "2026-11-22T15:00:00"},
    "a moment in Unix seconds": {"occurred_at": 1795575394},
    "a day that is none": {"occurred_at": "2026-02-30T15:00:00Z"},
    "a moment long before": {"occurred_at": "0001-01-01T00:00:00+14:00"},
    "a moment long after": {"occurred_at": "9999-12-31T23:59:59-14:00"},
    "NUL in an id": {"order_id": "A\0B"},
    "half a code point": {"order_id": "\ud800"},
    "NUL in what nobody reads": {"note": {"a": ["b\0"]}},
}
BODIES = {
    "no JSON": b"amount=1",
    "nothing": b" ",
    "a number beyond all": b'{"type": 1e999}',
    "a list": b"[]",
    "a text": b'"order"',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "bytes that are no text": b'{"a": "\xff"}',
    "deep nesting": b"[" * 20_000,
    "deep objects": b'{"a":' * 9_000,
    "Infinity": b'{"type": Infinity}',
    "an endless number": b'{"type": ' + b"9" * 5000 + b"}",
}


@pytest.fixture
def programme(db):
    return make_signing_programme()


@pytest.fixture
def desk(programme, alice):
    product = make_product(make_programme().shop or None)
    pin = make_pin(make_board(alice), product=product)
    return Till(programme, make_click(make_link(programme=programme, pin=pin)))


def test_a_signed_order_is_booked(desk, alice):
    assert desk.send(desk.order()).status_code == 200

    line = OrderLine.objects.get()
    assert (line.paid_minor, line.currency, line.status) == (100000, "CNY", "paid")
    shares = {share.role: share.amount_minor for share in line.commission.shares.all()}
    assert line.commission.net_minor == 8000
    assert shares["pinner"] == 5600


def test_the_same_notice_again_is_200_and_moves_nothing(desk):
    order = desk.order()
    assert [desk.send(order).status_code for _ in range(3)] == [200, 200, 200]
    assert Observation.objects.count() == Commission.objects.count() == 1


def test_the_same_event_with_another_body_is_409(desk):
    order = desk.order()
    desk.send(order)

    assert desk.send(order | {"amount": "2000.00"}).status_code == 409
    assert OrderLine.objects.get().paid_minor == 100000


def test_what_the_contract_does_not_name_is_not_kept(desk):
    """Reports are never deleted, so a buyer's name may not stand in one."""
    order = desk.order(buyer={"name": "Lin Hua", "phone": "13800000000"})
    assert desk.send(order).status_code == 200
    kept = json.dumps(Observation.objects.get().payload)
    assert "Lin Hua" not in kept
    assert "13800000000" not in kept
    assert desk.send(order).status_code == 200
    other = order | {"buyer": {"name": "Somebody else"}}
    assert desk.send(other).status_code == 409
    assert Observation.objects.count() == 1


def test_an_unknown_click_is_parked(desk):
    order = desk.order(click_id="no-such-click")
    assert [desk.send(order).status_code for _ in range(2)] == [202, 202]
    assert not Commission.objects.exists()


def test_a_forged_click_is_taken_and_is_nobodys(desk):
    ref = click_ref_of(desk.click.pk)
    forged = desk.order(click_id=ref[:-1] + ("0" if ref[-1] != "0" else "1"))

    assert [desk.send(forged).status_code for _ in range(2)] == [202, 202]
    assert Commission.objects.get().state == "unattributed"


def test_a_refund_before_its_order_is_parked_and_then_counts(desk):
    order = desk.order()
    refund = desk.refund(order, "250.00")

    assert desk.send(refund).status_code == 202
    assert desk.send(order).status_code == 200
    assert desk.send(refund).status_code == 200
    assert Commission.objects.get().net_minor == 6000


def test_a_refund_needs_no_more_than_its_own_words(desk):
    order = desk.order()
    desk.send(order)
    refund = desk.refund(order, "1000.00")
    for name in ("click_id", "status", "amount"):
        del refund[name]

    assert desk.send(refund).status_code == 200
    assert Commission.objects.get().net_minor == 0


def test_another_currency_is_taken_and_not_booked(desk):
    assert desk.send(desk.order(currency="USD")).status_code == 202
    assert not OrderLine.objects.exists()


def test_a_currency_without_cents_is_read_without_cents(desk, programme):
    Programme.objects.filter(pk=programme.pk).update(currency="JPY")

    assert desk.send(desk.order(currency="JPY", amount="1500")).status_code == 200
    assert OrderLine.objects.get().paid_minor == 1500
    assert desk.send(desk.order(currency="JPY", amount="15.50")).status_code == 400


@pytest.mark.parametrize("changes", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_field_is_400(desk, changes):
    assert desk.send(desk.order(**changes)).status_code == 400
    assert not Observation.objects.exists()


@pytest.mark.parametrize("changes", [{"refunded": 5}, {"refund_id": None}])
def test_a_malformed_refund_is_400(desk, changes):
    refund = desk.refund(desk.order(), "1.00") | changes
    sent = {name: value for name, value in refund.items() if value is not None}
    assert desk.send(sent).status_code == 400


@pytest.mark.parametrize("raw", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_no_object_in_utf_8_is_400(desk, raw):
    assert desk.post(raw).status_code == 400
    assert not Observation.objects.exists()


def test_a_repeated_name_is_400(desk):
    raw = json.dumps(desk.order())[:-1] + ', "amount": "9000.00"}'
    assert desk.post(raw.encode()).status_code == 400


def test_numbers_that_nobody_reads_are_no_fault(desk):
    raw = json.dumps(desk.order())[:-1] + ', "weight": 1.5e3, "n": 7}'
    assert desk.post(raw.encode()).status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        {"at": -301},
        {"at": 302},
        {"kid": "nobody"},
        {"secret": "guess"},
        {"kid": "k2"},
    ],
)
def test_a_wrong_signature_is_401(desk, options):
    raw = json.dumps(desk.order()).encode()
    assert desk.post(raw, desk.sign(raw, **options)).status_code == 401
    assert not Observation.objects.exists()


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=1",
        "t=now,kid=k1,v1=a",
        "t=1795575394,v1=" + "a" * 64,
        "t=１,kid=k1,v1=" + "a" * 64,
        "t=" + "9" * 400 + ",kid=k1,v1=" + "a" * 64,
        "v1=,,,===",
    ],
)
def test_half_a_signature_is_401(desk, signature):
    raw = json.dumps(desk.order()).encode()
    assert desk.post(raw, signature.encode().decode("latin-1")).status_code == 401


def test_a_changed_body_is_401(desk):
    signature = desk.sign(json.dumps(desk.order()).encode())
    assert desk.post(b'{"a": 1}', signature).status_code == 401


def test_both_live_keys_sign(desk):
    raw = json.dumps(desk.order()).encode()
    signature = desk.sign(raw, kid="k2", secret="second")
    assert desk.post(raw, signature).status_code == 200


def test_a_revoked_key_signs_no_more(desk):
    PostbackKey.objects.filter(kid="k1").update(revoked_at=timezone.now())
    assert desk.send(desk.order()).status_code == 401


def test_within_300_seconds_a_replay_is_200_and_later_401(desk, time_machine):
    raw = json.dumps(desk.order()).encode()
    signature = desk.sign(raw)
    assert desk.post(raw, signature).status_code == 200
    now = timezone.now()
    time_machine.move_to(now + timezone.timedelta(seconds=299))
    assert desk.post(raw, signature).status_code == 200
    time_machine.move_to(now + timezone.timedelta(seconds=302))
    assert desk.post(raw, signature).status_code == 401


def test_what_is_long_is_413_even_unsigned(desk):
    body = desk.order(note="x" * 66_000)
    assert desk.send(body).status_code == 413
    assert desk.send(body, signature="").status_code == 413


def test_64_kib_are_not_too_long(desk):
    order = desk.order(note="")
    room = 64 * 1024 - len(json.dumps(order).encode())
    assert desk.send(order | {"note": "x" * room}).status_code == 200
    assert desk.send(order | {"note": "x" * (room + 1)}).status_code == 413


def test_another_media_type_is_415_before_the_signature(desk):
    assert desk.send(desk.order(), kind="text/plain").status_code == 415
    assert desk.send(desk.order(), kind="text/plain", signature="").status_code == 415


def test_a_charset_beside_the_media_type_is_fine(desk):
    kind = "application/json; charset=utf-8"
    assert desk.send(desk.order(), kind=kind).status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_other_methods_are_405_even_for_nobodys_address(desk, client, method):
    for address in (desk.address, "/commerce/postbacks/nobody/"):
        assert getattr(client, method)(address).status_code == 405


@pytest.mark.parametrize("code", ["nobody", "%00", "x" * 300])
def test_an_unknown_programme_is_404_before_all_else(desk, code):
    answer = desk.send(
        desk.order(note="x" * 66_000), address=f"/commerce/postbacks/{code}/"
    )
    assert answer.status_code == 404


def test_a_polled_programme_takes_no_postbacks(desk, programme):
    network = programme.network
    network.adapter = "taobao"
    network.save()
    assert desk.send(desk.order()).status_code == 404


def test_a_programme_that_is_off_still_hears_of_its_old_orders(desk, programme):
    order = desk.order()
    desk.send(order)
    Programme.objects.filter(pk=programme.pk).update(is_active=False)
    assert desk.send(desk.refund(order, "1000.00")).status_code == 200
    assert Commission.objects.get().net_minor == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_order_sent_by_many_at_once_is_booked_once(desk):
    order, answers = desk.order(), []

    def send():
        answers.append(desk.send(order).status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 20
    assert Observation.objects.count() == Commission.objects.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_refund_and_its_order_at_once_lose_nothing(desk):
    for _ in range(5):
        order = desk.order()
        bodies = [desk.refund(order, "500.00"), order]

        def send(body):
            desk.send(body)
            connection.close()

        threads = [threading.Thread(target=send, args=[body]) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        line = OrderLine.objects.get(order_id=order["order_id"])
        assert line.refunded_minor == 50000
        assert line.commission.net_minor == 4000
