import gzip
import json
import time
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from pinboard.exceptions import PageUnreadable
from pinboard.sources import reading
from pinboard.sources.extract import PageFacts, read_page
from pinboard.sources.fetch import Fetched, fetch_page
from pinboard.sources.reading import facts_of
from tests.loopback import running, sends

URL = "https://shop.example/coats/red"
PAGES = Path(settings.BASE_DIR).parent / "shared" / "data" / "product_pages"
needs_pages = pytest.mark.skipif(
    not PAGES.exists(), reason="the collected pages are not here"
)


def read(body="", *, head="", url=URL, lang="en"):
    page = f"<!doctype html><html lang={lang}><head>{head}</head><body>{body}"
    return read_page(page.encode(), url)


def linked_data(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return f'<script type="application/ld+json">{text}</script>'


def product(**told):
    return {"@context": "https://schema.org", "@type": "Product", "name": "Coat"} | told


def priced(price, currency="EUR", **told):
    return {"@type": "Offer", "price": price, "priceCurrency": currency} | told


def price_of(facts):
    return facts.price, facts.currency


# JSON-LD ------------------------------------------------------------------------------


def test_all_that_json_ld_says_of_a_product_is_taken():
    facts = read(
        head=linked_data(
            product(
                name="Red &amp; warm coat",
                description="Warm.",
                image=["/1.jpg", {"url": "//cdn.example/2.jpg"}],
                brand={"@type": "Brand", "name": "Qiao"},
                sku="RC-1",
                gtin13="4006381333931",
                offers=priced(
                    "199.00", "CNY", availability="http://schema.org/InStock"
                ),
            )
        )
        + '<link rel="canonical" href="/coats/red">'
    )
    assert facts.to_json() == {
        "title": "Red & warm coat",
        "description": "Warm.",
        "images": ["https://shop.example/1.jpg", "https://cdn.example/2.jpg"],
        "price": "199",
        "currency": "CNY",
        "availability": "in_stock",
        "brand": "Qiao",
        "sku": "RC-1",
        "gtin": "4006381333931",
        "canonical": URL,
        "sources": dict.fromkeys(
            [
                *("title", "description", "brand", "sku", "gtin", "images"),
                *("price", "currency", "availability"),
            ],
            "json-ld",
        )
        | {"canonical": "link"},
    }


@pytest.mark.parametrize(
    "offers",
    [
        priced(29.9),
        priced("29.90"),
        priced("29,90 €"),
        [priced("29.90"), priced("39.90")],
        {"@type": "AggregateOffer", "lowPrice": "29.90", "priceCurrency": "EUR"},
        {"@type": "AggregateOffer", "offers": [priced("29.90")]},
        {"priceSpecification": {"price": 29.9, "priceCurrency": "EUR"}},
        {
            "priceSpecification": [
                {"price": 39, "priceCurrency": "EUR", "priceType": "ListPrice"},
                {"price": 29.9, "priceCurrency": "EUR"},
            ]
        },
        [priced("0.00"), priced("29.90")],
    ],
)
def test_an_offer_comes_in_many_shapes(offers):
    facts = read(head=linked_data(product(offers=offers)))
    assert Decimal(facts.price) == Decimal("29.90")
    assert facts.currency == "EUR"


@pytest.mark.parametrize(
    "text",
    [
        '{"@graph": [{"@type": "WebSite"}, %s]}',
        '[{"@type": "BreadcrumbList"}, %s]',
        '{"@type": "ItemPage", "mainEntity": %s}',
        "<!-- %s -->",
        "//<![CDATA[\n%s\n//]]>",
        "%s;",
        '{"@type": "Organization"}{"a": 1} %s',
        '{"x": [1, 2,], "y": %s,}',
        '{"text": "two\nlines\t", "y": %s}',
    ],
)
def test_broken_and_wrapped_json_is_read_all_the_same(text):
    thing = json.dumps(product(offers=priced("5.00")))
    assert read(head=linked_data(text % thing)).price == "5"


def test_escaped_json_is_read():
    thing = json.dumps(product(offers=priced("5.00"))).replace('"', "&quot;")
    assert read(head=linked_data(thing)).price == "5"


def test_the_products_of_a_list_and_related_ones_are_others():
    listed = {"@type": "ItemList", "itemListElement": [product(offers=priced("1"))]}
    related = product(isRelatedTo=[product(name="Hat", offers=priced("2"))])
    facts = read(head=linked_data([listed, related]))
    assert facts.price is None


def test_of_several_products_the_one_in_the_headline_is_meant():
    both = [
        product(name="Hat", offers=priced("5")),
        product(name="Red coat", offers=priced("99")),
    ]
    assert read("<h1>Red coat</h1>", head=linked_data(both)).price == "99"


def test_the_variant_that_the_address_names_is_meant():
    variants = product(
        offers=[priced("10", sku="S"), priced("12", sku="M"), priced("14", sku="L")]
    )
    assert read(head=linked_data(variants), url=f"{URL}?variant=M").price == "12"
    assert read(head=linked_data(variants)).price == "10"


def test_one_size_in_stock_is_enough():
    sizes = [
        priced("10", availability="OutOfStock"),
        priced("10", availability="InStock"),
    ]
    facts = read(head=linked_data(product(offers=sizes)))
    assert facts.availability == "in_stock"


@pytest.mark.parametrize(
    ("price", "currency", "expected"),
    [
        ("24.990", "CLP", "24990"),
        ("19.990", "EUR", "19.990"),
        ("1299", "JPY", "1299"),
        ("1,299.50", "USD", "1299.50"),
    ],
)
def test_a_point_divides_where_the_currency_is_divided(price, currency, expected):
    facts = read(head=linked_data(product(offers=priced(price, currency))))
    assert price_of(facts) == (expected, currency)


def test_a_separator_lost_on_the_way_is_found_on_the_page():
    facts = read(
        '<h1>Coat</h1><p class="price">$24.990</p>',
        head=linked_data(product(offers=priced(24.99, "CLP"))),
    )
    assert price_of(facts) == ("24990", "CLP")


@pytest.mark.parametrize("price", ["0", "0.00", "", None, "call us", "NaN", "9" * 30])
def test_no_price_is_made_up(price):
    assert read(head=linked_data(product(offers=priced(price)))).price is None


# Tags and microdata -------------------------------------------------------------------


def tags(**values):
    return "".join(
        f'<meta property="{name.replace("_", ":")}" content="{value}">'
        for name, value in values.items()
    )


def test_product_tags_are_read():
    facts = read(
        head=tags(
            og_title="Coat | A shop",
            og_image="/coat.jpg",
            og_description="Warm.",
            product_price_amount="29,90",
            product_price_currency="EUR",
            product_availability="out of stock",
            product_brand="Qiao",
        )
    )
    assert price_of(facts) == ("29.90", "EUR")
    assert (facts.title, facts.brand) == ("Coat | A shop", "Qiao")
    assert facts.images == ["https://shop.example/coat.jpg"]
    assert facts.availability == "sold_out"
    assert facts.sources["price"] == "meta"


def test_a_sale_price_comes_before_the_price():
    head = (
        '<meta property="product:price:amount" content="50">'
        '<meta property="product:sale_price:amount" content="40">'
        '<meta property="product:sale_price:currency" content="EUR">'
    )
    assert price_of(read(head=head)) == ("40", "EUR")


def test_microdata_is_read():
    facts = read(
        """<div itemscope itemtype="http://schema.org/Product">
        <h1 itemprop="name">Coat</h1><img itemprop="image" src="/coat.jpg">
        <span itemprop="brand" itemscope><meta itemprop="name" content="Qiao"></span>
        <meta itemprop="sku" content="RC-1">
        <div itemprop="offers" itemscope itemtype="http://schema.org/Offer">
        <span itemprop="price" content="29.90">29 euros</span>
        <meta itemprop="priceCurrency" content="EUR">
        <link itemprop="availability" href="http://schema.org/SoldOut"></div>
        <div itemprop="isRelatedTo" itemscope itemtype="http://schema.org/Product">
        <b itemprop="price">1.00</b></div></div>"""
    )
    assert price_of(facts) == ("29.90", "EUR")
    assert (facts.title, facts.brand, facts.sku) == ("Coat", "Qiao", "RC-1")
    assert facts.availability == "sold_out"
    assert facts.sources["price"] == "microdata"


def test_a_listing_has_no_price_of_its_own():
    item = """<div itemscope itemtype="http://schema.org/Product"><a href="/{0}">
    <b itemprop="name">Hat {0}</b></a><i itemprop="price">{0}.00</i></div>"""
    assert read("".join(item.format(n) for n in (11, 12, 13, 14))).price is None


def test_where_statements_differ_the_visible_price_decides():
    head = linked_data(product(offers=priced("150", "USD"))) + tags(
        product_price_amount="120", product_price_currency="USD"
    )
    shown = '<h1>Coat</h1><div class="price">${}</div>'
    assert read(shown.format("150.00"), head=head).price == "150"
    assert read(shown.format("120.00"), head=head).price == "120"


def test_a_stated_price_that_is_shown_crossed_out_was_the_price():
    facts = read(
        '<h1>Coat</h1><div class="box"><s class="old-price">EUR 219.99</s>'
        '<b class="current">EUR 110.00</b></div>',
        head=linked_data(product(offers=priced("219.99"))),
    )
    assert Decimal(facts.price) == 110


# The page as it is seen ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<h1>Coat</h1><span class="price">€ 29,90</span>', ("29.90", "EUR")),
        ('<h1>Mantel</h1><p id="preis">29,90 €</p>', ("29.90", "EUR")),
        (
            '<h1>Coat</h1><p class="price"><i>$</i><b>29</b><sup>90</sup></p>',
            ("29.90", "USD"),
        ),
        ('<h1>大衣</h1><em class="price">¥1.2万</em>', ("12000", "CNY")),
        ('<h1>大衣</h1><p class="price"><i>￥</i><b>199</b></p>', ("199", "CNY")),
        (
            '<h1>Coat</h1><div class="price"><del>£50.00</del> <ins>£40.00</ins></div>',
            ("40", "GBP"),
        ),
        (
            '<nav><b class="price">$5.00</b></nav>'
            '<h1>Coat</h1><p class="price">$40.00</p>'
            '<div class="related"><b class="price">$7.00</b></div>',
            ("40", "USD"),
        ),
        (
            '<h1>Coat</h1><p class="price">€ 90,00</p><p class="price">3x 30,00 €</p>',
            ("90", "EUR"),
        ),
        ('<h1>Coat</h1><p>Free shipping over $50.00</p>', (None, None)),
        ('<h1>Coat</h1><p>Made in 1995, 100% wool, size 42</p>', (None, None)),
        ('<h1>Coats</h1>' + "".join(
            f'<div class="card"><a href="/{n}"><b class="price">${n}.00</b></a></div>'
            for n in range(20, 40)
        ), (None, None)),
    ],
)  # fmt: skip
def test_without_markup_the_price_is_read_by_sight(body, expected):
    facts = read(body)
    amount = facts.price and Decimal(facts.price)
    assert (amount, facts.currency) == (
        expected[0] and Decimal(expected[0]),
        expected[1],
    )


