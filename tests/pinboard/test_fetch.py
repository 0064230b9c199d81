import ipaddress
import ssl
import time

import pytest

from pinboard.exceptions import AddressRefused, PageTooLarge, PageUnreadable
from pinboard.sources import guard
from pinboard.sources.fetch import Deadline, fetch_page, fetch_picture
from pinboard.sources.guard import Target, addresses_for, check_form, is_public
from tests.loopback import drips, redirects, reply, running, sends
from tests.pictures import draw

PAGE = b"<!doctype html><title>A page</title>" + b" " * 100


@pytest.fixture
def site(settings):
    with running() as site:
        settings.FETCH_ALLOWED_HOSTS = [site.name]
        site.pages["/page"] = PAGE
        yield site


@pytest.fixture
def canary():
    """A server on the loopback that no setting allows: nobody may ever reach it."""
    with running() as canary:
        yield canary
        assert canary.connections == 0


def target(host, port=443, scheme="https"):
    return Target(scheme=scheme, host=host, port=port, path="/")


# The form of an address ---------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "//shop.example/",
        "http://",
        "http:///path",
        "http://[",
        "http://[::1",
        "http://shop.example:port/",
        "http://shop.example:99999999999/",
        "http://shop.example:" + "9" * 400 + "/",
        "http://shop.example:-1/",
        "http://shop.example:0/",
        "http://shop.example:22/",
        "http://shop.example:8080/",
        "http://user@shop.example/",
        "http://user:word@shop.example/",
        "http://shop.example@127.0.0.1/",
        "http://@shop.example/",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "gopher://shop.example/",
        "http://shop.example\\@127.0.0.1/",
        "http://shop.example/a b",
        "http://shop.example/\x00",
        "http://shop.example/\r\nHost: inside",
        "http://shop.example/\t",
        "http://shop.example/\ud800",
        "\thttp://shop.example/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://127.0.0.1./",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fe80::1%25eth0]/",
        "http://93.184.216.34/",
        "http://-shop.example/",
        "http://shop..example/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 130 + "example/",
        "http://shop.example/" + "a" * 2000,
        "http://sh_op!.example/",
        "http://%6c%6f%63alhost/",
    ],
)
def test_an_address_of_this_form_is_refused_at_once(url):
    with pytest.raises(AddressRefused):
        check_form(url)


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://shop.example", "shop.example", "/"),
        ("HTTPS://Shop.Example./a?b=c#d", "shop.example", "/a?b=c"),
        ("http://shop.example:80/", "shop.example", "/"),
        ("https://bücher.example/", "xn--bcher-kva.example", "/"),
        ("https://商店.example/包?q=红", "xn--czrs0t.example", None),
        ("https://shop.example/a%2Fb%zz", "shop.example", "/a%2Fb%zz"),
        ("https://my-shop.example/red%20coats", None, "/red%20coats"),
        ("https://7eleven.example/", "7eleven.example", "/"),
    ],
)
def test_an_ordinary_address_is_accepted(url, host, path):
    checked = check_form(url)
    assert checked.path.isascii()
    assert host in (None, checked.host)
    assert path in (None, checked.path)


def test_only_the_very_host_and_port_of_the_setting_are_allowed(settings):
    settings.FETCH_ALLOWED_HOSTS = ["127.0.0.1:8001", "localhost:80"]
    assert check_form("http://127.0.0.1:8001/items/1").port == 8001
    assert check_form("http://localhost/").is_allowed_by_setting
    for other in ("http://127.0.0.1:8002/", "http://127.0.0.1/", "http://127.1:8001/"):
        with pytest.raises(AddressRefused):
            check_form(other)
    assert not check_form("https://localhost/").is_allowed_by_setting


# The addresses behind a name ----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200"),
        *("127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1"),
        *("172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1"),
        *("192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
        *("239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
        *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("::ffff:168.63.129.16", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1"),
        *("2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1"),
        *("fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"),
    ],
)
def test_this_address_leads_inside(text):
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        *("93.184.216.34", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.255.255"),
        *("168.63.129.17", "::ffff:93.184.216.34", "2606:2800:220:1::1", "2a00::1"),
    ],
)
def test_this_address_is_of_the_public_internet(text):
    assert is_public(ipaddress.ip_address(text))


def answers(monkeypatch, *addresses):
    """What DNS says: the outside world, which no test may ask."""

    def getaddrinfo(*_, **__):
        return [(0, 0, 0, "", (address, 443)) for address in addresses]

    monkeypatch.setattr(guard.socket, "getaddrinfo", getaddrinfo)


