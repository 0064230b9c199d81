"""Before the day, nothing that those who fill a wish list can fetch depends on whether
somebody promised something: every answer is the same to the byte."""

import re
from datetime import timedelta
from uuid import uuid4
from zipfile import ZipFile

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commerce.actions.links import ensure_links, ensure_site_link
from commerce.models import Click
from pinboard.actions.exports import start_export, write_slice
from pinboard.actions.gift_claims import claim_gift, guest_of_account
from pinboard.actions.gift_lists import set_gift_list, set_wanted
from pinboard.models import (
    BoardEvent,
    BoardMember,
    GiftClaim,
    Notification,
    Role,
)
from pinboard.views.gift_guests import COOKIE
from tests.factories import (
    make_board,
    make_pin,
    make_point,
    make_product,
    make_programme,
    make_shop,
    make_token,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]

# Its owner, a co-owner, an editor; who else may come.
FILLERS = [
    ("alice", "link"),
    ("bob", "link"),
    ("charlie", "link"),
    ("alice", "public"),
    ("alice", "secret"),
]
PAGES = [
    "/",
    "/explore/",
    "/search/?q=kettle",
    "/search/?q=wishes&kind=boards",
    "/search/?q=kettle&kind=products",
    "/people/alice/",
    "/people/alice/?tab=pins",
    "/people/alice/?tab=likes",
    "/people/alice/feed.atom",
    "/boards/{board}-wishes/",
    "/boards/{board}-wishes/?key={key}",
    "/boards/{board}-wishes/?order=oldest",
    "/boards/{board}-wishes/?order=own",
    "/boards/{board}-wishes/?select=1",
    "/boards/{board}-wishes/?arrange=1",
    "/boards/{board}-wishes/feed.atom?key={key}",
    "/boards/{board}/edit/",
    "/boards/{board}/delete/",
    "/boards/{board}/people/",
    "/boards/{board}/sections/",
    "/boards/{board}/basket/?key={key}",
    "/boards/{board}/suggestions/",
    "/boards/{board}/history/",
    "/boards/{board}/history/?at={today}",
    "/boards/{board}/gift/",
    "/boards/{board}/gifts/",
    "/pins/{pin}/",
    "/pins/{pin}/?key={key}",
    "/pins/{pin}/edit/",
    "/pins/{pin}/products/",
    "/pins/{pin}/save/",
    "/pins/{pin}/claim/?key={key}",
    "/pins/{other}/",
    "/pins/{pin}/suggest/",
    "/suggestions/",
    "/descriptions/",
    "/settings/import/",
    "/products/{product}/",
    "/shops/{shop}/",
    "/share/?path=/boards/{board}-wishes/",
    "/oembed/?url=/boards/{board}-wishes/",
    "/gifts/",
    "/notifications/",
    "/trash/",
    "/earnings/",
    "/earnings/orders/",
    "/settings/export/",
    "/sitemap.xml",
    "/api/v1/explore",
    "/api/v1/feed",
    "/api/v1/search?q=kettle",
    "/api/v1/people/alice",
    "/api/v1/people/alice/pins",
    "/api/v1/boards/{board}?key={key}",
    "/api/v1/boards/{board}/pins?key={key}",
    "/api/v1/pins/{pin}",
    "/api/v1/pins/{pin}/comments",
    "/api/v1/products/{product}",
    "/api/v1/earnings",
]
WRITES = [  # each is repeated with and without promises; none changes what it says
    ("/boards/{board}/gift/wanted/", {"wanted-{pin}": "1", "wanted-{other}": "1"}),
    ("/boards/{board}/gift/", {"occasion": "Birthday", "reveal_on": "{early}"}),
    ("/pins/{pin}/claim/?key={key}", {"quantity": "1"}),
    ("/pins/{pin}/claim/?key={key}", {"quantity": "9"}),
]
VARIES = {"X-Request-ID", "Set-Cookie"}
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')


@pytest.fixture(autouse=True)
def unhurried():
    cache.clear()


@pytest.fixture
def visibility():
    return "link"


