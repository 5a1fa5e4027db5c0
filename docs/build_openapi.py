"""Writes the contracts' OpenAPI documents, docs/openapi/NAME.json: what each app serves as its openapi.json.

python docs/build_openapi.py            write them
python docs/build_openapi.py --check    only say whether they are as they should be; 1 when they are not
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import baidu.app
import market.app
import tencent.app
from serving.service import Service

FOLDER = Path(__file__).parent / "openapi"
APPS = {"market": market.app.create_app, "tencent": tencent.app.create_app, "baidu": baidu.app.create_app}


def documents() -> Iterator[tuple[str, str]]:
    """The name of each file and its text."""
    service = Service(_unused, _unused)
    for name, create in APPS.items():
        told = create(service).openapi()
        yield f"{name}.json", json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _unused() -> NoReturn:
    raise AssertionError("a document needs neither a ledger nor models")


def main(arguments: list[str]) -> int:
    """Writes the documents, or checks them."""
    made = dict(documents())
    kept = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*"))}
    stale = sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))
    if arguments == ["--check"]:
        if stale:
            sys.stderr.write(f"out of date: {', '.join(stale)} in docs/openapi; run make docs\n")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        if name in made:
            (FOLDER / name).write_text(made[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
