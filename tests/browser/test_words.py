"""The page's words: the same in both languages, and some for every code that can come back."""

from __future__ import annotations

import pytest

import baidu.errors
import market.errors
import tencent.errors
from serving.codes import Code
from tests.browser.page import Page


def test_both_languages_say_everything(page: Page) -> None:
    english, chinese = page.later("""
        const [en, zh] = await Promise.all([import("/playground/words.en.js"), import("/playground/words.zh.js")]);
        return [en.english, zh.chinese];
    """)["value"]
    assert english.keys() == chinese.keys()
    for key in english:
        places = [sorted(part.split("}")[0] for part in text.split("{")[1:]) for text in (english[key], chinese[key])]
        assert places[0] == places[1], key
    assert not [key for key, text in english.items() if any("\u4e00" <= sign <= "\u9fff" for sign in text)]


TABLES: dict[str, list[Code]] = {
    "market": [*market.errors.CODES.values(), *market.errors.GATEWAY_CODES.values()],
    "tencent": [*tencent.errors.CODES.values()],
    "baidu": [*baidu.errors.API_CODES.values(), *baidu.errors.PLATFORM_CODES.values()],
}


@pytest.mark.parametrize("contract", TABLES)
def test_every_code_that_can_come_has_words(page: Page, contract: str) -> None:
    sent = {str(code.code) for code in TABLES[contract] if not code.never} - {"0"}
    if contract == "baidu":
        sent |= {code.message for code in baidu.errors.TOKEN_CODES.values()}
    script = 'const {known} = await import("/playground/errors.js"); return known(arguments[0]);'
    words = set(page.later(script.replace("arguments[0]", "given[0]"), contract)["value"])
    assert words == sent


@pytest.mark.parametrize("contract", TABLES)
def test_the_words_are_whole(page: Page, contract: str) -> None:
    told = page.later(
        """
        const {advice, known} = await import("/playground/errors.js");
        return known(given[0]).flatMap((code) => ["en", "zh"].map((language) => advice(given[0], code, language)));
        """,
        contract,
    )["value"]
    assert told
    for advice in told:
        assert advice["what"].endswith((".", "。"))
        assert advice["todo"].endswith((".", "。"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (87, "87"),
        (0.9531, "0.953"),
        (0.3, "0.3"),
        (0.00048, "0.00048"),
        (1.226133719e-7, "1.2 × 10⁻⁷"),
        (12.44, "12.4"),
        (-3.42, "-3.42"),
        (174.3, "174"),
    ],
)
def test_numbers(page: Page, value: float, text: str) -> None:
    assert page.later('return (await import("/playground/dom.js")).number(given[0])', value)["value"] == text


def test_json_is_laid_out_with_every_value_as_it_was_sent(page: Page) -> None:
    sent = '{"a":[{"x":1.50,"y":-2e-07},[]],"t":"q\\"{[,:]}\\u00e9","n":null,"long":"' + "z" * 90 + '"}'
    shown = page.later('return (await import("/playground/json.js")).laidOut(given[0])', sent)["value"]
    assert shown.splitlines()[0] == "{"
    assert '{"x": 1.50, "y": -2e-07}' in shown
    assert '"t": "q\\"{[,:]}\\u00e9"' in shown
    parts = [part.strip() for part in shown.split("\n")]
    assert "".join(parts).replace('": ', '":').replace(", ", ",") == sent
