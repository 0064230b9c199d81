"""The reviewers' screens: queue, story, batches; who may see and who may decide."""

from datetime import date

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from commerce.actions.commissions import approve
from commerce.actions.risk import open_case
from commerce.models import (
    Commission,
    Discrepancy,
    PayoutBatch,
    PostbackKey,
    Programme,
    RateCard,
    Statement,
)
from tests.commerce.test_payout_actions import can_be_paid
from tests.factories import (
    make_click,
    make_line,
    make_link,
    make_product,
    make_programme,
    make_user,
    tell_line,
)

pytestmark = pytest.mark.django_db
QUEUE = "/admin/commerce/commission/"
LISTS = [
    "account",
    "attribution",
    "click",
    "commission",
    "discrepancy",
    "entry",
    "journal",
    "network",
    "observation",
    "orderline",
    "payoutbatch",
    "programme",
    "ratecard",
    "splitrule",
    "writeoff",
]


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    settings.STAFF_SECOND_FACTOR = False


@pytest.fixture
def programme(db):
    return make_programme(rate_bp=1000)


@pytest.fixture
def received(programme, alice):
    """Orders that wait for review, as many as asked for."""

    def received(count=1, **fields):
        rows = []
        for _ in range(count):
            link = make_link(programme=programme, beneficiary=alice)
            click = make_click(link, rate_bp=1000)
            line = make_line(programme, click=click, paid_minor=100_000, **fields)
            rows.append(tell_line(line, status="received"))
        return rows

    return received


def story(commission):
    return f"{QUEUE}{commission.pk}/change/"


def decide(client, commission, decision, **fields):
    address = reverse("admin:commerce_commission_decide", args=[commission.pk])
    answer = client.post(address, {"decision": decision, **fields}, follow=True)
    commission.refresh_from_db()
    return [str(message) for message in answer.context["messages"]]


def act(client, action, commissions, **fields):
    answer = client.post(
        f"{QUEUE}?queue=all",
        {"action": action, "_selected_action": [c.pk for c in commissions], **fields},
        follow=True,
    )
    return [str(message) for message in answer.context["messages"]]


def test_signed_out_people_are_sent_to_the_log_in(client, received):
    for address in (QUEUE, story(received()[0])):
        assert client.get(address).status_code == 302


def test_strangers_and_staff_without_the_right_see_nothing(client, received, charlie):
    (commission,) = received()
    client.force_login(charlie)
    assert client.get(QUEUE).status_code in (302, 403)
    charlie.is_staff = True
    charlie.save()
    assert client.get(QUEUE).status_code == 403
    assert client.get(story(commission)).status_code == 403
    address = reverse("admin:commerce_commission_decide", args=[commission.pk])
    assert client.post(address, {"decision": "approve"}).status_code == 403
    commission.refresh_from_db()
    assert commission.state == "maturing"


def test_a_decision_is_no_get(client, received, rosa):
    client.force_login(rosa)
    address = reverse("admin:commerce_commission_decide", args=[received()[0].pk])
    assert client.get(address).status_code == 405


def test_the_queue_shows_what_waits_with_its_totals(client, received, rosa):
    first, second = received(2)
    approve(commission=second, by=rosa)
    client.force_login(rosa)
    page = client.get(QUEUE).content.decode()
    assert first.line.line_id in page
    assert second.line.line_id not in page
    assert "¥100.00" in page
    everything = client.get(QUEUE, {"queue": "all"}).content.decode()
    assert second.line.line_id in everything
    assert "¥200.00" in everything


def test_the_queue_names_the_item_by_our_product_where_the_network_names_none(
    client, received, rosa
):
    line = received()[0].line
    line.product = make_product(title="Cream slip dress")
    line.save()
    client.force_login(rosa)
    assert "Cream slip dress" in client.get(QUEUE).content.decode()


def test_the_desk_wears_our_colours_and_icon(client, rosa):
    client.force_login(rosa)
    page = client.get("/admin/").content.decode()
    for file in ("css/tokens", "css/admin", "img/icon"):
        assert file in page


