"""Tencent's signature: the vendor's own signer, the variants seen in the wild, and every code."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qcloud_image.auth import Auth

from gatekeeper import Contract, Gate, Request, Settings, State
from gatekeeper.credentials import Issued, add, change, rotate, set_state
from gatekeeper.refusals import TENCENT
from gatekeeper.tencent import LONGEST, MalformedError, parse, sign, target, verdict
from gatekeeper.types import MAX_SKEW
from tests.unit.gatekeeper.conftest import Clock, limited
from tests.unit.gatekeeper.nobody import NOBODY, NOON

NOW = int(NOON)


@pytest.fixture
def ada(gate: Gate) -> Issued:
    return add(gate, Contract.TENCENT, "Ada", "ada")


def asked(authorization: str | None, request_id: str = "R1", name: str = "Authorization") -> Request:
    headers = () if authorization is None else ((name, authorization),)
    return Request("POST", "/face/livedetectpicture", (), headers, request_id)


def text(issued: Issued, **changes: object) -> str:
    pairs = {
        "a": issued.secrets["appid"], "b": "", "k": issued.secrets["secret_id"], "e": NOW + 100, "t": NOW, "r": 1,
        "f": "",
    } | changes  # fmt: skip
    return "&".join(f"{name}={value}" for name, value in pairs.items() if value is not None)


def signed(issued: Issued, plain: str) -> str:
    raw = plain.encode()
    mac = hmac.new(issued.secrets["secret_key"].encode(), raw, hashlib.sha1).digest()
    return base64.b64encode(mac + raw).decode()


def code(gate: Gate, authorization: str | None, request_id: str = "R1") -> str:
    found = verdict(asked(authorization, request_id), gate)
    assert found.allowed is (found.code == "")
    assert found.allowed or found.message == TENCENT[found.code].text
    return found.code


class TestManyUses:
    def test_the_vendors_signer(self, gate: Gate, ada: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("qcloud_image.auth.time.time", gate.now)
        auth = Auth(ada.secrets["appid"], ada.secrets["secret_id"], ada.secrets["secret_key"])
        given = auth.get_sign("").decode()
        for number in range(2):
            found = verdict(asked(given, f"R{number}"), gate)
            assert (found.allowed, found.client, found.account) == (True, "ada", ada.secrets["appid"])
            assert found.consumed == ("quota",)

    def test_our_signer(self, gate: Gate, ada: Issued) -> None:
        made = sign(ada.secrets["appid"], ada.secrets["secret_id"], ada.secrets["secret_key"].encode(), NOW, NOW + 9, 7)
        assert made == signed(ada, text(ada, e=NOW + 9, r=7))
        assert code(gate, made) == ""

    @pytest.mark.parametrize("prefix", ["Basic ", "basic ", "  ", "BASIC   ", " Basic "])
    def test_prefix(self, gate: Gate, ada: Issued, prefix: str) -> None:
        assert code(gate, prefix + signed(ada, text(ada))) == ""

    @pytest.mark.parametrize(
        "changes",
        [
            {"b": None}, {"r": None, "f": None}, {"r": None, "f": None, "b": None, "u": None}, {"u": 0},
            {"r": 12345678901234}, {"e": f"{NOW + 100}.25", "t": f"{NOW}.75"}, {"e": "1.70000005e9"}, {"b": "any"},
            {"f": "file/name"}, {"x": "unheard of"},
        ],
    )  # fmt: skip
    def test_variants(self, gate: Gate, ada: Issued, changes: dict[str, object]) -> None:
        assert code(gate, signed(ada, text(ada, **changes))) == ""

    def test_any_order(self, gate: Gate, ada: Issued) -> None:
        plain = "&".join(reversed(text(ada).split("&")))
        assert code(gate, signed(ada, plain)) == ""

    def test_the_digest_covers_the_bytes_not_the_pairs(self, gate: Gate, ada: Issued) -> None:
        raw = base64.b64decode(signed(ada, text(ada)))
        moved = "&".join(reversed(text(ada).split("&"))).encode()
        assert code(gate, base64.b64encode(raw[:20] + moved).decode()) == "14"


class TestOneUse:
    def test_replay(self, gate: Gate, ada: Issued) -> None:
        given = signed(ada, text(ada, e=0, f="file"))
        first = verdict(asked(given), gate)
        assert (first.allowed, first.consumed) == (True, ("nonce", "quota"))
        assert code(gate, given) == ""  # the same request, asked twice
        assert code(gate, given, "R2") == "13"
        assert code(gate, f"Basic {given}", "R3") == "13"
        assert gate.ledger.used("ada", gate.day(NOON)) == (1, 1)

    def test_two_files(self, gate: Gate, ada: Issued) -> None:
        assert code(gate, signed(ada, text(ada, e=0, f="file"))) == ""
        assert code(gate, signed(ada, text(ada, e=0, f="other")), "R2") == ""

    @pytest.mark.parametrize("name", [None, ""])
    def test_without_a_file(self, gate: Gate, ada: Issued, name: str | None) -> None:
        assert code(gate, signed(ada, text(ada, e=0, f=name))) == "5"

    def test_remembered_as_long_as_it_could_be_used(self, gate: Gate, ada: Issued, clock: Clock) -> None:
        given = signed(ada, text(ada, e=0, f="file"))
        assert code(gate, given) == ""
        for later, expected in ((LONGEST, "13"), (LONGEST + 300, "13"), (LONGEST + 301, "9"), (2 * LONGEST, "9")):
            clock.at = NOON + later
            gate.ledger.sweep(clock.at)
            assert code(gate, given, f"R{later}") == expected

    def test_remembered_when_the_skew_is_raised_later(self, gate: Gate, ada: Issued, clock: Clock) -> None:
        given = signed(ada, text(ada, e=0, f="file"))
        assert code(gate, given) == ""
        clock.at = NOON + LONGEST + 700
        gate.ledger.sweep(clock.at)
        assert code(gate, given, "R2") == "9"
        change(gate, "ada", lambda client: replace(client, settings=Settings(clock_skew=MAX_SKEW)))
        for later in (LONGEST + 700, LONGEST + MAX_SKEW):
            clock.at = NOON + later
            assert code(gate, given, f"R{later}") == "13"


class TestTime:
    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            (-400, -300, ""), (-400, -301, "9"), (300, 400, ""), (301, 400, "9"), (0, LONGEST, ""),
            (0, LONGEST + 1, "5"), (0, 0, "5"), (10, 5, "5"), (-100, -299, "5"), (-100, -301, "9"),
            (-LONGEST, 0, ""), (-LONGEST - 1, 0, "5"),
        ],
    )  # fmt: skip
    def test_window(self, gate: Gate, ada: Issued, start: float, end: float, expected: str) -> None:
        assert code(gate, signed(ada, text(ada, t=NOON + start, e=NOON + end))) == expected

    def test_skew_is_a_setting(self, gate: Gate, ada: Issued) -> None:
        given = signed(ada, text(ada, t=NOW - 10, e=NOW - 2))
        assert code(gate, given) == ""
        change(gate, "ada", lambda client: replace(client, settings=Settings(clock_skew=1)))
        assert code(gate, given, "R2") == "9"
        change(gate, "ada", lambda client: replace(client, settings=Settings(clock_skew=2)))
        assert code(gate, given, "R3") == ""

    def test_clock_jumps(self, gate: Gate, ada: Issued, clock: Clock) -> None:
        given = signed(ada, text(ada))
        clock.at = NOON + 1e7
        assert code(gate, given) == "9"
        clock.at = NOON - 1e7
        assert code(gate, given, "R2") == "9"
        clock.at = NOON
        assert code(gate, given, "R3") == ""


class TestCodes:
    @pytest.mark.parametrize("value", [None, "", "Basic", "basic "])
    def test_4_empty(self, gate: Gate, ada: Issued, value: str | None) -> None:
        assert code(gate, value) == "4"

    @pytest.mark.parametrize(
        "value",
        ["x", "Basic !!", "é", "\ud800", "A" * 5000, base64.b64encode(b"short").decode(), "AAAA-_==",
         base64.b64encode(bytes(20)).decode(), base64.b64encode(bytes(20) + b"\xff\xfe").decode()],
    )  # fmt: skip
    def test_5_malformed(self, gate: Gate, ada: Issued, value: str) -> None:
        assert code(gate, value) == "5"

    @pytest.mark.parametrize(
        "changes",
        [{"a": None}, {"a": "x1"}, {"a": "１２"}, {"k": None}, {"k": ""}, {"e": None}, {"t": None}, {"t": ""},
         {"e": "1e"}, {"t": "1.2.3"}, {"e": "nan"}, {"e": "inf"}, {"e": "1e999"}, {"t": "1e999"}, {"e": "-5"},
         {"t": "0x10"}, {"e": "1_0"}, {"t": "9" * 40}],
    )  # fmt: skip
    def test_5_parts(self, gate: Gate, ada: Issued, changes: dict[str, object]) -> None:
        assert code(gate, signed(ada, text(ada, **changes))) == "5"

    @pytest.mark.parametrize("more", ["&junk", "&=1", f"&x={'1' * 4096}"])
    def test_5_more_than_pairs(self, gate: Gate, ada: Issued, more: str) -> None:
        assert code(gate, signed(ada, text(ada) + more)) == "5"

    @pytest.mark.parametrize("before", ["Bearer ", "!"])
    def test_5_more_than_base64(self, gate: Gate, ada: Issued, before: str) -> None:
        assert code(gate, before + signed(ada, text(ada))) == "5"

    def test_5_repeated(self, gate: Gate, ada: Issued) -> None:
        assert code(gate, signed(ada, text(ada) + "&a=1250000001")) == "5"
        good = signed(ada, text(ada))
        twice = replace(asked(good), headers=(("Authorization", good), ("authorization", "x")))
        assert verdict(twice, gate).code == "5"

    def test_10_11_12(self, gate: Gate, ada: Issued) -> None:
        bob = add(gate, Contract.TENCENT, "Bob", "bob")
        assert code(gate, signed(ada, text(ada, a="1999999999"))) == "10"
        assert code(gate, signed(ada, text(ada, a="1999999999", k="AKIDunknown"))) == "10"
        assert code(gate, signed(ada, text(ada, k="AKIDunknown"))) == "11"
        assert code(gate, signed(ada, text(ada, a=bob.secrets["appid"]))) == "12"

    def test_14_forged(self, gate: Gate, ada: Issued) -> None:
        bob = add(gate, Contract.TENCENT, "Bob", "bob")
        assert code(gate, signed(bob, text(ada))) == "14"
        raw = bytearray(base64.b64decode(signed(ada, text(ada))))
        for place in (0, 19, len(raw) - 3):
            raw[place] ^= 1
            found = verdict(asked(base64.b64encode(raw).decode()), gate)
            assert (found.code, found.client) == ("14", "")
            raw[place] ^= 1

    def test_11_rotated(self, gate: Gate, ada: Issued, clock: Clock) -> None:
        given = signed(ada, text(ada))
        assert code(gate, given) == ""
        new = rotate(gate, "ada", grace=10)
        assert new.secrets["appid"] == ada.secrets["appid"]
        assert code(gate, given, "R2") == ""
        clock.at += 10
        assert code(gate, given, "R3") == "11"
        assert code(gate, signed(new, text(new)), "R4") == ""

    def test_6_and_16_buckets(self, gate: Gate, ada: Issued) -> None:
        change(gate, "ada", lambda client: replace(client, settings=Settings(buckets=("mine", "more"))))
        add(gate, Contract.TENCENT, "Bob", "bob", settings=Settings(buckets=("his",)))
        answers = [
            code(gate, signed(ada, text(ada, b=name)), f"R{name}") for name in ("mine", "more", "", "his", "none")
        ]
        assert answers == ["", "", "", "6", "16"]

    def test_6_another_appid_in_the_body(self, gate: Gate, ada: Issued) -> None:
        found = verdict(asked(signed(ada, text(ada))), gate)
        assert target(found, None) is found
        assert target(found, "") is found
        assert target(found, ada.secrets["appid"] + " ") is found
        refused = target(found, "1250000000")
        assert (refused.allowed, refused.code, refused.client) == (False, "6", "ada")
        assert (refused.status, refused.message) == (403, TENCENT["6"].text)
        assert refused.consumed == ("quota",)
        assert target(refused, "1250000000") is refused
        gate.settle(refused, "6", billable=True)
        assert gate.ledger.used("ada", gate.day(NOON)) == (0, 0)

    @pytest.mark.parametrize("state", [State.DISABLED, State.SUSPENDED])
    def test_3_stopped(self, gate: Gate, ada: Issued, state: State) -> None:
        given = signed(ada, text(ada))
        assert code(gate, given) == ""
        set_state(gate, "ada", state)
        assert code(gate, given, "R2") == "3"
        set_state(gate, "ada", State.ACTIVE)
        assert code(gate, given, "R3") == ""

    def test_3_expired_or_used_up(self, gate: Gate, ada: Issued, clock: Clock) -> None:
        change(gate, "ada", lambda client: replace(client, quota_total=1))
        assert code(gate, signed(ada, text(ada))) == ""
        assert code(gate, signed(ada, text(ada)), "R2") == "3"
        change(gate, "ada", lambda client: replace(client, quota_total=None, expires=NOON + 1))
        assert code(gate, signed(ada, text(ada)), "R3") == ""
        clock.at += 1
        assert code(gate, signed(ada, text(ada)), "R4") == "3"

    @pytest.mark.parametrize("limit", ["rate", "quota_day"])
    def test_15_too_often(self, gate: Gate, ada: Issued, limit: str) -> None:
        change(gate, "ada", lambda client: limited(client, limit, 1))
        assert code(gate, signed(ada, text(ada))) == ""
        assert code(gate, signed(ada, text(ada)), "R2") == "15"


class TestAnyInput:
    @given(st.text(max_size=80))
    def test_text(self, value: str) -> None:
        assert verdict(asked(value), NOBODY).code in {"4", "5"}

    @given(st.binary(max_size=120))
    def test_bytes(self, raw: bytes) -> None:
        assert verdict(asked(base64.b64encode(raw).decode()), NOBODY).code in {"4", "5", "10"}

    @given(
        st.lists(
            st.tuples(st.sampled_from("abketrfu"), st.one_of(st.text(max_size=8), st.integers().map(str))), max_size=9
        )
    )
    def test_pairs(self, pairs: list[tuple[str, str]]) -> None:
        plain = "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
        value = base64.b64encode(bytes(20) + plain).decode()
        try:
            found = parse(value)
        except MalformedError:
            assert verdict(asked(value), NOBODY).code == "5"
        else:
            assert found.text == plain
            assert (found.appid, found.secret_id) == (dict(pairs)["a"], dict(pairs)["k"])

    @given(
        st.integers(0, 10**19), st.text("abcXYZ019", min_size=1), st.integers(0, 2**33), st.integers(0, 2**33),
        st.integers(0, 10**12), st.text("ab-", max_size=5), st.text("ab/.", max_size=5),
    )  # fmt: skip
    def test_round_trip(self, appid: int, key: str, start: int, end: int, rand: int, bucket: str, name: str) -> None:
        found = parse(sign(str(appid), key, b"secret", start, end, rand, bucket, name))
        assert (found.appid, found.secret_id, found.start, found.end) == (str(appid), key, start, end)
        assert (found.bucket, found.file_id) == (bucket, name)
        assert hmac.digest(b"secret", found.text, "sha1") == found.digest
