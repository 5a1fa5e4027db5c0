"""Fetches a photo from a url that a stranger wrote.

The host is resolved once, every address it has must be public, and the connection goes to one of the addresses that
were checked, so a name that changes between check and use changes nothing. The TLS name and the Host header stay the
url's. Redirects are few and each is checked like the first url. Bytes and total time are capped, the body is taken as
it is (no content coding is undone), and proxies of the environment are ignored.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from gatekeeper.within import within
from serving.addresses import is_public

Resolver = Callable[[str, int], Sequence[str]]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_URL = 8192  # signed urls with a session's token are long
_MAX_ADDRESSES = 3
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
_NUMERIC_LABEL = re.compile(r"(0x[0-9a-f]*|[0-9]+)")


class FetchError(Exception):
    """The photo could not be fetched. The text names the reason and never the url."""


class FetchRefused(FetchError):
    """The url is malformed or leads where this service does not go."""


class FetchTooLarge(FetchError):
    """The body is longer than the cap."""


class FetchTimeout(FetchError):
    """The total time ran out."""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver gives for a host, without repeats.

    Raises:
        OSError: The name does not resolve.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def default_tls() -> ssl.SSLContext:
    """The TLS settings used when none are given: the system's authorities, names checked."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Fetcher:
    """How to fetch.

    Attributes:
        seconds: Cap on the whole of resolving, connecting, redirects and reading.
        redirects: How many redirects are followed.
        ports: The ports that may be connected to.
        resolver: Gives the addresses of (host, port); replaced in tests.
        public: Whether an address may be connected to; replaced in tests that serve on the loopback range.
        tls: Makes the TLS settings of an https connection.
    """

    seconds: float = 6.0
    redirects: int = 3
    ports: frozenset[int] = frozenset({80, 443, 8080, 8443})
    resolver: Resolver = system_resolver
    public: Callable[[str], bool] = is_public
    tls: Callable[[], ssl.SSLContext] = default_tls

    def fetch(self, url: str, max_bytes: int) -> bytes:
        """Fetches the body behind a url.

        Args:
            url: An http or https url with no credentials in it.
            max_bytes: The longest body to accept.

        Raises:
            FetchRefused: The url, or a redirect's, is malformed or not public.
            FetchTooLarge: The body is longer than `max_bytes`.
            FetchTimeout: The total time ran out.
            FetchError: Any other failure: the name does not resolve, the server answers with an error.
        """
        deadline = time.monotonic() + self.seconds
        target = _parse(url)
        for _ in range(self.redirects + 1):
            try:
                found = self._get(target, max_bytes, deadline)
            except TimeoutError:
                raise FetchTimeout("the time ran out") from None
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise FetchError(f"the connection failed: {type(error).__name__}") from None
            if isinstance(found, bytes):
                return found
            following = _parse(urljoin(target.geturl(), found))
            if target.scheme == "https" and following.scheme != "https":
                raise FetchRefused("a redirect leaves https")
            target = following
        raise FetchRefused("too many redirects")

    def _get(self, url: SplitResult, max_bytes: int, deadline: float) -> bytes | str:
        """One exchange: the body, or the text of a redirect's Location."""
        host = url.hostname or ""
        port = url.port or _DEFAULT_PORTS[url.scheme]
        if port not in self.ports:
            raise FetchRefused("the port is not served")
        sock = self._connect(host, port, deadline)
        try:
            if url.scheme == "https":
                sock.settimeout(_left(deadline))
                sock = self.tls().wrap_socket(sock, server_hostname=host.rstrip("."))
            connection = http.client.HTTPConnection(url.netloc)
            connection.sock = _TimedSocket(sock, deadline)
            path = quote(url.path or "/", safe="/%:@!$&'()*+,;=~-._")
            query = f"?{quote(url.query, safe='/%:@!$&()*+,;=~-._?')}" if url.query else ""
            headers = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "facegate"}
            connection.request("GET", path + query, headers=headers)
            return _read(connection.getresponse(), max_bytes)
        finally:
            sock.close()

    def _connect(self, host: str, port: int, deadline: float) -> socket.socket:
        addresses = within(_left(deadline), lambda: self.resolver(host, port), "resolve")
        if not addresses or not all(self.public(address) for address in addresses):
            raise FetchRefused("the host is not on the public internet")
        failure: OSError = ConnectionError("no address")
        for address in addresses[:_MAX_ADDRESSES]:
            try:
                return socket.create_connection((address, port), timeout=_left(deadline))
            except TimeoutError:
                raise
            except OSError as error:
                failure = error
        raise failure


def _read(response: http.client.HTTPResponse, max_bytes: int) -> bytes | str:
    if response.status in _REDIRECTS:
        return _text(response.getheader("Location") or "")
    if response.status != 200:
        raise FetchError(f"the server answered {response.status}")
    if response.getheader("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise FetchError("the body has a content coding")
    if response.length is not None and response.length > max_bytes:
        raise FetchTooLarge("the body is too long")
    body = response.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise FetchTooLarge("the body is too long")
    if response.length:
        raise FetchError("the body is cut short")
    return body


def _text(location: str) -> str:
    """A redirect's target as it was meant: http.client reads every header as Latin-1, and servers write UTF-8."""
    try:
        return location.strip().encode("latin-1").decode()
    except UnicodeError:
        return location


def _parse(url: str) -> SplitResult:
    """A url taken apart, once it is sure that every reader of it sees the same host.

    Behind the host, signs that a url should have percent-encoded (a space, a pipe, anything that is not ASCII) are let
    pass; they go out encoded.
    """
    if not url or len(url) > _MAX_URL or any(ch < " " or ch in "\\\x7f" for ch in url):
        raise FetchRefused("not a url")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise FetchRefused("not a url") from None
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    bracketed = "[" in parts.netloc
    if scheme not in _DEFAULT_PORTS or not host or port == 0 or bracketed != (":" in host):
        raise FetchRefused("not a url of the public web")
    if "@" in parts.netloc or "%" in parts.netloc:
        raise FetchRefused("not a url of the public web")
    host = _host(host)
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        netloc = f"{netloc}:{port}"
    return SplitResult(scheme, netloc, parts.path, parts.query, "")


def _host(host: str) -> str:
    if ":" in host:
        try:
            return str(IPv6Address(host))
        except ValueError:
            raise FetchRefused("not a host") from None
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise FetchRefused("not a host") from None
    if not _HOST.fullmatch(host):
        raise FetchRefused("not a host")
    if _NUMERIC_LABEL.fullmatch(host.rstrip(".").rpartition(".")[2]):  # a number: then nothing but a plain IPv4 address
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise FetchRefused("not a plain address") from None
    return host


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _TimedSocket:
    """What http.client needs of a socket, each read and write bounded by what is left of the whole time."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._deadline))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._deadline), 65536)

    def close(self) -> None:
        """The owner of the socket closes it."""


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # a narrower buffer type
        self._sock.settimeout(_left(self._deadline))
        return self._sock.recv_into(buffer)