@pytest.mark.parametrize("queue", ["ready", "returnable", "held", "nobody", "all"])
def test_every_filter_answers(client, received, rosa, queue):
    received()
    client.force_login(rosa)
    query = {"queue": queue, "hold": "fraud", "state__exact": "maturing", "q": "alice"}
    assert client.get(QUEUE, {"queue": queue}).status_code == 200
    assert client.get(QUEUE, query).status_code == 200


def test_the_search_finds_an_order_and_a_person(client, received, rosa):
    commission = received()[0]
    client.force_login(rosa)
    for text in (commission.line.order_id, "alice"):
        found = client.get(QUEUE, {"q": text}).content.decode()
        assert commission.line.line_id in found
    assert (
        commission.line.line_id not in client.get(QUEUE, {"q": "zz"}).content.decode()
    )


@pytest.mark.parametrize("count", [1, 20])
def test_the_queue_costs_the_same_for_one_and_for_twenty(
    client, received, rosa, count, django_assert_max_num_queries
):
    received(count)
    client.force_login(rosa)
    with django_assert_max_num_queries(12):
        assert client.get(QUEUE).status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_a_reviewer_reads_every_list_in_few_queries(
    client, received, rosa, name, django_assert_max_num_queries
):
    received(3)
    Discrepancy.objects.create(line=Commission.objects.first().line, kind="regression")
    client.force_login(rosa)
    with django_assert_max_num_queries(12):
        assert client.get(f"/admin/commerce/{name}/").status_code == 200


@pytest.mark.parametrize(
    "name", ["journal", "entry", "account", "orderline", "click", "attribution"]
)
def test_facts_are_read_and_neither_added_changed_nor_deleted(
    admin_client, received, name
):
    received()
    model = {m._meta.model_name: m for m in Commission._meta.apps.get_models()}[name]
    row = model.objects.first()
    page = admin_client.get(f"/admin/commerce/{name}/{row.pk}/change/")
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert admin_client.get(f"/admin/commerce/{name}/add/").status_code == 403
    deletion = admin_client.post(
        f"/admin/commerce/{name}/{row.pk}/delete/", {"post": "yes"}
    )
    assert deletion.status_code == 403
    change = admin_client.post(f"/admin/commerce/{name}/{row.pk}/change/", {})
    assert change.status_code == 403


def test_the_story_goes_from_the_click_to_the_journals(client, received, rosa):
    (commission,) = received(item_title="Red coat")
    click = commission.line.attributions.get().click
    approve(commission=commission, by=rosa)
    client.force_login(rosa)
    page = client.get(story(commission)).content.decode()
    for text in ("Red coat", click.pk, "liab:payable", "MATURE", "rosa", "¥60.00"):
        assert text in page
    assert "style=" not in page
    assert "<script>" not in page


def test_the_story_tells_codes_and_accounts_in_words(client, programme, alice, rosa):
    line = make_line(programme)
    commission = tell_line(line, status="received")
    client.force_login(rosa)
    page = client.get(story(commission)).content.decode()
    assert "it names neither a click nor a link" in page
    assert "no_evidence" not in page
    assert f"owed by networks: {line.network.code}" in page
    assert ">nobody&#x27;s yet<" in page.replace("&#39;", "&#x27;")


def test_the_story_leads_to_its_case_and_to_the_statements_about_it(
    client, received, alice, rosa, ruth
):
    (commission,) = received()
    case = open_case(person=alice)
    statement = Statement.objects.create(
        network=commission.line.network,
        month=date(2026, 10, 1),
        currency="CNY",
        name="october.csv",
        sha256="a" * 64,
        state="open",
        imported_by=ruth,
    )
    statement.lines.create(
        line_no=1,
        line_id=commission.line.line_id,
        order_line=commission.line,
        currency="CNY",
        fee_minor=6000,
        tech_fee_minor=0,
        pays_minor=6000,
        ours_minor=6000,
        bucket="exact",
    )
    client.force_login(rosa)
    page = client.get(story(commission)).content.decode()
    assert reverse("admin:commerce_riskcase_change", args=[case.pk]) in page
    address = reverse("admin:commerce_statement_change", args=[statement.pk])
    link = f"{address}?show=all&amp;line={commission.line.line_id}"
    assert link in page
    found = client.get(link.replace("&amp;", "&"))
    assert commission.line.line_id in found.content.decode()


