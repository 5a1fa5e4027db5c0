"""Photos behind urls: only public addresses, each checked and then used, and bounds on everything."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.addresses import is_public
from serving.fetch import Fetcher, FetchError, FetchRefused, FetchTimeout, FetchTooLarge, system_resolver
from tests.contract import kit
from tests.contract.web import Site

PHOTO = b"\xff\xd8\xff" + bytes(1000)


@pytest.fixture
def fetcher(site: Site) -> Fetcher:
    return kit.local_fetcher({site.host: "127.0.0.1", "other.example": "127.0.0.1", "inside.example": "10.1.2.3"})


# ---- addresses


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1",
        "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1",
        "172.31.255.255", "192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "100::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::", "3fff::1", "4000::1",
        "2600::5efe:10.0.0.1", "2600::200:5efe:192.168.0.1", "2606:4700::1111%1",
        "", "localhost", "0177.0.0.1", "2130706433", "0x7f.1", "127.1", "8.8.8.8/32",
    ],
)  # fmt: skip
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255",
     "2606:4700::1111", "2a00:1450:4001::1", "2400:3200::1"],
)  # fmt: skip
def test_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address: object) -> None:
    assert not (is_public(str(address)) and not address.is_global)  # type: ignore[attr-defined]


# ---- urls


@pytest.mark.parametrize(
    "url",
    [
        "", "photos.example/a.jpg", "/a.jpg", "//photos.example/a.jpg", "http:///a.jpg", "http://", "http://:80/",
        "ftp://photos.example/a", "file:///etc/passwd", "gopher://photos.example/", "data:image/png;base64,AAAA",
        "http://user@photos.example/", "http://user:word@photos.example/", "http://@photos.example/",
        "http://photos.example:0/", "http://photos.example:99999/", "http://photos.example:x/",
        "http://photos .example/", "http://photos.example:-1/",
        "http://photos.example/\t", "http://photos.example/\r\nX: y",
        "http://photos.example\\@inside.example/", "http://photos.example/\x00", "http://photos%2eexample/",
        "http://[::1/", "http://[photos]/", "http://[fe80::1%25eth0]/", "http://[v1.x]/",
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://017700000001/", "http://127.1/",
        "http://127.0.0.1.nip/" + "a" * 8192, "http://0/", "http://1.2.3/", "http://1.2.3.4.5/", "http://08.8.8.8/",
        "http://-bad.example/", "http://a..b/", "http://" + "a" * 64 + ".example/", "http://exa$mple/",
        "http://\u3002/", "http://\u2488\u2488.example/",
    ],
)  # fmt: skip
def test_urls_that_are_refused_unresolved(url: str) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise AssertionError("asked for a name")

    with pytest.raises(FetchRefused):
        Fetcher(resolver=resolver).fetch(url, 100)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.0.0.1:8080/", "https://10.0.0.1/", "http://169.254.169.254/latest/meta-data/",
        "http://100.100.100.200/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/", "http://[fd00:ec2::254]/", "http://localhost/", "http://localhost./",
        "http://LOCALHOST/", "http://\uff11\uff12\uff17.0.0.1/",
    ],
)  # fmt: skip
def test_inner_addresses_are_refused_by_the_real_resolver(url: str) -> None:
    with pytest.raises(FetchError):
        Fetcher(seconds=5).fetch(url, 100)


@pytest.mark.parametrize("port", [22, 25, 6379, 9200, 11211])
def test_ports_that_are_not_the_webs(port: int) -> None:
    with pytest.raises(FetchRefused, match="port"):
        Fetcher(resolver=lambda host, port: ["8.8.8.8"]).fetch(f"http://photos.example:{port}/", 100)


def test_one_inner_address_among_public_ones_is_enough() -> None:
    with pytest.raises(FetchRefused, match="public"):
        Fetcher(resolver=lambda host, port: ["8.8.8.8", "10.0.0.1"]).fetch("http://photos.example/", 100)


def test_the_address_that_was_checked_is_the_one_that_is_used(site: Site) -> None:
    """A name that changes between check and use: it is asked for once."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    asked = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    local = kit.local_fetcher({})
    made = Fetcher(seconds=2, resolver=resolver, public=local.public, ports=local.ports)
    assert made.fetch(site.put("/a.jpg", PHOTO), 2000) == PHOTO
    assert asked == [site.host]


def test_an_address_that_does_not_answer_is_followed_by_the_next(site: Site) -> None:
    local = kit.local_fetcher({})
    addresses = ["::1", "127.0.0.1"]  # nobody listens on the first
    made = Fetcher(seconds=2, resolver=lambda host, port: addresses, public=lambda address: True, ports=local.ports)
    assert made.fetch(site.put("/a.jpg", PHOTO), 2000) == PHOTO
    addresses.pop()
    with pytest.raises(FetchError, match="the connection failed"):
        made.fetch(site.url("/a.jpg"), 2000)


