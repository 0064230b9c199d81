"""The queue with more rows than anybody reads: pages by key, nothing counted."""

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commerce.actions.commissions import approve
from commerce.admin.base import CommerceAdmin
from commerce.models import Commission, OrderLine
from tests.factories import (
    current_split_rule,
    make_click,
    make_line,
    make_link,
    make_programme,
    tell_line,
)

pytestmark = pytest.mark.django_db
QUEUE = "/admin/commerce/commission/"


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    settings.STAFF_SECOND_FACTOR = False


@pytest.fixture
def programme(db):
    return make_programme(rate_bp=1000)


@pytest.fixture
def received(programme, alice):
    def received(count=1, **fields):
        link = make_link(
            programme=programme, beneficiary=alice, beneficiary_is_originator=True
        )
        click = make_click(link, rate_bp=1000)
        lines = [make_line(programme, click=click, **fields) for _ in range(count)]
        return [tell_line(line, status="received") for line in lines]

    return received


@pytest.fixture
def many(programme):
    """Rows that wait for review and of which the fee left nothing: quickly made."""

    def many(count):
        line, now = make_line(programme), timezone.now()
        names = [f.name for f in OrderLine._meta.concrete_fields if not f.primary_key]
        same = {name: getattr(line, name) for name in names}
        lines = OrderLine.objects.bulk_create(
            OrderLine(**same | {"line_id": f"many-{n}"}) for n in range(count)
        )
        figures = {"gross_minor": 100, "fee_minor": 100, "net_minor": 0}
        rows = Commission.objects.bulk_create(
            Commission(
                **figures,
                line=row,
                state="maturing",
                currency="CNY",
                base_minor=1000,
                rate_bp=1000,
                full_gross_minor=100,
                hold_until=now,
                split_rule=current_split_rule(),
            )
            for row in lines
        )
        return [row.pk for row in rows]

    return many


@pytest.fixture
def desk(client, rosa):
    client.force_login(rosa)
    return client


def shown(answer):
    return [row.pk for row in answer.context["cl"].result_list]


def turned(answer, way):
    address = getattr(answer.context["cl"], f"{way}_url")
    return answer.client.get(QUEUE + address) if address else None


def test_the_queue_is_walked_to_its_end_and_back(desk, many):
    pks = many(120)[::-1]
    first = desk.get(QUEUE)
    assert shown(first) == pks[:50]
    assert turned(first, "newer") is None
    second = turned(first, "older")
    third = turned(second, "older")
    assert (shown(second), shown(third)) == (pks[50:100], pks[100:])
    assert turned(third, "older") is None
    back = turned(third, "newer")
    assert shown(back) == pks[50:100]
    assert shown(turned(back, "newer")) == pks[:50]


def test_turning_keeps_the_filters_and_a_filter_begins_anew(desk, many):
    pks = many(60)[::-1]
    first = desk.get(QUEUE, {"queue": "all", "currency": "CNY"})
    second = turned(first, "older")
    assert shown(second) == pks[50:]
    assert "queue=all" in second.wsgi_request.META["QUERY_STRING"]
    page = second.content.decode()
    assert "queue=held" in page
    assert not re.search(r"queue=held[^\"]*older-", page)


def test_a_page_that_emptied_meanwhile_leads_back(desk, many):
    pks = many(51)[::-1]
    second = turned(desk.get(QUEUE), "older")
    assert shown(second) == pks[50:]
    Commission.objects.filter(pk=pks[50]).update(hold_reasons=["fraud"])
    emptied = desk.get(second.wsgi_request.get_full_path())
    assert shown(emptied) == []
    assert shown(turned(emptied, "newer")) == pks[:50]


@pytest.mark.parametrize("turn", ["older-x", "newer-" + "9" * 30, "older--1", "newer-"])
def test_a_page_of_nonsense_is_the_first_and_no_error(desk, received, turn):
    received(1)
    assert desk.get(QUEUE, {"p": turn}, follow=True).status_code == 200


def test_what_is_not_ready_is_in_the_queue_of_its_reason(desk, programme, received):
    later = timezone.now() + timezone.timedelta(days=3)
    ready, returnable, held = received(3)
    Commission.objects.filter(pk=returnable.pk).update(hold_until=later)
    Commission.objects.filter(pk=held.pk).update(hold_reasons=["fraud"])
    nobody = tell_line(make_line(programme), status="received")
    for queue, row in [
        ("ready", ready),
        ("returnable", returnable),
        ("held", held),
        ("nobody", nobody),
    ]:
        assert shown(desk.get(QUEUE, {"queue": queue})) == [row.pk], queue
    assert shown(desk.get(QUEUE, {"queue": "all", "hold": "fraud"})) == [held.pk]


def test_totals_are_exact_when_few_and_say_so_when_not(desk, received, many):
    received(3)
    page = desk.get(QUEUE).content.decode()
    assert "¥30.00" in page
    assert "There are more" not in page
    many(1001)
    page = desk.get(QUEUE).content.decode()
    assert "¥1,000.00" in page
    assert "Summed: the newest 1000. There are more." in page


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize(
    "query",
    [{}, {"queue": "held"}, {"currency": "CNY"}, {"q": "alice"}, {"q": "A-1"}],
)
def test_the_queue_costs_the_same_and_counts_nothing(desk, received, count, query):
    received(count)
    desk.get(QUEUE)  # content types are cached
    with CaptureQueriesContext(connection) as seen:
        assert desk.get(QUEUE, query).status_code == 200
    assert len(seen) <= 12
    for asked in seen.captured_queries:
        assert "COUNT(" not in asked["sql"].upper()
        assert "DISTINCT" not in asked["sql"].replace(
            "commerce_programme", ""
        ).upper() or ("commerce_commission" not in asked["sql"])


@pytest.mark.parametrize("queue", ["ready", "returnable", "held", "nobody"])
def test_each_queue_has_an_index(desk, received, queue):
    received(1)
    with CaptureQueriesContext(connection) as seen:
        desk.get(QUEUE, {"queue": queue})
    page = next(
        asked["sql"]
        for asked in seen.captured_queries
        if 'FROM "commerce_commission"' in asked["sql"] and "LIMIT 51" in asked["sql"]
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {page}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    index = {"ready": "waiting", "returnable": "waiting", "held": "held"}
    assert f"commission_{index.get(queue, 'queue')}" in plan


def test_the_search_names_an_order_first_and_then_a_person(desk, received):
    first, second = received(2)
    assert shown(desk.get(QUEUE, {"q": first.line.order_id})) == [first.pk]
    assert shown(desk.get(QUEUE, {"q": f" {second.line.line_id} "})) == [second.pk]
    assert shown(desk.get(QUEUE, {"q": "alice"})) == [second.pk, first.pk]
    assert shown(desk.get(QUEUE, {"q": "ali"})) == []


def test_who_is_too_late_reads_it_though_the_filter_has_moved_on(desk, received, ruth):
    (row,) = received()
    approve(commission=row, by=ruth)
    fields = {"action": "approve_chosen", "_selected_action": [row.pk]}
    answer = desk.post(f"{QUEUE}?queue=ready", fields, follow=True)
    (told,) = answer.context["messages"]
    assert row.line.line_id in str(told)
    assert "faster" in str(told)


def test_no_list_of_the_desk_counts_or_offers_to(admin_client):
    lists = [a for a in admin.site._registry.values() if isinstance(a, CommerceAdmin)]
    assert len(lists) > 10
    for model_admin in lists:
        assert not model_admin.show_full_result_count
        assert model_admin.show_facets == admin.ShowFacets.NEVER