@pytest.mark.parametrize(
    "script",
    [
        'dataLayer.push({"ecommerce": {"detail": {"products": [{"name": "Coat",'
        '"price": "29.90"}]}}, "currency": "EUR"})',
        "fbq('track', 'ViewContent', {value: 29.90, currency: 'EUR'})",
        'var google_tag_params = {ecomm_totalvalue: 29.90}; var currency = "EUR";',
        'window.state = {"product": {"price": 29.9, "currency": "EUR"}}',
    ],
)
def test_what_the_page_tells_its_scripts_helps_where_nothing_else_does(script):
    facts = read(f"<h1>Coat</h1><script>{script}</script>")
    assert Decimal(facts.price) == Decimal("29.90")
    assert facts.currency == "EUR"
    assert facts.sources["price"] == "script"


def test_scripts_that_speak_of_many_prices_say_nothing():
    script = '<script>x = [{"price": 1.5}, {"price": 2.5}]</script>'
    assert read(f"<h1>Coats</h1>{script}").price is None


@pytest.mark.parametrize(
    ("url", "lang", "code"),
    [
        ("https://shop.example.cl/a", "es", "CLP"),
        ("https://shop.ca/a", "en", "CAD"),
        ("https://shop.example/a", "zh-TW", "TWD"),
        ("https://shop.example/a", "en", "USD"),
        ("https://www.shop.com.au/a", "en", "AUD"),
    ],
)
def test_a_dollar_is_the_countrys_own(url, lang, code):
    facts = read('<h1>Coat</h1><p class="price">$29.90</p>', url=url, lang=lang)
    assert facts.currency == code


