"""The error tables are complete, every code that is sent has its test, and the page says so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from baidu import errors as baidu
from gatekeeper.refusals import BAIDU, MARKET, TENCENT
from market import errors as market
from serving.codes import Code, table
from tencent import errors as tencent

ROOT = Path(__file__).parents[2]
DOCUMENTS = ROOT.parent / "shared" / "contracts"


def test_the_page_is_what_the_tables_and_the_marks_make_it() -> None:
    command = [sys.executable, str(ROOT / "docs" / "build_codes.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_refusal_of_the_gate_is_in_its_contracts_table() -> None:
    assert set(MARKET) <= set(market.GATEWAY_CODES)
    assert {int(code) for code in TENCENT} <= set(tencent.CODES)
    assert {int(code) for code in BAIDU} <= set(baidu.PLATFORM_CODES)
    for code, row in MARKET.items():
        assert (market.GATEWAY_CODES[code].status, market.GATEWAY_CODES[code].message) == (row.status, row.text)


def test_only_answers_are_billed() -> None:
    tables = (market.CODES, market.GATEWAY_CODES, tencent.CODES, baidu.API_CODES, baidu.PLATFORM_CODES)
    assert [code.code for codes in tables for code in codes.values() if code.billable] == [0, 0, 0]


def test_a_table_refuses_doubles_and_codes_without_a_reason() -> None:
    with pytest.raises(ValueError, match="twice"):
        table([Code(1, "a", "b"), Code(1, "c", "d")])
    with pytest.raises(ValueError, match="needs"):
        Code(1, "a")
    with pytest.raises(ValueError, match="needs"):
        Code(1, "a", "b", never="c")


@pytest.mark.skipif(not DOCUMENTS.exists(), reason="the vendors' documents are not here")
def test_the_documents_codes_and_words_are_all_there() -> None:
    seeds = [path.read_text(encoding="utf-8") for path in sorted(DOCUMENTS.glob("00*.txt"))]
    rows = dict(re.findall(r"^\| (\d+)\s+\| (.+?)\s+\|$", seeds[0].partition("错误描述")[2], re.MULTILINE))
    assert {int(code): words for code, words in rows.items()} == {
        int(code.code): code.message for code in market.CODES.values()
    }
    lines = seeds[1].partition("错误码\n含义\n")[2].splitlines()
    found = {int(code): words for code, words in zip(lines[::2], lines[1::2], strict=False) if _is_number(code)}
    assert len(found) > 40
    for code, words in found.items():
        told = tencent.CODES[code].message
        assert told == words or words.startswith(told) or _letters(told) == _letters(words), code


@pytest.mark.skipif(not DOCUMENTS.exists(), reason="the vendors' documents are not here")
def test_the_facts_pages_codes_and_words_are_all_there() -> None:
    facts = (DOCUMENTS / "FACTS.md").read_text(encoding="utf-8")
    part = facts.partition("### Error codes (HTTP 200)")[2].partition("###")[0]
    known = baidu.API_CODES | baidu.PLATFORM_CODES
    for codes, words in re.findall(r"^\| ([\d /,-]+) \| (.+) \|$", part, re.MULTILINE):
        numbers = [int(number) for number in re.findall(r"\d+", codes)]
        assert all(number in known for number in numbers), codes
        texts = [re.sub(r" \((sic|L)\)", "", text) for text in words.split(" / ")]
        if len(texts) == len(numbers):
            told = [known[number].message.replace("{}", "fieldName") for number in numbers]
            assert told == texts
    part = facts.partition("## Market (AppCode)")[2]
    for codes in re.findall(r"^\| ([A-Z]\d{3}[A-Z]{2}(?: / [A-Z]\d{3}[A-Z]{2})*)", part, re.MULTILINE):
        assert all(code in market.GATEWAY_CODES for code in codes.split(" / ")), codes


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+", text) is not None


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)
