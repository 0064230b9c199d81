"""A board that is not public, at every address that could name it.

One matrix over site and API: what the owner finds, and nobody else does.
"""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pinboard.actions import social
from pinboard.actions.boards import create_board, edit_board
from pinboard.actions.gift_claims import claim_gift, new_guest
from pinboard.actions.gift_lists import set_gift_list
from pinboard.actions.indexing import index_pin
from pinboard.actions.notifications import notify, unread_count
from pinboard.actions.pictures import refresh_publicity
from pinboard.actions.pins import save_pin
from pinboard.models import AltProposal, Notification, Pin, Suggestion
from pinboard.pictures import storage
from pinboard.pictures.names import original_of
from tests.factories import (
    make_board,
    make_import,
    make_picture,
    make_pin,
    make_point,
    make_product,
    make_shop,
    make_tags,
    make_token,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]

WORD = "zanzibar"  # stands on the hidden board alone
HIDDEN = ["secret", "link"]

# Places that exist for everybody; what is hidden must not be found in them.
LISTS = [
    "/",
    "/explore/",
    "/people/alice/",
    "/people/alice/?tab=pins",
    "/people/alice/?tab=likes",
    "/people/bob/?tab=likes",
    "/people/alice/feed.atom",
    f"/search/?q={WORD}",
    f"/search/?q={WORD}&kind=boards",
    f"/search/?q={WORD[:-1]}p&kind=boards",  # by way of a typo
    f"/search/?q={WORD}&kind=people",
    f"/search/?q={WORD}&kind=products",
    "/search/?q=",
    "/search/?kind=boards",
    "/shops/{shop}/",
    "/shops/{shop}/?tab=pins",
    "/products/{product}/",
    "/products/{pointed}/",  # it stands in the hidden picture alone
    "/tags/",
    f"/tags/?q={WORD[:3]}",
    "/tags/open/",  # which the open pin has as well
    "/tags/open/feed.atom",
    "/oembed/?url=/tags/open/",
    "/search/?q=&tag=open",  # and the tags of what it finds
    "/pins/{neighbour}/",  # of the same product: related pins
    "/boards/{copies}-copies/",  # what was saved from it
    "/notifications/",
    "/settings/import/",
    "/suggestions/",  # what others proposed for one's boards
    "/suggestions/?side=mine",
    "/descriptions/",  # what others said of one's pictures
    "/descriptions/?side=mine",
    "/boards/{own}/suggestions/",
    "/pins/{neighbour}/suggest/",  # boards that take it
    f"/pins/{{neighbour}}/suggest/?q={WORD}",
    "/robots.txt",
    "/api/v1/explore",
    "/api/v1/feed",
    f"/api/v1/search?q={WORD}",
    f"/api/v1/search?q={WORD}&kind=boards",
    f"/api/v1/search?q={WORD}&kind=products",
    f"/api/v1/search?q=&tag={WORD}",
    f"/api/v1/tags?q={WORD[:3]}",
    "/api/v1/tags?q=open",
    "/api/v1/people/alice",
    "/api/v1/people/alice/pins",
    "/api/v1/products/{product}",
    "/api/v1/boards/{copies}/pins",
]
# Places of its own, which must not exist.
PLACES = [
    ("GET", "/pins/{pin}/"),
    ("GET", "/pins/{pin}/?key=xxxxxxxxxxxxxxxxxxxxxx"),
    ("GET", "/boards/{board}-zanzibar/"),
    ("GET", "/boards/{board}/basket/"),
    ("GET", "/boards/{board}/basket/list.txt"),
    ("GET", "/boards/{board}/basket/list.csv"),
    ("GET", "/boards/{board}-other/"),  # no redirect that would tell its name
    ("GET", f"/tags/{WORD}/"),
    ("GET", "/api/v1/pins/{pin}"),
    ("GET", "/api/v1/pins/{pin}/comments"),
    ("GET", "/api/v1/boards/{board}"),
    ("GET", "/api/v1/boards/{board}/pins"),
]
# What only somebody signed in may try.
DEEDS = [
    ("GET", "/pins/{pin}/save/", {}),
    ("POST", "/pins/{pin}/save/", {"board": "{own}"}),
    ("POST", "/pins/{pin}/like/", {}),
    ("POST", "/pins/{pin}/comment/", {"text": "hi"}),
    ("GET", "/pins/{pin}/edit/", {}),
    ("POST", "/pins/{pin}/edit/", {"title": "mine", "board": "{own}"}),
    ("GET", "/pins/{pin}/claim/", {}),
    ("POST", "/pins/{pin}/claim/", {"quantity": "1"}),
    ("POST", "/pins/{pin}/delete/", {}),
    ("POST", "/pins/{pin}/restore/", {}),
    ("POST", "/pins/{pin}/retry/", {}),
    ("POST", "/pins/{pin}/place/", {"way": "first"}),
    ("POST", "/pins/{pin}/cover/", {}),
    ("GET", "/pins/{pin}/products/", {}),
    ("POST", "/pins/{pin}/products/", {"spot": "middle", "product": "{product}"}),
    ("POST", "/points/{point}/move/", {"spot": "middle"}),
    ("POST", "/points/{point}/remove/", {}),
    ("POST", "/points/waiting/{reading}/dismiss/", {}),
    ("GET", "/boards/{board}/edit/", {}),
    ("POST", "/boards/{board}/edit/", {"title": "mine"}),
    ("GET", "/boards/{board}/gift/", {}),
    ("POST", "/boards/{board}/gift/", {"occasion": "mine"}),
    ("POST", "/boards/{board}/gift/wanted/", {"wanted-{pin}": "2"}),
    ("POST", "/boards/{board}/gift/end/", {}),
    ("GET", "/boards/{board}/gifts/", {}),
    ("POST", "/gifts/{claim}/thank/", {}),
    ("POST", "/boards/{board}/delete/", {}),
    ("POST", "/boards/{board}/follow/", {}),
    ("POST", "/boards/{board}/place/", {"way": "first"}),
    ("POST", "/boards/{board}/restore/", {}),
    ("POST", "/boards/{board}/pins/", {"deed": "delete", "all": "on"}),
    ("POST", "/boards/{board}/basket/", {"pin": "{pin}", "quantity-{pin}": "2"}),
    ("POST", "/boards/{board}/basket/budget/", {"amount": "5", "currency": "CNY"}),
    ("GET", "/boards/{board}/sections/", {}),
    ("POST", "/boards/{board}/sections/", {"title": "mine"}),
    ("GET", "/boards/{board}/people/", {}),
    ("POST", "/boards/{board}/people/", {"role": "viewer"}),
    ("GET", "/boards/{board}/join/", {}),
    ("POST", "/boards/{board}/join/", {}),
    ("GET", "/boards/{board}/leave/", {}),
    ("GET", "/boards/{board}/history/", {}),
    ("POST", "/boards/{board}/revert/", {"person": "alice", "since": "2020-01-01"}),
    ("GET", "/settings/import/{import}/", {}),
    ("GET", "/settings/import/{import}/report.csv", {}),
    ("POST", "/settings/import/{import}/", {}),
    ("POST", "/settings/import/{import}/undo/", {}),
    ("POST", "/settings/import/{import}/retry/", {}),
    ("POST", "/settings/import/{import}/rows/1/retry/", {}),
    ("GET", "/pins/{pin}/suggest/", {}),
    ("POST", "/pins/{pin}/suggest/", {"board": "{own}"}),
    ("GET", "/pins/{pin}/describe/", {}),
    ("POST", "/pins/{pin}/describe/", {"text": "hi"}),
    ("POST", "/descriptions/{words}/take/", {"text": "hi"}),
    ("POST", "/descriptions/{words}/decline/", {}),
    ("POST", "/descriptions/{words}/undo/", {}),
    ("GET", "/boards/{board}/suggest/", {}),
    ("POST", "/boards/{board}/suggest/", {"pin": "{mine}"}),
    ("GET", "/boards/{board}/suggestions/", {}),
    ("POST", "/boards/{board}/suggestions/", {"deed": "take", "all": "on"}),
    ("GET", "/comments/{comment}/edit/", {}),
    ("POST", "/comments/{comment}/delete/", {}),
    ("DELETE", "/api/v1/pins/{pin}", None),
    ("PUT", "/api/v1/pins/{pin}/like", None),
    ("DELETE", "/api/v1/pins/{pin}/like", None),
    ("POST", "/api/v1/pins/{pin}/save", {"board": "{own}"}),
    ("POST", "/api/v1/pins/{pin}/comments", {"text": "hi"}),
    ("PUT", "/api/v1/boards/{board}/follow", None),
    ("DELETE", "/api/v1/boards/{board}/follow", None),
]
# Forms that take ids: a foreign one is as wrong as one that never was.
FOREIGN_IDS = [
    ("/pins/{neighbour}/save/", {"board": "{board}"}, "board"),
    ("/pins/{mine}/edit/", {"title": "x", "board": "{board}"}, "board"),
    ("/pins/new/", {"url": "https://a.example/", "board": "{board}"}, "board"),
    ("/pins/{neighbour}/comment/", {"text": "x", "reply_to": "{comment}"}, "reply_to"),
    ("/pins/{neighbour}/suggest/", {"board": "{board}"}, "board"),
    ("/boards/{open}/suggest/", {"pin": "{pin}"}, "pin"),
    ("/api/v1/pins/{neighbour}/save", {"board": "{board}"}, "board"),
    ("/api/v1/pins", {"url": "https://a.example/", "board": "{board}"}, "board"),
    (
        "/api/v1/pins/{neighbour}/comments",
        {"text": "x", "reply_to": "{comment}"},
        "reply_to",
    ),
]


