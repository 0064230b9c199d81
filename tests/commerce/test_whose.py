"""Why me, why not me: the stored decision in sentences, for each reader their own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commerce.actions.claims import attribute_by_hand
from commerce.actions.commissions import sync_commission
from commerce.attribution import ClickFacts, Decision, LineFacts, Owner, Terms, decide
from commerce.models import Attribution, Basis, OrderLine, Programme
from commerce.whose import Reader, Role, explain, people_in
from tests.factories import make_click, make_line, make_link, make_programme
from users.models import User

ORDERED = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
ALICE, BOB, CHARLIE, ROSA = 1, 2, 3, 4
NAMES = {ALICE: "alice", BOB: "bob", CHARLIE: "charlie"}

alice = Reader(Role.PINNER, user_id=ALICE)
bob = Reader(Role.PINNER, user_id=BOB)
charlie = Reader(Role.PINNER, user_id=CHARLIE)
shop = Reader(Role.RETAILER, names={ALICE: "alice"})
reviewer = Reader(Role.REVIEWER, names=NAMES)

LAST = "The order names the link; its last click that counts is this one."
NAMED = "The order names this very click, so no other can take its place."


def click(name, age=2 * DAY, *, of=ALICE, **facts):
    known = {"programme_id": 1, "beneficiary_id": of}
    return ClickFacts(id=name, occurred_at=ORDERED - age, **known | facts)


def decided(decision, **fields):
    """As actions.attributions keeps it, without a database."""
    facts = {
        name: fields.pop(name) for name in ("click_time", "window") if name in fields
    }
    programme = Programme(pk=1, window_days=facts.get("window", 15))
    line = OrderLine(
        pk=1,
        programme=programme,
        created_at=ORDERED,
        click_time=facts.get("click_time"),
    )
    owner = decision.owner or Owner(None)
    given = {
        "basis": decision.basis,
        "reason": "needs_review" if decision.needs_review else decision.reason,
        "click_id": decision.click_id,
        "beneficiary_id": owner.beneficiary_id,
        "originator_id": owner.originator_id,
        "beneficiary_is_originator": owner.beneficiary_is_originator,
        "candidates": decision.candidates,
    }
    return Attribution(line=line, **given | fields)


def by_ref(named, **facts):
    """The order names this click."""
    line = LineFacts(created_at=ORDERED, click_ref="r")
    return decide(line, Terms(1, 15), named_click=named, **facts)


def by_sub_id(*clicks, **facts):
    """The order names a link that was clicked so."""
    owner = facts.pop("sub_id_owner", None)
    line = replace(LineFacts(created_at=ORDERED, sub_id="s"), **facts)
    return decide(line, Terms(1, 15), sub_id_clicks=clicks, sub_id_owner=owner)


# Why me -------------------------------------------------------------------------------


def test_the_winner_reads_of_their_pin_its_age_and_the_window():
    assert explain(decided(by_ref(click("c"))), alice) == [
        "The buyer clicked your pin 2 days before the order; the window is 15 days.",
        NAMED,
    ]


def test_earlier_clicks_on_other_pins_lose_to_the_last():
    decision = by_sub_id(
        click("c"), click("d", 3 * DAY, of=BOB), click("e", 4 * DAY, of=CHARLIE)
    )
    assert explain(decided(decision), alice) == [
        "The buyer clicked your pin 2 days before the order; the window is 15 days.",
        LAST,
        "2 earlier clicks on other pins lost: the last click counts.",
    ]


def test_each_other_click_has_its_reason():
    decision = by_sub_id(
        click("c", 1 * DAY),
        click("d", 3 * DAY),
        click("e", 15 * DAY, of=BOB),
        click("f", DAY / 2, is_qualified=False),
        click("g", DAY / 2, is_qualified=False),
        click("h", DAY / 4, programme_id=2),
    )
    assert explain(decided(decision), alice)[2:] == [
        "1 other click was older than the window.",
        "1 other click did not count.",
        "2 other clicks did not count: they were machines' or previews'.",
        "1 earlier click on the same link changes nothing.",
    ]


def test_a_click_on_what_was_bought_wins_over_a_later_one():
    decision = by_sub_id(
        click("c", 2 * DAY, product_id=7), click("d", 1 * DAY, of=BOB), product_id=7
    )
    assert explain(decided(decision), alice)[-1] == (
        "1 later click lost: this one led to what was bought."
    )


def test_where_the_network_names_the_time_the_nearest_click_wins():
    moment = ORDERED - 2 * DAY
    clicks = click("c", 2 * DAY), click("d", 2 * DAY + 90 * SECOND, of=BOB)
    decision = by_sub_id(*clicks, click_time=moment)
    assert explain(decided(decision, click_time=moment), alice)[1:] == [
        "The order names the link and the time of the click; of its clicks this one is"
        " nearest to that time.",
        "1 other click is farther from that time.",
    ]


def test_seconds_between_two_people_are_a_reviewers_business():
    moment = ORDERED - 2 * DAY
    clicks = click("c", 2 * DAY), click("d", 2 * DAY + 3 * SECOND, of=BOB)
    decision = by_sub_id(*clicks, click_time=moment)
    assert (
        "Clicks for two people are within seconds of each other, so a reviewer looks"
        " at it."
    ) in explain(decided(decision, click_time=moment), alice)


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (3 * SECOND, "less than a minute before the order"),
        (timedelta(minutes=5), "5 minutes before the order"),
        (timedelta(hours=3, minutes=7), "3 hours before the order"),
        (-3 * SECOND, "the order was there first"),
    ],
)
def test_ages_are_told_in_one_unit(age, words):
    assert words in explain(decided(by_ref(click("c", age))), alice)[0]


def test_a_window_that_was_shortened_since_is_not_told_of_a_click_beyond_it():
    (first, *_rest) = explain(decided(by_ref(click("c", 9 * DAY)), window=7), alice)
    assert first == "The buyer clicked your pin 1 week before the order."


def test_a_link_is_known_without_its_click():
    decision = by_sub_id(sub_id_owner=Owner(ALICE))
    assert explain(decided(decision), alice) == [
        "The order names a link of yours; which click it was is not known."
    ]
    assert "a link of somebody else" in explain(decided(decision), bob)[0]


def test_a_coupon_is_its_owners():
    row = decided(Decision(Basis.COUPON, owner=Owner(ALICE)))
    assert explain(row, alice) == ["The buyer used a coupon of yours."]


def test_who_pinned_first_reads_of_the_copy():
    decision = by_ref(click("c", of=BOB, originator_id=ALICE))
    assert explain(decided(decision), alice) == [
        "The buyer clicked a copy of your pin 2 days before the order; the window is 15"
        " days.",
        NAMED,
        "You pinned it first, so a part of it is yours.",
    ]


def test_a_pinner_who_was_first_reads_that_both_parts_are_theirs():
    decision = by_ref(click("c", beneficiary_is_originator=True))
    assert explain(decided(decision), alice)[-1] == (
        "You pinned it first, so the first pinner's part is yours, too."
    )


def test_the_sites_own_button_is_nobodys_pin():
    (first, *_rest) = explain(decided(by_ref(click("c", of=None))), reviewer)
    assert "the Buy button on the product's own page" in first


# Nobody's -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (
            by_ref(click("c", 16 * DAY)),
            "The buyer clicked the pin 2 weeks before the order, and the window is 15"
            " days: the click was too old.",
        ),
        (
            by_ref(click("c", is_qualified=False)),
            "The click on the pin does not count: it was a machine's, a preview's, or"
            " came after the order.",
        ),
        (
            by_ref(click("c", link_disabled_at=ORDERED - 9 * DAY)),
            "The link of the pin was switched off before the click.",
        ),
        (
            by_ref(click("c", programme_id=2)),
            "The click on the pin led to another shop's programme.",
        ),
        (by_ref(None), "The order names a click that nobody knows."),
        (
            by_ref(None, ref_is_forged=True),
            "The order names a click that never was: its mark is forged.",
        ),
        (by_sub_id(), "The order names a link, but no click of it counts."),
        (
            decide(LineFacts(created_at=ORDERED), Terms(1, 15)),
            "The order names neither a click nor a link.",
        ),
    ],
)
@pytest.mark.parametrize("reader", [shop, reviewer])
def test_what_is_nobodys_says_why(decision, words, reader):
    assert decision.basis == Basis.NONE
    assert explain(decided(decision), reader) == [words]


# Why not me ---------------------------------------------------------------------------

NOT_KNOWN = "No click on a pin of yours is known to belong to this order."


def test_who_lost_reads_why_and_not_to_whom():
    decision = by_sub_id(click("c"), click("d", 3 * DAY, of=BOB))
    told = explain(decided(decision), bob)
    assert told[0].startswith("The buyer clicked another pin 2 days before")
    assert told[-1] == "A click on your pin was looked at, too; another one won."


def test_who_was_too_early_reads_how_much():
    decision = by_sub_id(click("c"), click("d", 16 * DAY, of=BOB))
    assert explain(decided(decision), bob)[-1] == (
        "The buyer clicked your pin 2 weeks before the order, and the window is 15"
        " days: the click was too old."
    )


def test_who_was_never_clicked_reads_that():
    assert explain(decided(by_ref(click("c"))), bob)[-1] == NOT_KNOWN
    assert explain(decided(by_ref(None)), bob)[-1] == NOT_KNOWN


def test_a_reviewers_decision_is_told_as_one():
    clicks = by_sub_id(click("c"), click("d", 3 * DAY, of=BOB)).candidates
    row = decided(
        Decision(Basis.MANUAL, owner=Owner(CHARLIE), candidates=clicks),
        actor=User(pk=ROSA, username="rosa"),
    )
    assert explain(row, charlie) == ["A reviewer decided by hand that it is yours."]
    assert explain(row, bob) == [
        "A reviewer decided by hand that it belongs to somebody else.",
        "A click on your pin was looked at; the reviewer decided otherwise.",
    ]
    assert explain(row, reviewer) == [
        "rosa decided by hand that it belongs to charlie."
    ]


def test_what_nobody_claimed_is_the_sites():
    row = decided(Decision(Basis.MANUAL, owner=Owner(None)))
    assert explain(row, reviewer) == [
        "Nobody claimed it in time: it is kept by Pinboard."
    ]


# Who may know what --------------------------------------------------------------------


def test_only_who_may_know_a_name_reads_one():
    decision = by_sub_id(
        click("c"), click("d", 3 * DAY, of=BOB), click("e", 20 * DAY, of=CHARLIE)
    )
    row = decided(decision, is_self_purchase=True)
    for reader in (alice, bob, charlie):
        assert not [n for n in NAMES.values() if n in " ".join(explain(row, reader))]
    to_shop = " ".join(explain(row, shop))
    assert "a pin of alice" in to_shop
    assert "bob" not in to_shop
    assert "a pin of alice" in explain(row, reviewer)[0]
    assert people_in(row) == {ALICE, BOB, CHARLIE}


def test_that_the_buyer_may_be_the_pinner_is_for_reviewers_alone():
    row = decided(by_ref(click("c", user_id=ALICE)), is_self_purchase=True)
    marked = "Buyer and pinner may be the same: look at the marks of the click."
    assert marked in explain(row, reviewer)
    for reader in (alice, bob, shop):
        assert marked not in explain(row, reader)


def test_a_purchase_of_ones_own_that_earns_nothing_says_so():
    row = decided(by_ref(click("c")), reason="self_purchase", is_self_purchase=True)
    assert explain(row, alice)[-1].startswith("Buyer and pinner are the same")


# On the pages -------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_passport_tells_each_reader_their_own_words(
    client, rita, rosa, bob, settings
):
    settings.STAFF_SECOND_FACTOR = False
    programme = make_programme(shop=rita.shops.get())
    link = make_link(programme=programme, beneficiary=bob)
    line = make_line(programme, click=make_click(link))
    commission = sync_commission(line=line)
    told = {}
    for reader in (bob, rita, rosa):
        client.force_login(reader)
        page = client.get(f"/earnings/commissions/{commission.public_id}/")
        told[reader] = page.content.decode()
    assert "Why it is yours" in told[bob]
    assert "The buyer clicked your pin" in told[bob]
    assert "The buyer clicked a pin of bob" in told[rita]
    assert "The buyer clicked a pin of bob" in told[rosa]
    client.force_login(rosa)
    story = client.get(f"/admin/commerce/commission/{commission.pk}/change/")
    assert "The buyer clicked a pin of bob" in story.content.decode()


@pytest.mark.django_db
def test_the_passport_of_a_decision_by_hand_names_no_reviewer(client, rosa, bob):
    commission = sync_commission(line=make_line(make_programme()))
    attribute_by_hand(commission=commission, beneficiary=bob, by=rosa, reason="Mail")
    client.force_login(bob)
    page = client.get(f"/earnings/commissions/{commission.public_id}/")
    html = page.content.decode()
    assert "A reviewer decided by hand that it is yours." in html
    assert "rosa" not in html