# Pictures, words, stock ---------------------------------------------------------------


def test_pictures_are_absolute_without_repeats_and_without_signs_of_the_shop():
    facts = read(
        '<img class="logo" src="/logo.png"><div id="product-gallery">'
        '<img src="/s.jpg" data-zoom-image="/large.jpg" alt="Red coat">'
        '<img srcset="/a,w_100.jpg 100w, /a,w_900.jpg 900w">'
        '<img src="/dot.gif" width="1" height="1">'
        '<img src="data:image/gif;base64,R0"></div>',
        head=tags(
            og_image="//shop.example/og.jpg", og_image_url="http://shop.example/og.jpg"
        )
        + '<base href="https://cdn.example/x/">',
    )
    assert facts.images[0] == "https://shop.example/og.jpg"
    assert facts.images.count("https://shop.example/og.jpg") == 1
    assert "https://cdn.example/large.jpg" in facts.images
    assert "https://cdn.example/a,w_900.jpg" in facts.images
    assert not [url for url in facts.images[:-1] if "logo" in url or "dot" in url]


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "data:image/png;base64,x", "ftp://a.example/a.jpg"),
        *("http://[", "//", "/vector.svg", "x" * 3000, "#top"),
    ],
)
def test_an_address_that_is_none_is_no_picture(address):
    assert read(head=tags(og_image=address)).images == []