def stored_picture():
    """A ready picture with its files, which no decoder had to make."""
    picture = make_picture(is_public=False)
    for path in (*(r.path for r in picture.renditions), original_of(picture)):
        storage.put(path, b"a file")
    return picture


@pytest.fixture
def known(alice, bob):
    """The hidden board was public for a while: bob followed it, liked and saved its
    pin and commented it. The ids of everything, by what they are."""
    words = {"title": WORD, "description": WORD}
    board = create_board(owner=alice, **words, suggestions="curated")
    shop = make_shop(board=make_board(alice, "Shop"))
    product = make_product(shop)
    picture = stored_picture()
    pin = make_pin(board, picture=picture, product=product, alt=WORD, **words)
    make_tags(pin, WORD.upper(), "open")
    index_pin(pin)
    shown = make_board(alice, "Open", suggestions="curated")
    neighbour = make_pin(shown, product=product, title="Open pin")
    make_tags(neighbour, "open", "sea")
    own = make_board(bob, "Own", suggestions="curated")
    copies = make_board(bob, "Copies")
    mine = make_pin(own, title="Mine")
    point = make_point(pin)
    copy = save_pin(pin=pin, board=copies, by=bob)
    Pin.objects.filter(pk=copy.pk).update(title="Copy", description="", alt="")
    copy.refresh_from_db()
    make_tags(copy)  # what he saved had the word among its tags
    index_pin(copy)
    social.follow_person(person=alice, by=bob)
    social.follow_board(board=board, by=bob)
    for liker in (alice, bob):
        social.like(pin=pin, by=liker)
    social.comment(pin=pin, by=bob, text=f"{WORD} one")
    answered = social.comment(pin=pin, by=alice, text=f"{WORD} two @bob")
    day = timezone.localdate() + timedelta(days=9)
    set_gift_list(board=board, by=alice, occasion=WORD, reveal_on=day)
    claim = claim_gift(pin=pin, guest=new_guest()[0], quantity=1, name=WORD)
    notify(recipient=bob, kind=Notification.Kind.BOARD_FOLLOW, actor=alice, board=board)
    notify(recipient=bob, kind=Notification.Kind.TAKEN, actor=alice, board=board)
    Suggestion.objects.create(pin=mine, board=board, by=bob)
    Suggestion.objects.create(pin=pin, board=own, by=alice)
    said = AltProposal.objects.create(pin=pin, by=bob, text=WORD)
    notify(recipient=bob, kind=Notification.Kind.ALT_TAKEN, actor=alice, pin=pin)
    return {
        "board": board.pk,
        "open": shown.pk,
        "words": said.pk,
        "pin": pin.pk,
        "comment": answered.pk,
        "import": make_import(pin).pk,
        "claim": claim.pk,
        "point": point.pk,
        "reading": pin.point_jobs.create(
            by=alice, url="https://a.example/", x=1, y=1
        ).pk,
        "product": product.pk,
        "pointed": point.product_id,
        "shop": shop.slug,
        "neighbour": neighbour.pk,
        "own": own.pk,
        "mine": mine.pk,
        "copies": copies.pk,
    }


