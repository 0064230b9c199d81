"""The site in Chinese: nothing forgotten or broken, and the label on every link."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command
from django.utils import translation
from django.utils.translation.template import templatize

from commerce.actions.commissions import approve, sync_commission
from config.field_names import APPS
from config.words import LOCALE, compile_words
from pinboard.templatetags.comments import own_language
from tests.factories import (
    make_board,
    make_click,
    make_line,
    make_link,
    make_pin,
    make_product,
    make_programme,
    tell_line,
)

CATALOGUE = LOCALE / "zh_Hans" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|</?b>")
TWO, CONTEXT_TOO = (1, 2), ((1, "c"), 2)
CALLS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), TWO),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), CONTEXT_TOO),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
SOURCES = (".py", ".html", ".txt")
CHINESE = {"HTTP_ACCEPT_LANGUAGE": "zh-CN,zh;q=0.9,en;q=0.8"}


@pytest.fixture
def catalogue():
    with CATALOGUE.open("rb") as file:
        yield [message for message in read_po(file, abort_invalid=True) if message.id]


@pytest.fixture
def pin(alice):
    product = make_product(title="薄纱半身裙", price_minor=21900)
    return make_pin(make_board(alice, "厦门的夏天"), product=product)


@pytest.fixture
def link(pin):
    return make_link(programme=make_programme(rate_bp=800), pin=pin)


def forms_of(message):
    """What is said in English: one sentence, or one for one and one for many."""
    return message.id if isinstance(message.id, tuple) else (message.id,)


def said_of(message):
    return (
        message.string if isinstance(message.string, tuple | list) else [message.string]
    )


def words_in(path):
    """What makemessages would find in a file, with its context."""
    text = path.read_text()
    if path.suffix != ".py":
        # Python source in the end, but indented as the page was.
        text = "\n".join(line.strip() for line in templatize(text).split("\n"))
    for _line, found, _comments, context in extract(
        "python", io.BytesIO(text.encode()), keywords=CALLS
    ):
        yield context, found if isinstance(found, str) else found[0]


def test_every_word_has_its_chinese(catalogue):
    missing = [m.id for m in catalogue if not all(said_of(m)) or m.fuzzy]
    assert len(catalogue) > 700
    assert missing == []


def test_placeholders_and_tags_are_the_same_in_both(catalogue):
    for message in catalogue:
        wanted = set(PLACEHOLDER.findall(forms_of(message)[-1]))
        for said in said_of(message):
            assert set(PLACEHOLDER.findall(said)) == wanted, message.id


def test_chinese_is_punctuated_as_chinese(catalogue):
    half_width = re.compile(r"[\u4e00-\u9fff][,.!?:;(]|[,!?;)][\u4e00-\u9fff]|['\"]")
    found = [m.string for m in catalogue if half_width.search("".join(said_of(m)))]
    assert found == []


def test_the_catalogue_is_that_of_the_code(catalogue):
    base = Path(settings.BASE_DIR)
    roots = ("commerce", "config", "pinboard", "templates", "users")
    files = [f for root in roots for f in (base / root).rglob("*")]
    used = {w for f in files if f.suffix in SOURCES for w in words_in(f)}
    known = {(message.context, forms_of(message)[0]) for message in catalogue}
    assert sorted(used - known, key=str) == []
    assert sorted(known - used, key=str) == []


def test_scripts_say_everything_in_both_languages():
    source = (Path(settings.BASE_DIR) / "static" / "js" / "words.js").read_text()
    said = re.findall(r'^  (\w+): \["(.+)", "(.+)"\],$', source, re.MULTILINE)
    assert len(said) == source.count(": [")
    assert all(re.search(r"[\u4e00-\u9fff]", chinese) for *_, chinese in said)


def test_every_column_that_the_admin_shows_has_a_chinese_name(db):
    columns = [
        column
        for model in admin.site._registry
        if model._meta.app_label in APPS
        for column in model._meta.fields
    ]
    with translation.override("zh-hans"):
        names = {str(column.verbose_name) for column in columns}
    letters = {"GTIN", "SHA-256"}
    assert {n for n in names if not re.search(r"[\u4e00-\u9fff]", n)} == letters


def test_every_model_that_the_admin_shows_has_a_chinese_name():
    models = [m for m in admin.site._registry if m._meta.app_label in APPS]
    with translation.override("zh-hans"):
        names = {str(m._meta.verbose_name) for m in models}
        names |= {str(m._meta.verbose_name_plural) for m in models}
    assert {n for n in names if not re.search(r"[\u4e00-\u9fff]", n)} == set()


def test_words_are_compiled_only_when_they_are_newer(tmp_path):
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    po = folder / "django.po"
    po.write_bytes(CATALOGUE.read_bytes())

    assert compile_words(tmp_path) == [po]
    assert compile_words(tmp_path) == []
    assert len(list(folder.iterdir())) == 2


def test_compilemessages_is_ours_and_finds_everything_compiled(capsys):
    call_command("compilemessages")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("wish", ["zh-CN", "zh", "zh-Hans", "zh-Hans-CN", "zh-SG"])
def test_a_browser_that_asks_for_chinese_gets_it(client, db, wish):
    answer = client.get("/explore/", HTTP_ACCEPT_LANGUAGE=f"{wish},en;q=0.5")
    assert '<html lang="zh-Hans">' in answer.content.decode()
    assert answer["Content-Language"] == "zh-hans"
    assert "Accept-Language" in answer["Vary"]


def test_the_foot_offers_the_other_language(client, db):
    assert 'data-language="zh-hans"' in client.get("/").content.decode()
    page = client.get("/", **CHINESE).content.decode()
    assert 'data-language="en"' in page
    assert ">English</a>" in page


def test_a_choice_outlives_what_the_browser_asks_for(client, db):
    client.post("/preferences/language/", {"language": "en", "next": "/"}, **CHINESE)
    assert '<html lang="en">' in client.get("/", **CHINESE).content.decode()


def test_the_home_page_labels_its_buy_in_chinese(client, link):
    page = client.get("/", **CHINESE).content.decode()
    assert "购买 ¥219<small>广告</small>" in page
    assert "<span>首页</span>" in page


def test_a_pin_says_in_chinese_who_is_paid(client, pin, link, alice):
    alice.display_name = "美雅"
    alice.save()
    page = client.get(pin.get_absolute_url(), **CHINESE).content.decode()
    assert "购买 · ¥219<small>广告</small>" in page
    assert "店铺支付 8% 佣金，由 Pinboard 与美雅分享。你付的价格不变。" in page


def test_earnings_are_told_in_chinese(client, pin, link, alice):
    click = make_click(link)
    line = make_line(link.programme, click=click, product=pin.product)
    sync_commission(line=line)
    client.force_login(alice)
    page = client.get("/earnings/", **CHINESE).content.decode()
    assert "<h1>收益</h1>" in page
    assert "在途" in page
    assert "On its way" not in page


@pytest.mark.parametrize(
    ("language", "label"), [("en", "commission link"), ("zh-hans", "广告")]
)
@pytest.mark.parametrize("place", ["home", "board", "pin", "product"])
def test_no_earning_link_goes_without_its_label(
    client, pin, link, place, language, label
):
    make_link(programme=link.programme, product=pin.product)
    path = {
        "home": "/",
        "board": pin.board.get_absolute_url(),
        "pin": pin.get_absolute_url(),
        "product": pin.product.get_absolute_url(),
    }[place]
    page = client.get(path, HTTP_ACCEPT_LANGUAGE=language).content.decode()
    anchors = re.findall(r'<a [^>]*?href="/go/.*?</a>', page, re.DOTALL)
    assert anchors
    assert all(f"<small>{label}</small>" in anchor for anchor in anchors)


def test_a_missing_page_is_missing_in_chinese(client, db):
    answer = client.get("/nowhere/", **CHINESE)
    assert answer.status_code == 404
    assert "这枚图钉松了" in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_thousands_are_grouped_by_three(language):
    from django.contrib.humanize.templatetags.humanize import intcomma

    with translation.override(language):
        assert intcomma(96310) == "96,310"


def test_news_are_told_in_the_readers_language_not_in_the_reviewers(
    client, pin, link, alice, rosa
):
    line = make_line(link.programme, click=make_click(link), product=pin.product)
    commission = tell_line(line, status="received")
    with translation.override("zh-hans"):
        approve(commission=commission, by=rosa)
    client.force_login(alice)
    address = "/notifications/"
    assert "is approved." in client.get(address).content.decode()
    assert "已通过审核。" in client.get(address, **CHINESE).content.decode()


@pytest.mark.parametrize(
    ("text", "on_english", "on_chinese"),
    [
        ("Lovely", "", ' lang="en"'),
        ("这件真好看", ' lang="zh-Hans"', ""),
        ("このコート", ' lang="ja"', ' lang="ja"'),
        ("Très élégant", "", ""),
    ],
)
def test_what_people_write_carries_its_own_language(text, on_english, on_chinese):
    with translation.override("en"):
        assert own_language(text) == on_english
    with translation.override("zh-hans"):
        assert own_language(text) == on_chinese
