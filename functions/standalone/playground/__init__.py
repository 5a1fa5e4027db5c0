"""The playground: a page at `/` where a photo is tried on the contracts.

The page is static and whole: it loads nothing from elsewhere, signs in the browser, and sends a photo to the chosen
contract's route and nowhere else. The one thing that it asks of the server besides is the demo clients' credentials,
which are told only where the demo is on, and only to the page itself.

Settings (environment): `FACEGATE_PLAYGROUND=off` takes the page away; `FACEGATE_DEMO=on` tells the demo credentials.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from gatekeeper import Gate, LedgerUnavailable
from gatekeeper.demo import ensure_demo
from serving.pool import Overloaded
from serving.service import Service

PREFIX = "/playground/"
DEMO = PREFIX + "demo"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_OFF = frozenset({"off", "0", "no", "false"})
_ON = frozenset({"on", "1", "yes", "true"})


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    kind: str
    etag: str


class Playground:
    """An ASGI app for `/` and what lies under `/playground/`.

    Args:
        service: Whose gate the demo clients live in.
        demo: Whether their credentials are told.
    """

    def __init__(self, service: Service, demo: bool) -> None:
        self._service = service
        self._demo = demo
        self._files = _files(Path(__file__).with_name("page"))

    @classmethod
    def from_env(cls, service: Service, environ: Mapping[str, str]) -> Playground | None:
        """The playground that the environment asks for, or None: demo credentials are told only where it says so."""
        demo = environ.get("FACEGATE_DEMO", "off").strip().lower() in _ON
        return cls(service, demo) if cls.is_on(environ) else None

    @staticmethod
    def is_on(environ: Mapping[str, str]) -> bool:
        """Whether the environment asks for a playground; it does unless it says off."""
        return environ.get("FACEGATE_PLAYGROUND", "on").strip().lower() not in _OFF

    def takes(self, path: str) -> bool:
        """Whether a path is the playground's."""
        return path == "/" or path.startswith(PREFIX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        request = Request(scope, receive)
        await (await self._respond(request))(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path = request.scope["path"]
        file = self._files.get("index.html" if path == "/" else path.removeprefix(PREFIX))
        if file is None and path != DEMO:
            return _told({"error": "not found"}, 404)
        if request.method not in ("GET", "HEAD"):
            return _told({"error": "method not allowed"}, 405)
        if file is None:
            return await self._credentials(request)
        headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": file.etag}
        if request.headers.get("if-none-match") == file.etag:
            return Response(None, 304, headers)
        return Response(file.content, 200, headers, file.kind)

    async def _credentials(self, request: Request) -> Response:
        """What the demo clients sign with, by contract; a contract whose demo client is off or changed is left out.

        `problem` says why there is nothing: the demo is `off`, it is not told to this `host`, or the ledger is
        `unavailable`.
        """
        secrets: dict[str, dict[str, str]] = {}
        problem = "" if self._demo and _from_here(request) else "host" if self._demo else "off"
        if not problem:
            try:
                secrets = await self._service.access.run(lambda: _demo_secrets(self._service.gate))
            except (LedgerUnavailable, Overloaded):
                problem = "unavailable"
        return _told({"secrets": secrets, "problem": problem}, 200)


def _demo_secrets(gate: Gate) -> dict[str, dict[str, str]]:
    return {contract.value: dict(demo.secrets) for contract, demo in ensure_demo(gate).items() if demo.live}


def _from_here(request: Request) -> bool:
    """Whether the page itself asks, at an address that no name server chose.

    Another site that a browser shows can not read the answer; a name that its owner points at this machine later could,
    so that names other than localhost are not trusted.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _told(body: Mapping[str, object], status: int) -> Response:
    return JSONResponse(body, status, {**HEADERS, "Cache-Control": "no-store"})


def _files(folder: Path) -> dict[str, _File]:
    """The page's files by name, read once."""
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            files[path.name] = _File(content, _TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')
    return files
