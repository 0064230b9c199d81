"""Sharing and refunding, for any amounts; and any order of news against a model."""

import pytest
from django.db import connection
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commerce.actions.commissions import sync_commission
from commerce.attribution import Owner
from commerce.ledger import verify
from commerce.models import Commission, Entry
from commerce.splits import Part, Rates, amounts_of, left_after_refund, parts_of
from tests.factories import make_click, make_line, make_link, make_programme, tell_line

RATES = Rates(pinner_bp=6000, originator_bp=1000)
amounts = st.integers(0, 10**12)


@st.composite
def part_lists(draw):
    pinner = draw(st.integers(0, 10_000))
    originator = draw(st.integers(0, 10_000 - pinner))
    rates = [("pinner", pinner), ("originator", originator)]
    parts = [Part(role, 1, bp) for role, bp in rates if bp]
    return [*parts, Part("platform", None, 10_000 - pinner - originator)]


@given(amounts, part_lists())
def test_parts_always_sum_to_the_net(net, parts):
    shared = amounts_of(net, parts)
    assert sum(shared) == net
    assert min(shared) >= 0


@given(amounts, amounts, part_lists())
def test_no_part_rises_while_the_net_falls(one, other, parts):
    more, less = amounts_of(max(one, other), parts), amounts_of(min(one, other), parts)
    assert all(a >= b for a, b in zip(more[:-1], less[:-1], strict=True))


@given(amounts, st.integers(1, 10**12), st.data())
def test_refunds_lessen_to_exactly_nothing(full, paid, data):
    some = data.draw(st.integers(0, paid))
    more = data.draw(st.integers(some, paid))
    assert left_after_refund(full, paid=paid, refunded=0) == full
    assert left_after_refund(full, paid=paid, refunded=paid) == 0
    assert left_after_refund(full, paid=paid, refunded=more) <= left_after_refund(
        full, paid=paid, refunded=some
    )


@pytest.mark.parametrize(
    ("owner", "parts"),
    [
        (Owner(1, 2), [("pinner", 1, 6000), ("originator", 2, 1000)]),
        (Owner(1, None, True), [("pinner", 1, 7000)]),
        (Owner(1, 1), [("pinner", 1, 7000)]),
        (Owner(1), [("pinner", 1, 6000)]),
        (Owner(None), []),
    ],
)
def test_the_site_has_what_the_roles_leave(owner, parts):
    found = [(p.role, p.party_id, p.bp) for p in parts_of(owner, RATES)]
    left = 10_000 - sum(bp for _, _, bp in parts)
    assert found == [*parts, ("platform", None, left)]


def test_a_shops_role_falls_to_the_site_and_an_erased_persons_to_nobody():
    parts = parts_of(
        Owner(1, 2), RATES, site_has=frozenset({1}), nobody_has=frozenset({2})
    )
    assert parts == [Part("originator", None, 1000), Part("platform", None, 9000)]


# Any order of news --------------------------------------------------------------------

# What the import may leave in a line after each report; statuses only rise.
news = st.one_of(
    st.tuples(st.just("refunded_minor"), st.integers(0, 9999)),
    st.tuples(st.just("status"), st.sampled_from(["received", "settled"])),
    st.tuples(st.just("again"), st.just(0)),
)


def model_of(paid, rate_bp, refunded):
    """The amounts in the fewest words, from the state alone."""
    net = (paid * rate_bp // 10_000) * (paid - refunded) // paid
    pinner, originator = net * 6000 // 10_000, net * 1000 // 10_000
    return {
        "pinner": pinner,
        "originator": originator,
        "platform": net - pinner - originator,
    }


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(news, max_size=8), st.integers(0, 1000))
def test_any_order_and_repetition_of_news_ends_where_the_last_state_says(
    alice, bob, told, rate_bp
):
    link = make_link(
        programme=make_programme(rate_bp=rate_bp),
        beneficiary=alice,
        originator=bob,
        beneficiary_is_originator=False,
    )
    click = make_click(link, rate_bp=rate_bp)
    line = make_line(link.programme, click=click, paid_minor=9999)
    sync_commission(line=line)
    for field, value in told:
        if field == "again":
            sync_commission(line=line)
        else:
            tell_line(line, **{field: value})
    commission = Commission.objects.get(line=line)
    shares = {s.role: s.amount_minor for s in commission.shares.all()}
    line.refresh_from_db()
    assert shares == model_of(9999, rate_bp, line.refunded_minor)
    booked = {kind: total for kind, total in _sums_of(commission) if total}
    if line.status == "paid":
        assert not booked
    else:
        owed = shares["pinner"] + shares["originator"]
        assert booked.get("liab:pending", 0) == -owed
        assert booked.get("rev:platform", 0) == -shares["platform"]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert verify().findings == []


def _sums_of(commission):
    entries = Entry.objects.filter(journal__commission=commission).order_by()
    return entries.values_list("account__kind").annotate(Sum("amount_minor"))