def test_the_system_resolver() -> None:
    assert "127.0.0.1" in system_resolver("127.0.0.1", 80)
    with pytest.raises(socket.gaierror):
        system_resolver("no-such-name.invalid", 80)


# ---- fetching


def test_a_photo(site: Site, fetcher: Fetcher) -> None:
    assert fetcher.fetch(site.put("/a/b.jpg?x=1&y=%20", PHOTO), 2000) == PHOTO
    head = site.seen[0].split("\r\n")
    assert head[0] == "GET /a/b.jpg?x=1&y=%20 HTTP/1.1"
    assert f"Host: {site.host}:{site.port}" in head
    assert "Accept-Encoding: identity" in head
    assert not any(line.lower().startswith(("cookie", "authorization", "referer")) for line in head)


def test_letters_beyond_ascii_are_escaped(site: Site, fetcher: Fetcher) -> None:
    site.put("/%E7%85%A7.jpg?q=%E7%85%A7", PHOTO)
    assert fetcher.fetch(site.url("/照.jpg?q=照"), 2000) == PHOTO


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("/p.jpg?imageMogr2/auto-orient|imageView2/2", "/p.jpg?imageMogr2/auto-orient%7CimageView2/2"),
        ('/a b/{c}^`"<d>.jpg', "/a%20b/%7Bc%7D%5E%60%22%3Cd%3E.jpg"),
        ("/" + "a" * 8000, "/" + "a" * 8000),
    ],
)
def test_signs_that_should_have_been_escaped(site: Site, fetcher: Fetcher, written: str, sent: str) -> None:
    site.put(sent, PHOTO)
    assert fetcher.fetch(site.url(written), 2000) == PHOTO


def test_proxies_of_the_environment_are_ignored(site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetcher.fetch(site.put("/a.jpg", PHOTO), 2000) == PHOTO


def test_chunked_bodies(site: Site, fetcher: Fetcher) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    url = site.script("/c", lambda link: link.sendall(head + b"3e8\r\n" + bytes(1000) + b"\r\n0\r\n\r\n"))
    assert fetcher.fetch(url, 1000) == bytes(1000)
    with pytest.raises(FetchTooLarge):
        fetcher.fetch(url, 999)


def test_a_body_without_a_length(site: Site, fetcher: Fetcher) -> None:
    url = site.script("/c", lambda link: link.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + bytes(1000)))
    assert fetcher.fetch(url, 1000) == bytes(1000)
    with pytest.raises(FetchTooLarge):
        fetcher.fetch(url, 999)


def test_the_cap_on_bytes_is_exact(site: Site, fetcher: Fetcher) -> None:
    url = site.put("/a.jpg", PHOTO)
    assert fetcher.fetch(url, len(PHOTO)) == PHOTO
    with pytest.raises(FetchTooLarge):
        fetcher.fetch(url, len(PHOTO) - 1)


def test_an_endless_body_ends_at_the_cap(site: Site, fetcher: Fetcher) -> None:
    def endless(link: socket.socket) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not site.closing(0):
            link.sendall(bytes(65536))

    started = time.monotonic()
    with pytest.raises(FetchTooLarge):
        fetcher.fetch(site.script("/endless", endless), 100_000)
    assert time.monotonic() - started < 2


def drip(site: Site, first: bytes, more: bytes) -> Callable[[socket.socket], None]:
    def answer(link: socket.socket) -> None:
        link.sendall(first)
        while not site.closing(0.05):
            link.sendall(more)

    return answer


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (b"", b""),
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"b"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "status", "headers", "one-header", "body", "chunks", "continue"],
)
def test_a_slow_server_is_left_at_the_deadline(site: Site, first: bytes, more: bytes) -> None:
    local = kit.local_fetcher({site.host: "127.0.0.1"})
    made = Fetcher(seconds=0.5, resolver=local.resolver, public=local.public, ports=local.ports)
    started = time.monotonic()
    with pytest.raises(FetchTimeout):
        made.fetch(site.script("/slow", drip(site, first, more)), 2000)
    assert 0.4 < time.monotonic() - started < 1.5


def test_a_slow_resolver_is_left_at_the_deadline() -> None:
    def resolver(host: str, port: int) -> list[str]:
        time.sleep(1)
        return ["8.8.8.8"]

    started = time.monotonic()
    with pytest.raises(FetchTimeout):
        Fetcher(seconds=0.3, resolver=resolver).fetch("http://photos.example/", 100)
    assert time.monotonic() - started < 0.9


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n", b"gone"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n", b""),
        (b"HTTP/1.1 204 No Content\r\n", b""),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n", b"part"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n", gzip.compress(b"")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n", b"cut short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", b"zz\r\n"),
        (b"nonsense\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n", b""),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200, b""),
    ],
    ids=["404", "500", "204", "206", "gzip", "cut", "chunks", "nonsense", "long-header", "many-headers"],
)
def test_answers_that_are_no_photo(site: Site, fetcher: Fetcher, head: bytes, body: bytes) -> None:
    url = site.script("/a", lambda link: link.sendall(head + b"\r\n" + body))
    with pytest.raises(FetchError) as found:
        fetcher.fetch(url, 2000)
    assert site.host not in str(found.value)