@pytest.fixture
def known(visibility, alice, bob, charlie, rita):
    board = make_board(alice, "Wishes", visibility=visibility)
    set_gift_list(
        board=board,
        by=alice,
        occasion="Birthday",
        reveal_on=timezone.localdate() + timedelta(days=30),
    )
    shop = make_shop()
    make_programme(shop=shop)
    product = make_product(shop, title="A kettle")
    pin = make_pin(board, title="A kettle", product=product)
    other = make_pin(board, title="A lamp")
    thing = make_point(pin, make_product(shop, title="A kettle's lid")).product
    ensure_links(pin=pin)
    for shown in (product, thing):
        ensure_site_link(product=shown)
    set_wanted(board=board, by=alice, wanted={pin.pk: 3})
    for user, role in (
        (bob, Role.OWNER),
        (charlie, Role.EDITOR),
        (rita, Role.VIEWER),
    ):
        BoardMember.objects.create(
            board=board, user=user, role=role, accepted_at=timezone.now()
        )
    return {
        "board": board.pk,
        "row": board,
        "key": board.link_key,
        "pin": pin.pk,
        "other": other.pk,
        "product": product.pk,
        "shop": shop.slug,
        "today": timezone.localdate().isoformat(),
        "early": (timezone.localdate() + timedelta(days=2)).isoformat(),
    }


def ask(client, token, address, fields=None):
    extra = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if "/api/" in address else {}
    send = client.get if fields is None else client.post
    answer = send(address, fields, **extra)
    headers = {k: v for k, v in answer.headers.items() if k not in VARIES}
    return answer.status_code, headers, TOKEN.sub(b"", answer.content)


def filled(text, known):
    return text.format(**known)


def pages_of(client, token, known):
    return {address: ask(client, token, filled(address, known)) for address in PAGES}


def writes_of(client, token, known):
    answers = {}
    for number, (address, fields) in enumerate(WRITES):
        sent = {filled(k, known): filled(v, known) for k, v in fields.items()}
        answers[number, address] = ask(client, token, filled(address, known), sent)
    return answers


def export_of(user):
    job = start_export(by=user)
    while write_slice(job):
        pass
    found = {}
    for part in job.parts.all():
        with ZipFile(default_storage.open(job.path_of(part.number))) as archive:
            found |= {name: archive.read(name) for name in archive.namelist()}
    job.delete()
    return found


def promise_as_guests(known, rita):
    """Two things, of which one is taken back and promised again; and bought. By a
    browser, or by who may look where no others can."""
    guest = Client()
    if known["row"].visibility == "secret":
        guest.force_login(rita)
    pin = filled("/pins/{pin}/claim/?key={key}", known)
    other = filled("/pins/{other}/claim/?key={key}", known)
    promised = {"name": "Aunt Li", "quantity": "2", "shows_name": "on"}
    assert guest.post(pin, promised).status_code == 302
    assert guest.post(other, promised).status_code == 302
    taken = GiftClaim.objects.get(pin=known["other"])
    assert guest.post(f"/gifts/{taken.pk}/take-back/").status_code == 302
    assert guest.post(other, promised).status_code == 302
    page = guest.get("/gifts/").content.decode()
    link = re.search(r"/go/[a-z2-7]{10}/", page)
    before = Click.objects.count()
    assert guest.get(link[0], HTTP_USER_AGENT="Mozilla/5.0").status_code == 302
    assert Click.objects.count() == before + 1
    assert GiftClaim.objects.count() == 2
    return guest


@pytest.mark.parametrize(("filler", "visibility"), FILLERS)
def test_every_answer_is_the_same_with_promises_and_without(
    request, known, filler, rita, time_machine
):
    time_machine.move_to(timezone.now(), tick=False)  # "updated" of an empty feed
    user = request.getfixturevalue(filler)
    client, token = Client(), make_token(user)
    client.force_login(user)
    writes_of(client, token, known)  # what they change, is changed
    packed = export_of(user)
    before = pages_of(client, token, known) | writes_of(client, token, known)
    events = BoardEvent.objects.count(), Notification.objects.count()
    row = type(known["row"]).objects.filter(pk=known["board"]).values().get()
    set_wanted(board=known["row"], by=known["row"].owner, wanted={known["pin"]: 3})
    guest = promise_as_guests(known, rita)
    set_wanted(board=known["row"], by=known["row"].owner, wanted={known["pin"]: 1})
    if COOKIE in guest.cookies:
        # The same browser: somebody promised in it while its owner was signed out.
        client.cookies[COOKIE] = guest.cookies[COOKIE].value
    after = pages_of(client, token, known) | writes_of(client, token, known)
    assert [place for place in before if before[place] != after[place]] == []
    assert before["/boards/{board}-wishes/"][0] == 200
    assert export_of(user) == packed
    assert (BoardEvent.objects.count(), Notification.objects.count()) == events
    assert type(known["row"]).objects.filter(pk=known["board"]).values().get() == row
    assert mail.outbox == []