def test_one_private_answer_spoils_a_name(monkeypatch):
    answers(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(AddressRefused):
        addresses_for(target("shop.example"))


def test_a_name_with_public_answers_is_good(monkeypatch):
    answers(monkeypatch, "93.184.216.34", "2606:2800:220:1::1", "93.184.216.34")
    found = addresses_for(target("shop.example"))
    assert found == ["93.184.216.34", "2606:2800:220:1::1"]


def test_a_scoped_answer_is_refused(monkeypatch):
    answers(monkeypatch, "fe80::1%eth0")
    with pytest.raises(AddressRefused):
        addresses_for(target("shop.example"))


def test_localhost_by_name_is_refused():
    with pytest.raises(AddressRefused):
        addresses_for(target("localhost"))


def test_a_name_that_nobody_has_is_refused():
    with pytest.raises(AddressRefused):
        addresses_for(target("no-such-host.invalid"))


def test_a_look_up_without_an_end_is_given_up(monkeypatch):
    def getaddrinfo(*_, **__):
        time.sleep(1)
        return []

    monkeypatch.setattr(guard.socket, "getaddrinfo", getaddrinfo)
    began = time.monotonic()
    with pytest.raises(AddressRefused):
        addresses_for(target("shop.example"), wait_s=0.05)
    assert time.monotonic() - began < 0.5


def test_a_name_is_looked_up_once_a_hop(monkeypatch, site):
    """So no second answer can lead elsewhere than the one that was checked."""
    asked = []
    real = guard.socket.getaddrinfo

    def getaddrinfo(host, *rest, **named):
        asked.append(host)
        return real("127.0.0.1" if host == "shop.example" else host, *rest, **named)

    port = int(site.name.rpartition(":")[2])
    monkeypatch.setattr(guard.socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(guard.settings, "FETCH_ALLOWED_HOSTS", [f"shop.example:{port}"])
    fetch_page(f"http://shop.example:{port}/page")
    assert asked.count("shop.example") == 1
    # The connection itself goes to the address, with the name in its headers.
    assert set(asked) == {"shop.example", "127.0.0.1"}
    assert site.requests[0][1]["Host"] == f"shop.example:{port}"


# The download -------------------------------------------------------------------------


def test_a_page_comes_with_its_kind(site):
    page = fetch_page(f"{site.url}/page#part")
    assert (page.url, page.media_type) == (f"{site.url}/page", "text/html")
    assert page.content == PAGE
    headers = site.requests[0][1]
    assert headers["Accept-Encoding"] == "identity"
    assert "Cookie" not in headers


def test_a_picture_comes_by_both_doors(site):
    site.pages["/a.jpg"] = draw(64, 64)
    assert fetch_page(f"{site.url}/a.jpg").is_picture
    assert fetch_picture(f"{site.url}/a.jpg").media_type == "image/jpeg"


def test_a_page_is_no_picture(site):
    with pytest.raises(PageUnreadable):
        fetch_picture(f"{site.url}/page")


def test_what_a_server_does_not_name_is_looked_at(site):
    site.pages["/a"] = sends(draw(64, 64), "application/octet-stream")
    assert fetch_picture(f"{site.url}/a").is_picture


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7" + b" " * 100, "application/pdf"),
        (b'{"a": 1}' + b" " * 100, "application/json"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>" + b" " * 100, "image/svg+xml"),
        (b"MZ" + b"\0" * 100, "application/octet-stream"),
        (b"text only" * 20, "text/plain"),
        (b"", "text/plain"),
    ],
)
def test_other_kinds_are_no_pages(site, content, kind):
    site.pages["/x"] = sends(content, kind)
    with pytest.raises(PageUnreadable):
        fetch_page(f"{site.url}/x")


@pytest.mark.parametrize("status", [201, 204, 206, 401, 403, 418, 429])
def test_an_answer_that_is_no_page_is_named(site, status):
    site.pages["/x"] = sends(PAGE, status=status)
    with pytest.raises(PageUnreadable):
        fetch_page(f"{site.url}/x")


@pytest.mark.parametrize("status", [404, 410, 500, 503])
def test_a_dead_page_is_like_no_page_at_all(site, status):
    site.pages["/x"] = sends(PAGE, status=status)
    with pytest.raises(AddressRefused):
        fetch_page(f"{site.url}/x")


def test_nothing_is_unpacked(site):
    """Identity was asked for; what comes packed anyway may be a bomb."""
    site.pages["/bomb"] = sends(PAGE, "text/html", Content_Encoding="gzip")
    with pytest.raises(PageUnreadable):
        fetch_page(f"{site.url}/bomb")


def test_a_page_over_four_megabytes_is_too_large(site):
    site.pages["/x"] = sends(b"<html>" + b"x" * (4 * 1024 * 1024), "text/html")
    with pytest.raises(PageTooLarge):
        fetch_page(f"{site.url}/x")


def test_a_page_just_under_four_megabytes_is_read(site):
    site.pages["/x"] = sends(b"<html>" + b"x" * (4 * 1024 * 1024 - 6), "text/html")
    assert len(fetch_page(f"{site.url}/x").content) == 4 * 1024 * 1024


def test_an_endless_picture_is_cut_at_twelve_megabytes(site):
    sent = 0

    def endless(handler):
        nonlocal sent
        reply(handler, b"\xff\xd8\xff" + b"x" * 61, "image/jpeg")
        try:
            for _ in range(400):
                handler.wfile.write(b"x" * 100_000)
                sent += 100_000
                # Else megabytes wait in the kernel, sent and never taken.
                time.sleep(0.005)
        except OSError:
            handler.server.was_hung_up_on.set()

    site.pages["/x"] = endless
    with pytest.raises(PageTooLarge):
        fetch_picture(f"{site.url}/x")
    assert site.was_hung_up_on.wait(5)
    assert sent < 20_000_000


def test_a_length_that_lies_is_not_believed(site):
    site.pages["/x"] = sends(PAGE, "text/html", Content_Length="99999999999999")
    with pytest.raises((AddressRefused, PageTooLarge)):
        fetch_page(f"{site.url}/x", deadline=Deadline(0.5))


def test_headers_without_an_end_are_given_up(site):
    def endless(handler):
        handler.send_response(200)
        for number in range(3000):
            handler.send_header(f"X-{number}", "x" * 200)
        handler.end_headers()

    site.pages["/x"] = endless
    with pytest.raises((AddressRefused, PageTooLarge)):
        fetch_page(f"{site.url}/x")


def test_what_is_not_http_is_dead(site):
    site.pages["/x"] = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    with pytest.raises(AddressRefused):
        fetch_page(f"{site.url}/x")


def test_a_server_that_drips_is_hung_up_on_at_the_deadline(site):
    site.pages["/x"] = drips
    began = time.monotonic()
    with pytest.raises(AddressRefused):
        fetch_page(f"{site.url}/x", deadline=Deadline(0.4))
    assert time.monotonic() - began < 1.5
    assert site.was_hung_up_on.wait(3)


def test_the_deadline_is_one_for_all_redirects(site):
    def slowly_on(handler):
        time.sleep(0.2)
        reply(handler, b"", "text/html", 302, Location="/next")

    site.pages["/x"] = slowly_on
    site.pages["/next"] = drips
    began = time.monotonic()
    with pytest.raises(AddressRefused):
        fetch_page(f"{site.url}/x", deadline=Deadline(0.5))
    assert time.monotonic() - began < 1.5


def test_a_port_where_nobody_listens_is_dead(site, settings):
    settings.FETCH_ALLOWED_HOSTS = ["127.0.0.1:9"]
    with pytest.raises(AddressRefused):
        fetch_page("http://127.0.0.1:9/")


def test_a_server_without_tls_is_dead_behind_https(site):
    with pytest.raises(AddressRefused):
        fetch_page(f"https://{site.name}/page", deadline=Deadline(1))


def test_certificates_are_checked():
    from pinboard.sources.fetch import _trust

    assert _trust().verify_mode == ssl.CERT_REQUIRED
    assert _trust().check_hostname


# Redirects ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(site, status):
    site.pages["/a"] = redirects("/page", status)
    assert fetch_page(f"{site.url}/a").url == f"{site.url}/page"


def test_three_redirects_are_enough(site):
    site.pages |= {f"/{n}": redirects(f"/{n + 1}") for n in range(4)} | {"/4": PAGE}
    assert fetch_page(f"{site.url}/1").content == PAGE
    with pytest.raises(AddressRefused):
        fetch_page(f"{site.url}/0")


def test_a_redirect_without_an_end_ends(site):
    site.pages["/x"] = redirects("/x")
    with pytest.raises(AddressRefused):
        fetch_page(f"{site.url}/x")
    assert len(site.requests) == 4


def test_a_redirect_that_leads_inside_is_not_followed(site, canary):
    port = canary.name.rpartition(":")[2]
    for to in (
        f"http://{canary.name}/",
        f"//{canary.name}/",
        f"http://localhost:{port}/",
        f"http://2130706433:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://user@{canary.name}/",
        f"ftp://{canary.name}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[",
        "file:///etc/passwd",
        "http://localhost/",
    ):
        site.pages["/x"] = redirects(to)
        with pytest.raises(AddressRefused):
            fetch_page(f"{site.url}/x")


def test_no_redirect_leaves_https_for_http(monkeypatch):
    from pinboard.sources import fetch

    hops = []

    def ask(where, *_):
        hops.append(where.url)
        return "http://shop.example/plain"

    monkeypatch.setattr(fetch, "_ask", ask)
    with pytest.raises(AddressRefused):
        fetch_page("https://shop.example/")
    assert hops == ["https://shop.example/"]


def test_forbidden_addresses_reach_nobody(canary):
    port = canary.name.rpartition(":")[2]
    for host in (
        *("127.0.0.1", "localhost", "2130706433", "0x7f.1", "017700000001"),
        *("127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"),
    ):
        for url in (f"http://{host}:{port}/", f"https://{host}:{port}/"):
            with pytest.raises(AddressRefused):
                fetch_page(url)
            with pytest.raises(AddressRefused):
                fetch_picture(url)