def test_a_reviewer_reads_nothing_of_a_case_about_themselves(client, programme, rosa):
    link = make_link(programme=programme, beneficiary=rosa)
    line = make_line(programme, click=make_click(link, rate_bp=1000))
    commission = tell_line(line, status="received")
    case = open_case(person=rosa)
    client.force_login(rosa)
    page = client.get(story(commission)).content.decode()
    assert reverse("admin:commerce_riskcase_change", args=[case.pk]) not in page


@pytest.mark.parametrize("pk", ["0", "9" * 30, "x", "1%00"])
def test_a_story_that_does_not_exist_is_no_error(client, rosa, pk):
    client.force_login(rosa)
    assert client.get(f"{QUEUE}{pk}/change/").status_code in (302, 404)


def test_one_is_approved_by_its_button(client, received, rosa):
    (commission,) = received()
    client.force_login(rosa)
    assert decide(client, commission, "approve") == ["Approved."]
    assert commission.state == "payable"
    (refusal,) = decide(client, commission, "approve")
    assert "faster" in refusal


def test_one_is_rejected_with_a_reason_and_restored(client, received, rosa):
    (commission,) = received()
    client.force_login(rosa)
    (refusal,) = decide(client, commission, "reject")
    assert "reason" in refusal
    decide(client, commission, "reject", reason="Fraud.")
    assert (commission.state, commission.return_reason) == ("clawed_back", "Fraud.")
    decide(client, commission, "restore", reason="A mistake.")
    assert commission.state == "maturing"


def test_one_is_held_and_released(client, received, rosa):
    (commission,) = received()
    client.force_login(rosa)
    decide(client, commission, "hold", hold="fraud", reason="Odd clicks.")
    assert commission.hold_reasons == ["fraud"]
    assert "disabled" in client.get(story(commission)).content.decode()
    decide(client, commission, "release", hold="fraud")
    assert commission.hold_reasons == []
    assert decide(client, commission, "hold", hold="nonsense") == [
        "Choose what to decide."
    ]


def test_one_is_given_to_somebody_else(client, received, rosa, bob):
    (commission,) = received()
    client.force_login(rosa)
    decide(client, commission, "attribute", username="nobody", reason="x")
    decide(client, commission, "attribute", username="bob", reason="His link.")
    assert commission.shares.get(role="pinner").party == bob


@pytest.mark.parametrize(
    "decision", ["hold", "release", "reject", "restore", "attribute", "sweep", "\0"]
)
def test_a_nul_in_what_is_typed_is_no_error(client, received, rosa, decision):
    (commission,) = received()
    client.force_login(rosa)
    typed = {"reason": "Bought\0 back.", "hold": "fraud\0", "username": "alice\0"}
    assert decide(client, commission, decision, **typed)
    assert act(client, "reject_chosen", [commission], reason="Bought\0 back.")


def test_many_are_approved_and_each_refusal_is_explained(client, received, rosa):
    good, held, mine = received(3)
    Commission.objects.filter(pk=held.pk).update(hold_reasons=["fraud"])
    mine.shares.filter(role="pinner").update(party=rosa)
    client.force_login(rosa)
    told = act(client, "approve_chosen", [good, held, mine])
    assert "1 commission done." in told
    assert any(held.line.line_id in t and "on hold" in t for t in told)
    assert any(mine.line.line_id in t and "Another reviewer" in t for t in told)
    good.refresh_from_db()
    assert good.state == "payable"
    mine.shares.filter(role="pinner").update(party=None)


def test_many_are_rejected_with_one_reason(client, received, rosa):
    rows = received(2)
    client.force_login(rosa)
    (refusal,) = act(client, "reject_chosen", rows)
    assert "reason" in refusal
    assert act(client, "reject_chosen", rows, reason="Bots.") == ["2 commissions done."]
    assert set(Commission.objects.values_list("return_reason")) == {("Bots.",)}


