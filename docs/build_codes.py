"""Writes docs/codes.md out of the contracts' error tables and the tests that are marked with their codes.

python docs/build_codes.py            write the page
python docs/build_codes.py --check    only say whether it is as it should be; 1 when it is not
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from baidu import errors as baidu
from market import errors as market
from serving.codes import Code
from tencent import errors as tencent

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "codes.md"
TESTS = ROOT / "tests"

Table = Mapping[int | str, Code]
SECTIONS: tuple[tuple[str, str, str, tuple[Table, ...]], ...] = (
    (
        "Cloud market: the API",
        "market",
        'In the body, with status 200: `{"code": ..., "desc": ...}`.',
        (market.CODES,),
    ),
    (
        "Cloud market: the gateway",
        "market",
        "An empty body; `X-Ca-Error-Code`, `X-Ca-Error-Message` and `X-Ca-Request-Id`.",
        (market.GATEWAY_CODES,),
    ),
    ("Tencent: livedetectpicture", "tencent", 'In the body: `{"code": ..., "message": ...}`.', (tencent.CODES,)),
    (
        "Baidu: the platform",
        "baidu",
        'Always with status 200, two members alone: `{"error_code": ..., "error_msg": ...}`.',
        (baidu.PLATFORM_CODES,),
    ),
    ("Baidu: faceverify", "baidu", "Always with status 200, in the whole envelope.", (baidu.API_CODES,)),
    (
        "Baidu: the token route",
        "token",
        "In the body: `error_description` (the first column) and `error`.",
        (baidu.TOKEN_CODES,),
    ),
)
HEAD = """# Codes

Every code of the three contracts' tables: what makes this service send it and the tests that make it do so, or why it
is never sent. Written by `python docs/build_codes.py` out of the error tables (`functions/*/errors.py`) and the tests'
marks; a test holds it to them.

**Billing.** Only an answered call (code 0) takes a unit of the client's quota for good and counts as billable. Every
other end gives the unit back and is counted as not billable under its code; a call whose process dies before its end is
given back when its lease ends and counted as `lost`. A refused caller who is not known is not counted at all. An answer
is sent only once it is booked.
"""


def page() -> str:
    """The page's text.

    Raises:
        ValueError: A code that is sent has no test, or a test is marked with a code that is not in its table.
    """
    marks = dict(_marks(sorted(TESTS.rglob("test_*.py"))))
    known = {(name, code) for _, name, _, tables in SECTIONS for table in tables for code in table}
    if unknown := marks.keys() - known:
        raise ValueError(f"tests are marked with codes that no table has: {sorted(map(str, unknown))}")
    parts = [HEAD]
    for title, name, about, tables in SECTIONS:
        codes = [code for table in tables for code in table.values()]
        parts.append(f"\n## {title}\n\n{about}\n")
        parts += _sent(name, [code for code in codes if not code.never], marks)
        parts += _never([code for code in codes if code.never])
    return "\n".join(parts)


def _sent(name: str, codes: Iterable[Code], marks: Mapping[tuple[str, int | str], list[str]]) -> Iterator[str]:
    yield "| Code | Words | Status | Billed | Cause | Tests |"
    yield "|---|---|---|---|---|---|"
    for code in codes:
        tests = marks.get((name, code.code))
        if not tests:
            raise ValueError(f"{name}: no test is marked with {code.code}")
        billed = "yes" if code.billable else "no"
        yield f"| {code.code} | {code.message} | {code.status} | {billed} | {code.cause} | {'<br>'.join(tests)} |"


def _never(codes: list[Code]) -> Iterator[str]:
    if codes:
        yield "\n| Never sent | Words | Why |"
        yield "|---|---|---|"
        yield from (f"| {code.code} | {code.message} | {code.never} |" for code in codes)


def _marks(paths: Iterable[Path]) -> Iterator[tuple[tuple[str, int | str], list[str]]]:
    """(table, code) and the tests that are marked with it."""
    found: dict[tuple[str, int | str], list[str]] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for name, codes in _marks_of(node):
                    for code in codes:
                        found.setdefault((name, code), []).append(f"{path.stem}::{node.name}")
    yield from found.items()


def _marks_of(node: ast.FunctionDef) -> Iterator[tuple[str, list[int | str]]]:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.code":
            name, *codes = (ast.literal_eval(argument) for argument in decorator.args)
            yield name, codes


def main(arguments: list[str]) -> int:
    """Writes the page, or checks it."""
    text = page()
    if arguments == ["--check"]:
        same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not same:
            sys.stderr.write("docs/codes.md is out of date: python docs/build_codes.py\n")
        return 0 if same else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