def test_words_are_made_fit_to_show():
    facts = read(head=tags(og_title="Red\u202e coat\u200b \x07!" + " x" * 300))
    assert facts.title.startswith("Red coat ! x")
    assert len(facts.title) <= 200


def test_the_heading_that_the_title_repeats_is_the_title():
    facts = read(
        "<h1>15 % off!</h1><h1>Red coat</h1>", head="<title>Red coat - A</title>"
    )
    assert facts.title == "Red coat"


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example/a", "http://[", "javascript:x", ""]
)
def test_another_sites_address_is_not_canonical(address):
    assert read(head=f'<link rel="canonical" href="{address}">').canonical == ""


def test_the_same_site_may_leave_out_the_www():
    head = '<link rel="canonical" href="https://www.shop.example/coats/red">'
    assert read(head=head).canonical == "https://www.shop.example/coats/red"


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ('<p class="price">$5.00</p><button>Add to cart</button>', "in_stock"),
        ('<p class="price">￥5</p><a class="btn">加入购物车</a>', "in_stock"),
        ('<p class="price">$5.00</p><button disabled>Add to cart</button>', "unknown"),
        ('<p class="price">$5.00</p><p class="stock">Sold out</p>', "sold_out"),
        ('<p class="availability">Derzeit nicht verfügbar</p>', "sold_out"),
        ("<p>A text</p>", "unknown"),
    ],
)
def test_a_button_or_a_notice_says_whether_it_can_be_bought(body, state):
    assert read(f"<h1>Coat</h1>{body}").availability == state


# Pages that mean harm -----------------------------------------------------------------

