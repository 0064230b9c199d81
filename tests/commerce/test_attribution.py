"""`attr/1`, on facts alone."""

from datetime import UTC, datetime, timedelta

import pytest

from commerce.attribution import (
    ClickFacts,
    LineFacts,
    Owner,
    SelfEvidence,
    Terms,
    decide,
    is_self_purchase,
    refusal_of,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TERMS = Terms(programme_id=1, window_days=15)
WINDOW = timedelta(days=15)
ALICE, BOB = 1, 2


def click(name="c1", **facts):
    defaults = {
        "occurred_at": NOW - timedelta(hours=1),
        "programme_id": 1,
        "beneficiary_id": ALICE,
    }
    return ClickFacts(id=name, **(defaults | facts))


def line(**facts):
    return LineFacts(**({"created_at": NOW} | facts))


@pytest.mark.parametrize(
    ("age", "refusal"),
    [
        (timedelta(0), ""),
        (WINDOW - timedelta(microseconds=1), ""),
        (WINDOW, "expired"),
        (WINDOW + timedelta(days=1), "expired"),
        (timedelta(minutes=-5), ""),
        (timedelta(minutes=-5, microseconds=-1), "unqualified"),
        (timedelta(days=-400), "unqualified"),
    ],
)
def test_the_window_is_open_at_its_end_and_clocks_may_differ_by_five_minutes(
    age, refusal
):
    assert refusal_of(click(occurred_at=NOW - age), line(), TERMS) == refusal


def test_the_click_that_the_order_names_wins():
    decision = decide(line(click_ref="c1"), TERMS, named_click=click())
    assert (decision.basis, decision.click_id) == ("click_ref", "c1")
    assert decision.owner == Owner(ALICE)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"occurred_at": NOW - WINDOW}, "expired"),
        ({"is_qualified": False}, "unqualified"),
        ({"programme_id": 2}, "other_programme"),
        ({"link_disabled_at": NOW - timedelta(hours=2)}, "link_disabled"),
    ],
)
def test_explicit_evidence_is_never_replaced_by_a_guess(facts, reason):
    decision = decide(
        line(click_ref="c1", sub_id="s"),
        TERMS,
        named_click=click(**facts),
        sub_id_clicks=[click("c2")],
        sub_id_owner=Owner(BOB),
    )
    assert (decision.basis, decision.reason, decision.owner) == ("none", reason, None)
    assert decision.candidates[0]["refusal"] == reason


def test_a_link_disabled_after_the_click_still_earns():
    named = click(link_disabled_at=NOW)
    assert decide(line(click_ref="c1"), TERMS, named_click=named).owner == Owner(ALICE)


def test_forged_and_unknown_references_are_nobodys():
    forged = decide(line(click_ref="x"), TERMS, ref_is_forged=True)
    unknown = decide(line(click_ref="x"), TERMS)
    assert (forged.reason, unknown.reason) == ("bad_ref", "unknown_ref")
    assert decide(line(), TERMS).reason == "no_evidence"


def test_by_sub_id_the_time_of_the_click_decides():
    clicks = [
        click("c1", occurred_at=NOW - timedelta(seconds=100), beneficiary_id=BOB),
        click("c2", occurred_at=NOW - timedelta(seconds=10)),
        click("c3", occurred_at=NOW - timedelta(seconds=130)),
    ]
    decision = decide(line(sub_id="s", click_time=NOW), TERMS, sub_id_clicks=clicks)
    assert (decision.click_id, decision.needs_review) == ("c2", False)
    assert len(decision.candidates) == 3


def test_a_click_two_minutes_off_the_reported_time_is_another_one():
    near = click(occurred_at=NOW - timedelta(seconds=120))
    far = click(occurred_at=NOW - timedelta(seconds=121))
    asked = line(sub_id="s", click_time=NOW)
    assert decide(asked, TERMS, sub_id_clicks=[near]).click_id == "c1"
    assert decide(asked, TERMS, sub_id_clicks=[far]).basis == "none"


def test_two_people_within_five_seconds_go_to_a_reviewer():
    clicks = [
        click("c1", occurred_at=NOW - timedelta(seconds=10)),
        click("c2", occurred_at=NOW - timedelta(seconds=14), beneficiary_id=BOB),
    ]
    asked = line(sub_id="s", click_time=NOW)
    assert decide(asked, TERMS, sub_id_clicks=clicks).needs_review
    apart = [clicks[0], click("c2", occurred_at=NOW - timedelta(seconds=15))]
    assert not decide(asked, TERMS, sub_id_clicks=apart).needs_review


def test_without_a_time_the_last_click_wins_after_the_same_product_and_shop():
    last = click("c1", occurred_at=NOW - timedelta(minutes=1))
    of_shop = click("c2", occurred_at=NOW - timedelta(minutes=2), shop_id=7)
    of_product = click(
        "c3", occurred_at=NOW - timedelta(days=3), product_id=5, shop_id=7
    )
    asked = line(sub_id="s", product_id=5, shop_id=7)
    for clicks, best in [
        ([last, of_shop, of_product], "c3"),
        ([last, of_shop], "c2"),
        ([last, click("c4", occurred_at=NOW - timedelta(minutes=9))], "c1"),
    ]:
        assert decide(asked, TERMS, sub_id_clicks=clicks).click_id == best


def test_a_replay_in_any_order_gives_the_same_answer():
    tied = [click("c1", beneficiary_id=BOB), click("c2")]
    asked = line(sub_id="s")
    answers = {
        decide(asked, TERMS, sub_id_clicks=clicks).click_id
        for clicks in (tied, tied[::-1])
    }
    assert answers == {"c2"}


def test_a_sub_id_of_one_person_earns_without_a_click():
    decision = decide(line(sub_id="s"), TERMS, sub_id_owner=Owner(ALICE))
    assert (decision.basis, decision.click_id) == ("sub_id", None)
    assert decision.owner == Owner(ALICE)


def test_who_clicked_is_not_kept_with_the_decision():
    named = click(user_id=9, visitor_key="f" * 32)
    (kept,) = decide(line(click_ref="c1"), TERMS, named_click=named).candidates
    assert not {"user_id", "visitor_key"} & set(kept)


@pytest.mark.parametrize(
    ("facts", "is_self"),
    [
        ({"user_id": ALICE}, True),
        ({"user_id": BOB}, True),  # paid to the same place
        ({"user_id": 3}, False),
        ({"visitor_key": "k"}, True),
        ({"visitor_key": "other"}, False),
        ({}, False),
    ],
)
def test_ones_own_purchase_is_known_by_account_browser_and_place_to_pay(facts, is_self):
    evidence = SelfEvidence(visitor_keys=frozenset({"k"}), twin_ids=frozenset({BOB}))
    assert is_self_purchase(click(**facts), ALICE, evidence) is is_self
    assert not is_self_purchase(click(**facts), None, evidence)