def test_a_gzip_bomb_is_not_opened(site: Site, fetcher: Fetcher) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(FetchError, match="coding"):
        fetcher.fetch(site.put("/bomb", bomb, "Content-Encoding: gzip\r\n"), 10**6)
    assert fetcher.fetch(site.put("/as-it-is", bomb), 10**6) == bomb


# ---- redirects


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirects_are_followed(site: Site, fetcher: Fetcher, status: str) -> None:
    site.put("/b.jpg", PHOTO)
    assert fetcher.fetch(site.redirect("/a.jpg", "/b.jpg", status), 2000) == PHOTO
    assert fetcher.fetch(site.redirect("/x/a.jpg", "../b.jpg", status), 2000) == PHOTO
    elsewhere = f"http://other.example:{site.port}/b.jpg"
    assert fetcher.fetch(site.redirect("/c.jpg", elsewhere, status), 2000) == PHOTO
    assert f"Host: other.example:{site.port}" in site.seen[-1]


@pytest.mark.parametrize("to", ["/面.jpg", "/%E9%9D%A2.jpg", "/a b|c.jpg "])
def test_redirects_are_read_as_they_were_meant(site: Site, fetcher: Fetcher, to: str) -> None:
    site.put("/%E9%9D%A2.jpg", PHOTO)
    site.put("/a%20b%7Cc.jpg", PHOTO)
    assert fetcher.fetch(site.redirect("/a.jpg", to), 2000) == PHOTO


@pytest.mark.parametrize(
    "to",
    ["http://inside.example/", "http://127.0.0.2/", "http://169.254.169.254/", "http://[::1]/", "file:///etc/passwd",
     "ftp://photos.example/",
     "http://user@photos.example/", "http://2130706433/", "\\\\inside.example\\a", "//10.0.0.1/"],
)  # fmt: skip
def test_redirects_into_the_inside_are_refused(site: Site, fetcher: Fetcher, to: str) -> None:
    with pytest.raises(FetchRefused):
        fetcher.fetch(site.redirect("/a.jpg", to), 2000)
    assert len(site.seen) == 1


def test_redirects_have_an_end(site: Site, fetcher: Fetcher) -> None:
    for at in range(10):
        site.redirect(f"/{at}", f"/{at + 1}")
    site.put("/4", PHOTO)
    assert fetcher.fetch(site.url("/1"), 2000) == PHOTO
    site.redirect("/4", "/5")
    with pytest.raises(FetchRefused, match="many"):
        fetcher.fetch(site.url("/1"), 2000)
    with pytest.raises(FetchError):
        fetcher.fetch(site.put("/nowhere", b"", "", "302 Found"), 2000)


# ---- https


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for photos.example that is its own authority."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "photos.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("photos.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "site.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure_site(authority: Path) -> Iterator[Site]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    made = Site(tls=context)
    yield made
    made.close()


def secure_fetcher(authority: Path | None) -> Fetcher:
    names = {"photos.example": "127.0.0.1", "other.example": "127.0.0.1"}
    local = kit.local_fetcher(names)
    return Fetcher(
        seconds=2,
        resolver=local.resolver,
        public=local.public,
        ports=local.ports,
        tls=lambda: ssl.create_default_context(cafile=authority),
    )


def test_https(secure_site: Site, authority: Path) -> None:
    assert secure_fetcher(authority).fetch(secure_site.put("/a.jpg", PHOTO), 2000) == PHOTO


def test_a_certificate_for_another_name(secure_site: Site, authority: Path) -> None:
    secure_site.put("/a.jpg", PHOTO)
    with pytest.raises(FetchError, match="SSLCertVerificationError"):
        secure_fetcher(authority).fetch(secure_site.url("/a.jpg").replace("photos.", "other."), 2000)


def test_a_certificate_that_nobody_vouches_for(secure_site: Site) -> None:
    with pytest.raises(FetchError, match="SSLCertVerificationError"):
        secure_fetcher(None).fetch(secure_site.put("/a.jpg", PHOTO), 2000)


def test_a_redirect_out_of_https_is_refused(secure_site: Site, authority: Path) -> None:
    url = secure_site.redirect("/a.jpg", "http://photos.example/a.jpg")
    with pytest.raises(FetchRefused, match="leaves https"):
        secure_fetcher(authority).fetch(url, 2000)


def test_a_redirect_within_https_is_followed(secure_site: Site, authority: Path) -> None:
    url = secure_site.redirect("/a.jpg", secure_site.put("/b.jpg", PHOTO))
    assert secure_fetcher(authority).fetch(url, 2000) == PHOTO