def test_a_batch_goes_through_the_screens(client, received, alice, rosa, ruth):
    can_be_paid(alice)
    approve(commission=received()[0], by=rosa)
    client.force_login(rosa)
    add = "/admin/commerce/payoutbatch/add/"
    assert b"CNY" in client.get(add).content
    client.post(add, {"currency": "CNY"})
    batch = PayoutBatch.objects.get()
    page = reverse("admin:commerce_payoutbatch_change", args=[batch.pk])
    to_decide = reverse("admin:commerce_batch_decide", args=[batch.pk])
    to_export = reverse("admin:commerce_batch_export", args=[batch.pk])
    assert b"You prepared this batch" in client.get(page).content
    client.post(to_decide, {"decision": "approve"})
    batch.refresh_from_db()
    assert batch.state == "draft"

    client.force_login(ruth)
    client.post(to_decide, {"decision": "approve"})
    assert client.get(to_export).status_code == 405
    exported = client.post(to_export)
    assert "60.00" in exported.content.decode()
    assert exported["Content-Disposition"].startswith("attachment")
    payout = batch.payouts.get()
    client.post(to_decide, {"decision": "paid", "payout": payout.pk, "text": "BANK-1"})
    batch.refresh_from_db()
    assert batch.state == "closed"
    assert b"BANK-1" in client.get(page).content


def test_a_batch_that_cannot_be_is_explained(client, rosa):
    client.force_login(rosa)
    add = "/admin/commerce/payoutbatch/add/"
    for currency in ("", "XXX"):
        answer = client.post(add, {"currency": currency}, follow=True)
        assert b"Choose a currency" in answer.content
    assert not PayoutBatch.objects.exists()


def test_staff_without_the_right_prepare_and_decide_nothing(
    client, received, alice, rosa
):
    can_be_paid(alice)
    approve(commission=received()[0], by=rosa)
    clerk = make_user("clerk", is_active=True)
    clerk.is_staff = True
    clerk.save()
    client.force_login(clerk)
    add = "/admin/commerce/payoutbatch/add/"
    assert client.get(add).status_code == 403
    assert client.post(add, {"currency": "CNY"}).status_code == 403


def test_a_discrepancy_is_resolved_with_a_reason(client, received, rosa):
    (commission,) = received()
    found = commission.line.discrepancies.create(kind="regression")
    client.force_login(rosa)
    page = f"/admin/commerce/discrepancy/{found.pk}/change/"
    client.post(page, {"resolution": " "})
    found.refresh_from_db()
    assert found.resolved_at is None
    client.post(page, {"resolution": "A late row."})
    found.refresh_from_db()
    assert (found.resolver, found.resolution) == (rosa, "A late row.")
    assert client.post(page, {"resolution": "Again."}).status_code == 403


def test_reviewers_have_exactly_the_rights_they_need():
    names = set(
        Group.objects.get(name="Reviewers").permissions.values_list(
            "codename", flat=True
        )
    )
    deciding = {name for name in names if not name.startswith("view_")}
    assert deciding == {
        "review_commission",
        "approve_payoutbatch",
        "add_payoutbatch",
        "change_payoutbatch",
        "change_discrepancy",
        "add_writeoff",
        "approve_writeoff",
        "add_reportimport",
        "add_statement",
        "change_statement",
        "approve_statement",
    }
    assert {"view_user", "view_journal", "view_payoutaccount"} <= names
    assert "view_postbackkey" not in names


def test_a_keys_secret_is_shown_once(admin_client, programme):
    page = f"/admin/commerce/programme/{programme.pk}/change/"
    form = {
        "network": programme.network_id,
        "code": programme.code,
        "name": programme.name,
        "hosts": "shop.example",
        "currency": "CNY",
        "window_days": 15,
        "hold_days": 15,
        "self_purchase": "review",
        "min_rate_bp": 600,
        "max_rate_bp": 1000,
        "is_active": "on",
        "keys-TOTAL_FORMS": 1,
        "keys-INITIAL_FORMS": 0,
        "keys-0-kid": "k1",
        "keys-0-programme": programme.pk,
    }
    shown = admin_client.post(page, form, follow=True).content.decode()
    secret = PostbackKey.objects.get().secret
    assert len(secret) == 64
    assert secret in shown
    assert secret not in admin_client.get(page).content.decode()