@pytest.mark.parametrize("filler", ["alice", "bob", "charlie"])
def test_no_page_so_much_as_asks_for_promises(request, known, filler, rita):
    """So no answer can take longer where there are many."""
    promise_as_guests(known, rita)
    user = request.getfixturevalue(filler)
    client, token = Client(), make_token(user)
    client.force_login(user)
    own = {"/gifts/", "/boards/{board}/gifts/"}  # one's own; those of lists revealed
    for address in [place for place in PAGES if place not in own]:
        with CaptureQueriesContext(connection) as asked:
            ask(client, token, filled(address, known))
        told = [query["sql"] for query in asked if "giftclaim" in query["sql"]]
        assert told == [], address


def test_the_admin_has_no_promises_either(known, rosa, rita, settings):
    """Nor lists them before a deletion."""
    settings.STAFF_SECOND_FACTOR = False
    promise_as_guests(known, rita)
    rosa.is_superuser = True
    rosa.save()
    client = Client()
    client.force_login(rosa)
    assert "gift" not in client.get("/admin/").content.decode().lower()
    assert client.get(f"/admin/users/user/{rita.pk}/change/").status_code == 200
    assert client.get(f"/admin/users/user/{rita.pk}/delete/").status_code == 403


def test_guests_are_told_by_the_same_places(known, rita):
    """The matrix above would see a promise, if there was one to see."""
    client = Client()
    client.force_login(rita)
    places = ["/boards/{board}-wishes/?key={key}", "/pins/{pin}/?key={key}"]
    before = [ask(client, "", filled(place, known)) for place in places]
    claim_gift(
        pin=known["row"].pins.get(pk=known["pin"]),
        guest=guest_of_account(rita),
        quantity=1,
        key=known["key"],
    )
    after = [ask(client, "", filled(place, known)) for place in places]
    assert all(old != new for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("filler", ["alice", "bob", "charlie"])
def test_the_private_link_of_a_guest_tells_those_who_fill_the_board_nothing(
    request, known, filler, rita
):
    guest = promise_as_guests(known, rita)
    client = Client()
    client.force_login(request.getfixturevalue(filler))
    page = client.get(f"/gifts/{guest.cookies[COOKIE].value}/").content.decode()
    assert "A kettle" not in page
    assert "Aunt Li" not in page
    for claim in GiftClaim.objects.all():
        sent = {"secret": guest.cookies[COOKIE].value}
        took = client.post(f"/gifts/{claim.pk}/take-back/", sent)
        never = client.post(f"/gifts/{uuid4()}/take-back/", sent)
        assert took.status_code == never.status_code == 404
    assert GiftClaim.objects.count() == 2


def test_a_click_and_its_earnings_are_the_sites(known, rita):
    promise_as_guests(known, rita)
    click = Click.objects.get()
    assert click.beneficiary is None
    assert click.originator is None


def test_who_is_asked_to_edit_later_keeps_their_own_promise_alone(known, bob, rita):
    board = known["row"]
    pin = board.pins.get(pk=known["pin"])
    claim_gift(pin=pin, guest=guest_of_account(rita), quantity=1, key=known["key"])
    claim_gift(pin=pin, guest=guest_of_account(bob), quantity=2, shows_name=True)
    BoardMember.objects.filter(user=rita).update(role=Role.EDITOR)
    set_wanted(board=board, by=board.owner, wanted={pin.pk: 1})
    client = Client()
    client.force_login(rita)
    page = client.get("/gifts/").content.decode()
    assert "A kettle" in page
    assert "are promised" not in page
    assert "bob" not in page
