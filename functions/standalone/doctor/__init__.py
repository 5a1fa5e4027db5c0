"""Looks an installation over: what is fine, what is not, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from standalone.doctor.findings import Finding, Level

__all__ = ["Finding", "Level", "examine"]


def examine(
    environ: Mapping[str, str], host: str, port: int, models: Path | None = None, production: bool = False
) -> Iterator[Finding]:
    """All findings, one after the other as they are made. Nothing is created and nothing is kept.

    Args:
        environ: The environment, defaults applied.
        host: Where the server would listen.
        port: Where the server would listen.
        models: The models folder; None takes FACEGATE_MODELS or the repository's.
        production: Whether strangers call this installation, so that demo clients are worth a warning.
    """
    from standalone.doctor import access
    from standalone.doctor import host as machine
    from standalone.doctor import models as nets

    yield from machine.versions()
    yield from machine.settings(environ)
    yield from nets.models(models)
    yield from access.access(environ, production)
    yield from machine.port(host, port)