def test_no_more_than_two_keys_live(admin_client, programme):
    form = {
        "network": programme.network_id,
        "code": programme.code,
        "name": programme.name,
        "hosts": "shop.example",
        "currency": "CNY",
        "window_days": 15,
        "hold_days": 15,
        "self_purchase": "review",
        "min_rate_bp": 600,
        "max_rate_bp": 1000,
        "keys-TOTAL_FORMS": 3,
        "keys-INITIAL_FORMS": 0,
    } | {f"keys-{n}-kid": f"k{n}" for n in range(3)}
    page = f"/admin/commerce/programme/{programme.pk}/change/"
    assert b"Revoke one first" in admin_client.post(page, form).content
    assert not PostbackKey.objects.exists()


def rate_form(programme, **fields):
    return {
        "programme": programme.pk,
        "rate_bp": 800,
        "valid_0": "2026-01-01 00:00:00",
        "valid_1": "",
        **fields,
    }


def test_an_unusual_rate_is_warned_about_and_an_overlap_refused(
    admin_client, programme
):
    RateCard.objects.all().delete()
    add = "/admin/commerce/ratecard/add/"
    warned = admin_client.post(add, rate_form(programme, rate_bp=1500), follow=True)
    assert "outside the usual" in warned.content.decode()
    assert RateCard.objects.get().scope_key == "programme"
    refused = admin_client.post(add, rate_form(programme))
    assert "Another rate holds" in refused.content.decode()
    assert RateCard.objects.count() == 1


def test_programmes_and_rates_are_only_seen_by_reviewers(client, programme, rosa):
    client.force_login(rosa)
    page = client.get(f"/admin/commerce/programme/{programme.pk}/change/")
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert Programme.objects.count() == 1


def test_approving_leads_to_the_next_that_is_ready(client, received, rosa, ruth):
    oldest, held, mine, newest = received(4)
    Commission.objects.filter(pk=held.pk).update(hold_reasons=["fraud"])
    mine.shares.filter(role="pinner").update(party=rosa)
    client.force_login(rosa)
    address = reverse("admin:commerce_commission_decide", args=[newest.pk])
    answer = client.post(address, {"decision": "approve_next"})
    assert answer.url == story(oldest)
    # Refused: one stays where one reads why.
    answer = client.post(address, {"decision": "approve_next"})
    assert answer.url == story(newest)
    step = reverse("admin:commerce_commission_next", args=[oldest.pk])
    answer = client.get(step, follow=True)
    assert "Nothing else is ready" in answer.content.decode()
    client.force_login(ruth)
    assert client.get(step).url == story(mine)  # from the end on to the beginning
    mine.shares.filter(role="pinner").update(party=None)


def test_the_next_is_for_reviewers(client, received, charlie):
    step = reverse("admin:commerce_commission_next", args=[received()[0].pk])
    assert client.get(step).status_code == 302
    charlie.is_staff = True
    charlie.save()
    client.force_login(charlie)
    assert client.get(step).status_code == 403


def test_the_page_of_an_order_line_leads_to_its_story(admin_client, received):
    (commission,) = received()
    page = f"/admin/commerce/orderline/{commission.line_id}/change/"
    assert story(commission) in admin_client.get(page).content.decode()
    orphan = make_line(commission.line.programme)
    page = f"/admin/commerce/orderline/{orphan.pk}/change/"
    answer = admin_client.get(page)
    assert answer.status_code == 200
    assert "Explain" not in answer.content.decode()


def test_the_keys_of_the_desk_come_with_their_hints(client, received, rosa):
    (commission,) = received()
    client.force_login(rosa)
    for page in (QUEUE, story(commission)):
        text = client.get(page).content.decode()
        assert "js/desk" in text
        assert "data-keys hidden" in text