@pytest.fixture(params=HIDDEN)
def hidden(request, known, alice, django_capture_on_commit_callbacks):
    """The ids, after the board was hidden and nobody else shows the picture."""
    pin = Pin.objects.select_related("board", "picture").get(pk=known["pin"])
    Pin.objects.filter(board=known["copies"]).update(picture=make_picture())
    refresh_publicity(pin.picture)
    assert pin.picture.is_public
    with django_capture_on_commit_callbacks(execute=True):
        edit_board(board=pin.board, by=alice, visibility=request.param)
    pin.picture.refresh_from_db()
    return known | {
        "file": f"/media/{pin.picture.renditions[0].path}",
        "preview": f"/media/{pin.picture.link_preview.path}",
        "original": f"/media/{original_of(pin.picture)}",
        "name": pin.picture.name,
    }


class Reader:
    """Asks pages by session and the API by token."""

    def __init__(self, user=None):
        self.client, self.token = Client(), {}
        if user:
            self.client.force_login(user)
            self.token = {"HTTP_AUTHORIZATION": f"Bearer {make_token(user)}"}

    def ask(self, method, address, fields=None):
        ask = getattr(self.client, method.lower())
        if not address.startswith("/api/"):
            return ask(address, fields)
        kind = {} if method == "GET" else {"content_type": "application/json"}
        return ask(address, fields, **kind, **self.token)


