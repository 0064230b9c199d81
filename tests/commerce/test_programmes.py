"""The terms of programmes: one rate and one split at a time, and none rewritten."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from commerce.models import Network, Programme, RateCard, SplitRule
from tests.factories import make_product, make_programme

pytestmark = pytest.mark.django_db
JUNE, JULY = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    settings.STAFF_SECOND_FACTOR = False


def test_rates_of_one_scope_do_not_overlap():
    programme = make_programme()  # whose rate holds for ever
    with (
        pytest.raises(IntegrityError, match="one_rate_at_a_time"),
        transaction.atomic(),
    ):
        RateCard.objects.create(programme=programme, rate_bp=700, valid=(JUNE, JULY))
    RateCard.objects.create(
        programme=programme, rate_bp=700, valid=(JUNE, JULY), scope_key="product:1"
    )


def test_rules_of_sharing_do_not_overlap():
    with (
        pytest.raises(IntegrityError, match="one_split_at_a_time"),
        transaction.atomic(),
    ):
        SplitRule.objects.create(version=2, valid=(JUNE, None))


@pytest.mark.django_db(transaction=True)
def test_of_two_overlapping_rates_saved_at_once_one_is_kept():
    programme = make_programme()
    RateCard.objects.all().delete()
    barrier = threading.Barrier(4)

    def save(rate_bp):
        try:
            barrier.wait(10)
            RateCard.objects.create(
                programme=programme, rate_bp=rate_bp, valid=(JUNE, None)
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        saves = [pool.submit(save, rate) for rate in (600, 700, 800, 900)]
    refused = [type(save.exception()) for save in saves if save.exception()]
    assert RateCard.objects.count() == 1
    # Who inserts against each other at once may also be parted as a deadlock.
    assert len(refused) == 3


def test_a_shops_own_network_has_one_programme():
    """Else the key of one shop would sign refunds for the orders of another."""
    network = make_programme().network
    second = Programme(network=network, code="second", name="Second", currency="CNY")
    with pytest.raises(ValidationError, match="programme of its own"):
        second.clean()
    network.adapter = Network.Adapter.TAOBAO
    second.clean()


def test_a_rate_that_was_promised_is_ended_and_not_rewritten(admin_client):
    card = RateCard.objects.get(programme=make_programme())
    other = make_programme()
    page = f"/admin/commerce/ratecard/{card.pk}/change/"
    form = {
        "programme": other.pk,
        "rate_bp": 100,
        "valid_0": "2020-01-01 00:00:00",
        "valid_1": "2026-07-01 00:00:00",
    }
    assert admin_client.post(page, form).status_code == 302
    kept = RateCard.objects.get(pk=card.pk)
    assert (kept.rate_bp, kept.programme) == (800, card.programme)
    assert kept.scope_key == "programme"
    assert kept.valid.upper is not None


def test_the_end_of_a_products_rate_leaves_it_the_products(admin_client):
    product = make_product()
    card = RateCard.objects.create(
        programme=make_programme(),
        product=product,
        scope_key=RateCard.key_of(product),
        rate_bp=900,
        valid=(JUNE, None),
    )
    page = f"/admin/commerce/ratecard/{card.pk}/change/"
    form = {"valid_0": "2026-06-01 00:00:00", "valid_1": "2026-07-01 00:00:00"}
    assert admin_client.post(page, form).status_code == 302
    assert RateCard.objects.get(pk=card.pk).scope_key == f"product:{product.pk}"


def test_a_rule_of_sharing_is_ended_and_not_rewritten(admin_client):
    rule = SplitRule.objects.get(version=1)
    page = f"/admin/commerce/splitrule/{rule.pk}/change/"
    form = {
        "version": 7,
        "pinner_bp": 1,
        "originator_bp": 1,
        "valid_0": "2020-01-01 00:00:00",
        "valid_1": "2030-01-01 00:00:00",
    }
    assert admin_client.post(page, form).status_code == 302
    kept = SplitRule.objects.get(pk=rule.pk)
    assert (kept.version, kept.pinner_bp, kept.originator_bp) == (1, 6000, 1000)
    assert kept.valid.upper is not None