HOSTILE = {
    "nothing": b"",
    "nul": b"<title>a\x00b</title>" + b"\x00" * 5000,
    "lone surrogates": "<title>\ud800</title>".encode("utf-8", "surrogatepass"),
    "escaped surrogates": linked_data('{"@type":"Product","name":"\\ud800"}').encode(),
    "not utf-8": b"<meta charset=gb2312><title>\xba\xec</title>\xff",
    "a codec that is none": b'<meta charset="zip"><title>\xff</title>',
    "deep elements": b"<div>" * 200_000,
    "deep prices": b"<span class=price>$1" * 50_000,
    "deep arrays": linked_data("[" * 200_000).encode(),
    "deep objects": linked_data('{"a":' * 100_000).encode(),
    "many products": linked_data([product(offers=priced("1"))] * 20_000).encode(),
    "many attributes": b"<a " + b" ".join(b"a%d=1" % n for n in range(50_000)) + b">",
    "many prices": b"<p class=price>$12.99</p>" * 50_000,
    "unclosed formatting": b"".join(b"<p><b x=%d></p>" % n for n in range(2000))
    + b"<p>x</p>" * 100_000,
    "a long number": b"<p class=price>" + b"1" * 1_000_000,
    "only starts": b"<" * 1_000_000,
    "half a report": b'"detail":{"products":[{' * 50_000,
    "a broken base": b'<base href="http://["><img src=a.jpg>',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_neither_crashes_nor_hangs(name):
    began = time.process_time()
    facts = read_page(HOSTILE[name], URL)
    assert time.process_time() - began < 4
    text = json.dumps(facts.to_json(), ensure_ascii=False)
    assert "\x00" not in text
    text.encode()


def test_chinese_in_an_old_encoding_is_read():
    page = '<meta charset="gb2312"><title>红色大衣</title>'.encode("gb18030")
    assert read_page(page, URL).title == "红色大衣"


def test_facts_survive_their_way_through_json():
    facts = read(head=linked_data(product(offers=priced("5"))))
    again = PageFacts.from_json(json.loads(json.dumps(facts.to_json() | {"new": 1})))
    assert again == facts


def test_a_page_is_read_in_a_process_of_its_own():
    page = b"<!doctype html><title>A page</title>"
    facts = facts_of(Fetched(URL, "text/html", page))
    assert facts == read_page(page, URL)


def test_a_reader_that_takes_too_much_is_stopped(monkeypatch):
    monkeypatch.setattr(reading, "WALL_CLOCK_S", 0.01)
    with pytest.raises(PageUnreadable):
        facts_of(Fetched(URL, "text/html", b"<title>A page</title>"))


# The command and the collected pages --------------------------------------------------


def test_the_command_prints_the_facts(tmp_path):
    page = tmp_path / "page.html.gz"
    page.write_bytes(gzip.compress(b"<title>Red coat</title>"))
    out = StringIO()
    call_command("read_page", str(page), "--url", URL, stdout=out)
    facts = json.loads(out.getvalue())
    assert list(facts) == [
        *("title", "description", "images", "price", "currency", "availability"),
        *("brand", "sku", "gtin", "canonical", "sources"),
    ]
    assert facts["title"] == "Red coat"
    assert facts["price"] is None


@pytest.mark.parametrize("content", [None, b"\x1f\x8b broken"])
def test_the_command_says_what_it_cannot_read(tmp_path, content):
    page = tmp_path / "page.html.gz"
    if content:
        page.write_bytes(content)
    with pytest.raises(CommandError):
        call_command("read_page", str(page), "--url", URL)


@needs_pages
def test_a_collected_page_is_read_over_the_wire_as_from_the_file(settings):
    expected = json.loads((PAGES / "expected.json").read_text("utf-8"))
    names = ["kids-1k-by-1.html.gz", "zara-com-2.html.gz", "amazon-com-2.html.gz"]
    with running() as site:
        settings.FETCH_ALLOWED_HOSTS = [site.name]
        for name in names:
            content = gzip.decompress((PAGES / name).read_bytes())
            site.pages["/p"] = sends(content, "text/html")
            fetched = fetch_page(f"{site.url}/p")
            assert fetched.content == content
            price = Decimal(read_page(content, expected[name]["url"]).price)
            assert price in map(Decimal, expected[name]["truth"]["price"])


@needs_pages
def test_the_prices_of_the_collected_pages_are_right():
    """A sample, so that the suite stays quick; bench/page_prices.py takes them all."""
    expected = json.loads((PAGES / "expected.json").read_text("utf-8"))
    priced_pages = [name for name in expected if expected[name]["truth"].get("price")]
    sample = priced_pages[::4]
    right = wrong = 0
    for name in sample:
        page = expected[name]
        facts = read_page(gzip.decompress((PAGES / name).read_bytes()), page["url"])
        if facts.price is not None:
            is_right = Decimal(facts.price) in map(Decimal, page["truth"]["price"])
            right, wrong = right + is_right, wrong + (not is_right)
    assert right >= len(sample) * 65 / 86
    assert wrong <= len(sample) * 8 / 86
