"""Checks what lies under the service: versions, settings, the port."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from gatekeeper import ConfigError
from gatekeeper.gate import Options
from standalone import defaults, metrics
from standalone.doctor.findings import Finding, fail, ok, warn

_PACKAGES = (
    "facegate", "numpy", "opencv-python-headless", "onnxruntime", "simplejpeg", "fastapi", "uvicorn", "cryptography",
)  # fmt: skip
_LEAST_SQLITE = (3, 24, 0)
_CHECK_SECONDS = 2.0
_LISTENING = "0A"


def versions() -> Iterator[Finding]:
    """Python, SQLite and the packages that answer calls."""
    found, missing = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield fail("versions", f"not installed: {', '.join(missing)}", "make setup")
    if sqlite3.sqlite_version_info < _LEAST_SQLITE:
        yield fail("versions", f"SQLite {sqlite3.sqlite_version} is too old", "use a Python with SQLite 3.24 or newer")
    about = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {', '.join(found)}"
    yield ok("versions", about)


def settings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """The settings that are no ledger and no key."""
    problems = []
    try:
        Options.from_env(environ)
    except ConfigError as error:
        problems.append(str(error))
    try:
        metrics.address_of(environ.get(metrics.SETTING, "").strip() or "off")
    except metrics.BadSetting as error:
        problems.append(str(error))
    problems += defaults.bad_settings(environ)
    for problem in problems:
        yield fail("settings", problem, f"set {problem.partition(':')[0]} to such a value, or unset it")
    if not problems:
        given = sorted(name for name in environ if name.startswith("FACEGATE_"))
        yield ok("settings", f"{os.cpu_count()} processors; given: {', '.join(given) or 'nothing'}")


def port(host: str, number: int) -> Iterator[Finding]:
    """Whether the server could listen, or who does."""
    where = f"{host}:{number}"
    if not 0 <= number < 65_536:
        yield fail("port", f"there is no port {number}", "set PORT, or --port, to a number from 0 to 65535")
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, number), family=family).close()
    except OSError as error:
        if (state := _facegate(host, number)) is not None:
            yield state
            return
        who = _listener(number)
        if who:
            yield warn("port", f"{where} is taken by {who}", "end it, or serve elsewhere: facegate serve --port N")
        else:
            yield fail("port", f"{where}: {error.strerror}", "serve elsewhere: facegate serve --host H --port N")
        return
    yield ok("port", f"{where} is free")


def _facegate(host: str, number: int) -> Finding | None:
    """The state of a facegate that listens there; None when somebody else does."""
    asked = HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), number, timeout=_CHECK_SECONDS)
    try:
        asked.request("GET", "/livez")
        if asked.getresponse().read(100) != b'{"status":"alive"}':
            return None
        asked.request("GET", "/healthz")
        answer = asked.getresponse()
        told = answer.read(200).decode("utf-8", "replace")
    except (OSError, HTTPException):
        return None
    finally:
        asked.close()
    where = f"{host}:{number}: facegate serves"
    if answer.status == 200:
        return ok("port", f"{where} and is ready")
    return warn("port", f"{where} and is not ready: {told}", "see the findings on its models and its ledger")


def _listener(number: int) -> str:
    """The process that listens on a TCP port, "name (pid)"; empty where the system does not tell (proc(5))."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == number:
                inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(link) in inodes for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
        except OSError:
            continue
    return "a process of another user"