@pytest.fixture
def owner(alice):
    return Reader(alice)


@pytest.fixture
def stranger(bob):
    return Reader(bob)


@pytest.fixture(params=["stranger", "signed out"])
def other(request, bob):
    return Reader(bob if request.param == "stranger" else None)


def filled(fields, known):
    return fields and {name: value.format(**known) for name, value in fields.items()}


def signs_in(answer, hidden):
    """What in an answer tells of the board, its pin or its picture."""
    text = answer.content.decode()
    signs = [
        f'data-pin-id="{hidden["pin"]}"',
        f"/pins/{hidden['pin']}/",
        f"/boards/{hidden['board']}-",
        f'"pin": {hidden["pin"]}',
        hidden["name"],
    ]
    if WORD not in answer.request["QUERY_STRING"]:  # a search repeats what was asked
        signs.append(WORD)
    return [sign for sign in signs if sign.lower() in text.lower()]


@pytest.mark.parametrize("address", LISTS)
def test_no_list_tells_others_of_a_hidden_board(other, hidden, address):
    answer = other.ask("GET", address.format(**hidden))
    assert answer.status_code in (200, 302, 401)
    assert signs_in(answer, hidden) == []


@pytest.mark.parametrize(
    "address",
    [
        "/people/alice/",
        "/people/alice/?tab=pins",
        "/people/alice/?tab=likes",
        f"/search/?q={WORD}",
        f"/search/?q={WORD}&kind=boards",
        "/products/{product}/",
        "/tags/",
        f"/tags/?q={WORD[:3]}",
        "/tags/open/",
        "/search/?q=&tag=open",
        f"/api/v1/search?q=&tag={WORD}",
        f"/api/v1/tags?q={WORD[:3]}",
        "/pins/{neighbour}/",
        "/boards/{board}/suggestions/",
        "/suggestions/",
        "/api/v1/people/alice/pins",
        "/api/v1/boards/{copies}/pins",
    ],
)
def test_the_same_lists_tell_their_owner(owner, hidden, address):
    answer = owner.ask("GET", address.format(**hidden))
    assert answer.status_code == 200
    assert signs_in(answer, hidden) != []


@pytest.mark.parametrize(("method", "address"), PLACES)
def test_its_own_places_are_there_for_its_owner_alone(
    owner, other, hidden, method, address
):
    answer = other.ask(method, address.format(**hidden))
    assert answer.status_code == 404
    assert WORD not in answer.content.decode().replace(address.format(**hidden), "")
    assert owner.ask(method, address.format(**hidden)).status_code in (200, 302)


@pytest.mark.parametrize("file", ["file", "preview", "original"])
def test_its_files_are_there_for_its_owner_alone(owner, other, hidden, file):
    private = hidden[file]
    assert private.startswith("/media/private/")
    assert owner.ask("GET", private).status_code == 200
    assert other.ask("GET", private).status_code == 404
    public = private.replace("private/", "")
    assert other.ask("GET", public).status_code == 404


@pytest.mark.parametrize(("method", "address", "fields"), DEEDS)
def test_nothing_can_be_done_with_it(stranger, hidden, method, address, fields):
    answer = stranger.ask(method, address.format(**hidden), filled(fields, hidden))
    assert answer.status_code == 404
    assert WORD not in answer.content.decode()


@pytest.mark.parametrize(("address", "fields", "name"), FOREIGN_IDS)
def test_its_ids_are_as_wrong_as_ids_that_never_were(
    stranger, hidden, address, fields, name
):
    foreign = filled(fields, hidden)
    answers = [
        stranger.ask("POST", address.format(**hidden), form)
        for form in (foreign, foreign | {name: "999999999"})
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    one, other = (errors_of(answer) for answer in answers)
    assert one == other != []


def errors_of(answer):
    if answer.headers["Content-Type"].startswith("application/json"):
        return answer.json()["error"]
    return re.findall(r'class="err error".*?</p>', answer.content.decode(), re.DOTALL)


def test_counts_leave_it_out(owner, other, hidden):
    boards, pins = (r.ask("GET", "/people/alice/").context for r in (owner, other))
    assert boards["person"].board_count - pins["person"].board_count == 1
    assert boards["person"].pin_count - pins["person"].pin_count == 1


def test_the_bell_counts_nothing_of_it(stranger, bob, hidden):
    assert unread_count(bob) == 0
    assert 'class="badge"' not in stranger.ask("GET", "/").content.decode()
