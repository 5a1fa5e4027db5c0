"""The market's gateway: every code, and signatures made by the published rules, not by our own code."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from aliyun_api_gateway import ApiGatewayClient, ApiGatewayRequest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper import Contract, Gate, Options, Request, Settings, State, Verdict
from gatekeeper.credentials import Issued, add, change, rotate, set_state
from gatekeeper.market import complete, verdict
from gatekeeper.refusals import MARKET
from tests.unit.gatekeeper.conftest import Clock, limited
from tests.unit.gatekeeper.nobody import NOBODY, NOON

PATH = "/face/liveness"
FORM = "application/x-www-form-urlencoded"
Headers = Sequence[tuple[str, str]]


@pytest.fixture
def ada(gate: Gate) -> Issued:
    return add(gate, Contract.MARKET, "Ada", "ada")


def asked(*headers: tuple[str, str], query: Headers = (), method: str = "GET", request_id: str = "R1") -> Request:
    return Request(method, PATH, tuple(query), headers, request_id)


def appcode(issued: Issued) -> tuple[str, str]:
    return "Authorization", f"APPCODE {issued.secrets['appcode']}"


def signed(
    issued: Issued,
    method: str = "GET",
    query: Headers = (),
    form: Headers | None = None,
    body: bytes | None = None,
    algorithm: str = "HmacSHA256",
    at: float = NOON,
    nonce: str = "nonce-1",
) -> tuple[Request, bytes]:
    """A request as the published client library makes it."""
    client = ApiGatewayClient(
        "http://gateway.example",
        issued.secrets["app_key"],
        issued.secrets["app_secret"],
        signature_method=algorithm,
        clock=lambda: at,
        nonce_factory=lambda: nonce,
    )
    made = client.sign(ApiGatewayRequest(method=method, path=PATH, query=query, form=form, body=body))
    return Request(method, PATH, tuple(query), tuple(made.headers.items()), "R1"), made.body or b""


def sealed(issued: Issued, request: Request, form: Headers = (), listed: Sequence[str] = ()) -> Request:
    """A request signed by the published rules, which may list more headers than it signs."""
    stamp = str(int(NOON * 1000))
    key, secret = issued.secrets["app_key"], issued.secrets["app_secret"]
    fixed = "".join(f"{request.header(name) or ''}\n" for name in ("Accept", "Content-MD5", "Content-Type", "Date"))
    text = f"{request.method}\n{fixed}X-Ca-Key:{key}\nX-Ca-Nonce:n\nX-Ca-Timestamp:{stamp}\n{request.path}"
    text += "?" + "&".join(f"{name}={value}" for name, value in form) if form else ""
    more = (
        ("X-Ca-Key", key), ("X-Ca-Nonce", "n"), ("X-Ca-Timestamp", stamp),
        ("X-Ca-Signature-Headers", ",".join([*listed, "X-Ca-Key", "X-Ca-Nonce", "X-Ca-Timestamp"])),
        ("X-Ca-Signature", base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()),
    )  # fmt: skip
    return replace(request, headers=(*request.headers, *more))


def without(request: Request, *names: str) -> Request:
    return replace(request, headers=tuple(pair for pair in request.headers if pair[0].lower() not in names))


def including(request: Request, name: str, value: str) -> Request:
    return replace(without(request, name.lower()), headers=(*without(request, name.lower()).headers, (name, value)))


class TestAppCode:
    def test_header(self, gate: Gate, ada: Issued) -> None:
        found = verdict(asked(appcode(ada)), gate)
        assert found == Verdict(True, Contract.MARKET, "R1", client="ada", consumed=("quota",))

    @pytest.mark.parametrize("scheme", ["APPCODE", "appcode", "AppCode", "APPCODE "])
    def test_scheme_in_any_case(self, gate: Gate, ada: Issued, scheme: str) -> None:
        assert verdict(asked(("authorization", f"{scheme} {ada.secrets['appcode']}")), gate).allowed

    @pytest.mark.parametrize(
        "value", ["APPCODE nope", "APPCODE ", "APPCODE", "Basic abc", "", "APPCODE " + "x" * 9000, "APPCODE \ud800é"]
    )
    def test_wrong(self, gate: Gate, ada: Issued, value: str) -> None:
        found = verdict(asked(("Authorization", value)), gate)
        assert (found.allowed, found.code, found.status, found.client) == (False, "A400AC", 400, "")
        assert found.message == "Invalid AppCode `not exists`"

    def test_text_is_a_setting(self, gate: Gate, ada: Issued) -> None:
        plain = Gate(gate.ledger, gate.vault, gate.now, Options(appcode_text="Invalid AppCode"))
        assert verdict(asked(("Authorization", "APPCODE x")), plain).message == "Invalid AppCode"

    def test_none(self, gate: Gate) -> None:
        found = verdict(asked(), gate)
        assert (found.code, found.status) == ("A400MA", 400)

    def test_repeated_with_another_value(self, gate: Gate, ada: Issued) -> None:
        found = verdict(asked(appcode(ada), ("authorization", "APPCODE x")), gate)
        assert (found.code, found.message) == ("I400HD", "Invalid Header `Authorization` is repeated")
        assert verdict(asked(appcode(ada), appcode(ada)), gate).allowed

    @pytest.mark.parametrize("name", ["AppCode", "appcode", "appCode", "APPCODE", "APPCode"])
    def test_query_only_where_enabled(self, gate: Gate, ada: Issued, name: str) -> None:
        request = asked(query=[(name, ada.secrets["appcode"])])
        assert verdict(request, gate).code == "A400AC"
        change(gate, "ada", lambda client: replace(client, settings=Settings(query_appcode=True)))
        assert verdict(request, gate).allowed

    def test_query_in_another_spelling(self, gate: Gate, ada: Issued) -> None:
        change(gate, "ada", lambda client: replace(client, settings=Settings(query_appcode=True)))
        assert verdict(asked(query=[("app_code", ada.secrets["appcode"])]), gate).code == "A400MA"

    def test_rotated(self, gate: Gate, ada: Issued, clock: Clock) -> None:
        new = rotate(gate, "ada", grace=60)
        assert verdict(asked(appcode(ada)), gate).allowed
        assert verdict(asked(appcode(new), request_id="R2"), gate).allowed
        clock.at += 60
        assert verdict(asked(appcode(ada), request_id="R3"), gate).code == "A400AC"
        assert verdict(asked(appcode(new), request_id="R4"), gate).allowed

    def test_an_appcode_of_another_contract(self, gate: Gate) -> None:
        other = add(gate, Contract.BAIDU)
        for secret in other.secrets.values():
            assert verdict(asked(("Authorization", f"APPCODE {secret}")), gate).code == "A400AC"


class TestStanding:
    @pytest.mark.parametrize("door", ["appcode", "signature"])
    @pytest.mark.parametrize(
        ("case", "code", "status", "text"),
        [
            ("disabled", "I403AA", 403, "Unauthorized"),
            ("suspended", "B403MI", 403, "Api Market Subscription invalid"),
            ("expired", "B403ME", 403, "Api Market Subscription expired"),
            ("total", "B403MQ", 403, "Api Market Subscription quota exhausted"),
            ("day", "T429MR", 429, "Too Many Requests, throttle by day quota"),
            ("rate", "T429ID", 429, "Throttled by APP Flow Control"),
        ],
    )
    def test_refused(
        self, gate: Gate, ada: Issued, clock: Clock, door: str, case: str, code: str, status: int, text: str
    ) -> None:
        if case in ("disabled", "suspended"):
            set_state(gate, "ada", State(case))
        elif case == "expired":
            change(gate, "ada", lambda client: replace(client, expires=clock.at))
        elif case == "rate":
            change(gate, "ada", lambda client: replace(client, rate=1))
            verdict(asked(appcode(ada), request_id="R0"), gate)
        else:
            change(gate, "ada", lambda client: limited(client, f"quota_{case}", 0))
        request = asked(appcode(ada)) if door == "appcode" else signed(ada)[0]
        found = verdict(request, gate)
        assert (found.allowed, found.code, found.status, found.message) == (False, code, status, text)
        assert found.client == "ada"
        assert "quota" not in found.consumed


class TestSignature:
    @pytest.mark.parametrize("algorithm", ["HmacSHA256", "HmacSHA1"])
    def test_query(self, gate: Gate, ada: Issued, algorithm: str) -> None:
        request, _ = signed(ada, query=[("url", "http://x/照片?a=1&b"), ("empty", "")], algorithm=algorithm)
        found = verdict(request, gate)
        assert (found.allowed, found.client, found.consumed) == (True, "ada", ("nonce", "quota"))

    def test_form_is_pending_until_the_body(self, gate: Gate, ada: Issued) -> None:
        request, body = signed(ada, "POST", [("b", "2")], form=[("image", "a+b/c=="), ("a", "1"), ("b", "other")])
        found = verdict(request, gate)
        assert (found.allowed, found.pending, found.consumed, found.client) == (False, True, (), "")
        assert gate.ledger.used("ada", gate.day(NOON)) == (0, 0)
        ended = complete(found, request, body, gate)
        assert (ended.allowed, ended.client, ended.pending) == (True, "ada", False)
        assert gate.ledger.used("ada", gate.day(NOON)) == (1, 1)

    def test_another_form_is_refused(self, gate: Gate, ada: Issued) -> None:
        request, body = signed(ada, "POST", form=[("image", "abc")])
        found = complete(verdict(request, gate), request, body.replace(b"abc", b"abd"), gate)
        assert (found.allowed, found.code) == (False, "A400IS")
        assert "image=abd" in found.message
        assert gate.ledger.used("ada", gate.day(NOON)) == (0, 0)
        assert complete(verdict(request, gate), request, body, gate).allowed  # the nonce was not used up either

    def test_a_form_however_its_type_is_spelt(self, gate: Gate, ada: Issued) -> None:
        asked_for = asked(("Content-Type", "Application/X-WWW-Form-UrlEncoded ; charset=utf-8"), method="POST")
        request = sealed(ada, asked_for, form=[("image", "abc")])
        pending = verdict(request, gate)
        assert pending.pending
        assert complete(pending, request, b"image=abd", gate).code == "A400IS"
        assert complete(pending, request, b"image=abc", gate).allowed

    def test_body_digest(self, gate: Gate, ada: Issued) -> None:
        request, body = signed(ada, "POST", body=b'{"image":"abc"}')
        assert complete(verdict(request, gate), request, body, gate).allowed
        request, body = signed(ada, "POST", body=b'{"image":"abc"}', nonce="nonce-2")
        request = replace(request, request_id="R2")
        assert complete(verdict(request, gate), request, b'{"image":"abd"}', gate).code == "I400I5"

    @pytest.mark.parametrize("digest", ["!", "AAAA", "é"])
    def test_absurd_digest(self, gate: Gate, ada: Issued, digest: str) -> None:
        request, body = signed(ada, "POST", body=b"x")
        request = including(request, "Content-MD5", digest)
        assert complete(verdict(request, gate), request, body, gate).code == "I400I5"

    def test_a_body_without_a_digest_is_not_covered(self, gate: Gate, ada: Issued) -> None:
        request, _ = signed(ada, "POST", body=b"")
        assert verdict(request, gate).allowed

    def test_completion_belongs_to_its_request(self, gate: Gate, ada: Issued) -> None:
        request, body = signed(ada, "POST", form=[("image", "abc")])
        pending = verdict(request, gate)
        assert complete(pending, replace(request, request_id="R9"), body, gate).code == "X503BZ"
        assert complete(replace(pending, contract=Contract.BAIDU), request, body, gate).code == "X503BZ"
        refused = verdict(asked(), gate)
        assert complete(refused, request, body, gate) is refused

    def test_pending_survives_the_way_to_the_function(self, gate: Gate, ada: Issued) -> None:
        request, body = signed(ada, "POST", form=[("image", "abc")])
        there = Verdict.from_context(verdict(request, gate).to_context(), Contract.MARKET, "R1")
        assert there.pending
        assert complete(there, request, body, gate).allowed

    def test_replay(self, gate: Gate, ada: Issued) -> None:
        request, _ = signed(ada)
        assert verdict(request, gate).allowed
        again = verdict(replace(request, request_id="R2"), gate)
        assert (again.code, again.message, again.status) == ("A400NU", "Nonce Used", 400)
        assert gate.ledger.used("ada", gate.day(NOON)) == (1, 1)
        assert verdict(request, gate).allowed  # the same request, asked twice

    def test_one_nonce_for_two_keys(self, gate: Gate, ada: Issued) -> None:
        bob = add(gate, Contract.MARKET, "Bob", "bob")
        assert verdict(signed(ada)[0], gate).allowed
        assert verdict(replace(signed(bob)[0], request_id="R2"), gate).allowed

    @pytest.mark.parametrize(
        ("seconds", "code"), [(-900, ""), (900, ""), (-900.001, "A400TE"), (901, "A400TE"), (-1e6, "A400TE")]
    )
    def test_timestamp_window(self, gate: Gate, ada: Issued, seconds: float, code: str) -> None:
        assert verdict(signed(ada, at=NOON + seconds)[0], gate).code == code

    def test_a_nonce_outlives_its_window(self, gate: Gate, ada: Issued, clock: Clock) -> None:
        request, _ = signed(ada, at=NOON + 900)
        assert verdict(request, gate).allowed
        clock.at += 1800
        assert verdict(replace(request, request_id="R2"), gate).code == "A400NU"

    @pytest.mark.parametrize("stamp", ["soon", "-1", "1.5", "٣", "9" * 40, "1700000000000 "])
    def test_absurd_timestamp(self, gate: Gate, ada: Issued, stamp: str) -> None:
        assert verdict(including(signed(ada)[0], "X-Ca-Timestamp", stamp), gate).code == "A400IT"

    @pytest.mark.parametrize("name", ["X-Ca-Timestamp", "X-Ca-Nonce"])
    def test_missing_or_unsigned(self, gate: Gate, ada: Issued, name: str) -> None:
        request, _ = signed(ada)
        found = verdict(without(request, name.lower()), gate)
        assert (found.code, found.message) == ("I400MH", f"Header `{name}` is Required")
        assert verdict(including(request, name, ""), gate).code == "I400MH"
        listed = ",".join(n for n in (request.header("X-Ca-Signature-Headers") or "").split(",") if n != name)
        assert verdict(including(request, "X-Ca-Signature-Headers", listed), gate).code == "I400MH"

    def test_a_listed_header_that_is_missing(self, gate: Gate, ada: Issued) -> None:
        request, _ = signed(ada)
        names = f"{request.header('X-Ca-Signature-Headers')},X-Other"
        found = verdict(including(request, "X-Ca-Signature-Headers", names), gate)
        assert (found.code, found.message) == ("I400MH", "Header `X-Other` is Required")

    def test_listed_headers_that_are_never_signed_by_name(self, gate: Gate, ada: Issued) -> None:
        """Six have a line of their own or are the signature's; an empty name is none."""
        names = ["X-Ca-Signature", "x-ca-signature-headers", "Accept", "content-md5", "Content-Type", "DATE", "", " "]
        request = sealed(ada, asked(("Accept", "*/*"), ("Date", "today")), listed=names)
        assert verdict(request, gate).allowed

    def test_another_scheme_beside_it_decides_nothing(self, gate: Gate, ada: Issued) -> None:
        assert verdict(including(signed(ada)[0], "Authorization", "Bearer x"), gate).allowed

    def test_empty(self, gate: Gate, ada: Issued) -> None:
        found = verdict(without(signed(ada)[0], "x-ca-signature"), gate)
        assert (found.code, found.status, found.message) == ("A404ES", 404, "Empty Signature")

    def test_unknown_key(self, gate: Gate, ada: Issued) -> None:
        found = verdict(including(signed(ada)[0], "X-Ca-Key", "299999999"), gate)
        assert (found.code, found.status, found.message) == ("A400IK", 400, "Invalid AppKey")

    def test_unknown_method(self, gate: Gate, ada: Issued) -> None:
        assert verdict(including(signed(ada)[0], "X-Ca-Signature-Method", "HmacMD5"), gate).code == "I400HD"

    def test_absurd_nonce(self, gate: Gate, ada: Issued) -> None:
        assert verdict(including(signed(ada)[0], "X-Ca-Nonce", "n" * 300), gate).code == "I400HD"

    def test_mismatch_shows_what_the_server_signed(self, gate: Gate, ada: Issued) -> None:
        request, _ = signed(ada, query=[("url", "http://x/")])
        found = verdict(replace(request, query=(("url", "http://y/"),)), gate)
        text = dict(found.params)["StringToSign"]
        assert (found.code, found.status, found.client) == ("A400IS", 400, "")
        assert found.message == "Invalid Signature, Server StringToSign:" + text.replace("\n", "#")
        assert text.endswith(f"{PATH}?url=http://y/")
        assert text.startswith("GET\n")

    def test_the_message_is_one_safe_line(self, gate: Gate, ada: Issued) -> None:
        request, _ = signed(ada, query=[("url", "x")])
        found = verdict(replace(request, query=(("url", "é\r\nX-Evil: 1\0" + "z" * 5000),)), gate)
        assert len(found.message) == 2048
        assert found.message.isascii()
        assert found.message.isprintable()

    @pytest.mark.parametrize("wrong", ["", "AAAA", "é", "\ud800", "="])
    def test_another_signature(self, gate: Gate, ada: Issued, wrong: str) -> None:
        assert verdict(including(signed(ada)[0], "X-Ca-Signature", wrong), gate).code in ("A400IS", "A404ES")

    @pytest.mark.parametrize("name", ["X-Ca-Key", "X-Ca-Signature", "X-Ca-Nonce"])
    def test_repeated_with_another_value(self, gate: Gate, ada: Issued, name: str) -> None:
        request, _ = signed(ada)
        request = replace(request, headers=(*request.headers, (name.lower(), "other")))
        assert verdict(request, gate).code == "I400HD"

    def test_another_clients_secret(self, gate: Gate, ada: Issued) -> None:
        bob = add(gate, Contract.MARKET, "Bob", "bob")
        mixed = Issued(ada.client, {**ada.secrets, "app_secret": bob.secrets["app_secret"]})
        assert verdict(signed(mixed)[0], gate).code == "A400IS"

    def test_rotated(self, gate: Gate, ada: Issued) -> None:
        assert verdict(signed(ada)[0], gate).allowed
        rotate(gate, "ada")
        found = verdict(replace(signed(ada, nonce="nonce-2")[0], request_id="R2"), gate)
        assert (found.code, found.status, found.client) == ("A403EP", 403, "ada")

    def test_by_hand(self, gate: Gate, ada: Issued) -> None:
        """The documented layout, written out: header names as sent, sorted; first of a repeated parameter."""
        stamp = str(int(NOON * 1000))
        text = (
            "POST\n*/*\n\n" + FORM + "; charset=utf-8\nTue, 14 Nov 2023 22:13:20 GMT\n"
            f"x-ca-key:{ada.secrets['app_key']}\nx-ca-nonce:n\nx-ca-timestamp:{stamp}\n"
            f"{PATH}?a=1&flag&image=data 照"
        )
        mac = hmac.new(ada.secrets["app_secret"].encode(), text.encode(), hashlib.sha256).digest()
        request = asked(
            ("accept", "*/*"), ("content-type", FORM + "; charset=utf-8"), ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
            ("x-ca-key", ada.secrets["app_key"]), ("x-ca-nonce", "n"), ("x-ca-timestamp", stamp),
            ("x-ca-signature-headers", "x-ca-nonce, x-ca-timestamp,x-ca-key"),
            ("x-ca-signature", base64.b64encode(mac).decode()),
            query=[("a", "1"), ("flag", "")], method="POST",
        )  # fmt: skip
        body = urlencode([("image", "data 照"), ("a", "2")]).encode()
        assert complete(verdict(request, gate), request, body, gate).allowed

    def test_names_in_the_case_they_were_sent(self, gate: Gate, ada: Issued) -> None:
        """A server may hand header names on in lower case; the list keeps the case they were signed in."""
        request, _ = signed(ada)
        lowered = replace(request, headers=tuple((name.lower(), value) for name, value in request.headers))
        assert verdict(lowered, gate).allowed


class TestAnyInput:
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["authorization", "x-ca-key", "x-ca-signature", "x-ca-timestamp", "x-ca-nonce",
                                 "x-ca-signature-headers", "content-type", "content-md5"]),
                st.one_of(st.text(max_size=30), st.sampled_from(["APPCODE x", "x-ca-timestamp,x-ca-nonce", "0"])),
            ),
            max_size=8,
        ),
        st.lists(st.tuples(st.sampled_from(["appcode", "image"]), st.text(max_size=10)), max_size=3),
        st.binary(max_size=40),
    )  # fmt: skip
    def test_is_refused_with_a_code(self, headers: Headers, query: Headers, body: bytes) -> None:
        found = verdict(asked(*headers, query=query), NOBODY)
        found = complete(found, asked(*headers, query=query), body, NOBODY)
        assert not found.allowed
        assert found.code in MARKET
        assert found.message.isascii()
