"""Baidu's tokens, token route and header signatures: the vendor's own client, and every code."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper import Contract, Gate, Request, Settings, State, bce
from gatekeeper.baidu import ACCESS, REFRESH, Grant, grant, make, parse, verdict
from gatekeeper.credentials import Issued, add, change, revoke, rotate, set_state
from gatekeeper.refusals import BAIDU
from tests.unit.gatekeeper.conftest import Clock, limited
from tests.unit.gatekeeper.nobody import NOBODY, NOON

PATH = "/rest/2.0/face/v3/faceverify"
NOW = int(NOON)
MONTH = 2_592_000
STAMP = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW))


@pytest.fixture
def ada(gate: Gate) -> Issued:
    return add(gate, Contract.BAIDU, "Ada", "ada")


def asked(
    token: str | None = None, *headers: tuple[str, str], query: tuple[tuple[str, str], ...] = (), request_id: str = "R1"
) -> Request:
    query = query if token is None else (*query, ("access_token", token))
    return Request("POST", PATH, query, headers, request_id)


def code(gate: Gate, request: Request) -> str:
    found = verdict(request, gate)
    assert found.allowed is (found.code == "")
    assert found.status == 200
    assert found.allowed or found.message == BAIDU[found.code].text
    return found.code


def granted(gate: Gate, issued: Issued, **more: str) -> Grant:
    texts = issued.secrets
    params = {"grant_type": "client_credentials", "client_id": texts["api_key"], "client_secret": texts["secret_key"]}
    return grant(list((params | more).items()), gate)


def token(gate: Gate, issued: Issued, kind: str = "access_token") -> str:
    return str(granted(gate, issued).body[kind])


class TestToken:
    def test_shape(self, gate: Gate, ada: Issued) -> None:
        number = ada.secrets["app_id"]
        assert re.fullmatch(rf"24\.[0-9a-f]{{32}}\.2592000\.{NOW + MONTH}\.282335-{number}", token(gate, ada))
        refresh = token(gate, ada, "refresh_token")
        assert re.fullmatch(rf"25\.[0-9a-f]{{32}}\.315360000\.{NOW + 315_360_000}\.282335-{number}", refresh)

    def test_opens(self, gate: Gate, ada: Issued) -> None:
        found = verdict(asked(token(gate, ada)), gate)
        assert (found.allowed, found.client, found.account) == (True, "ada", ada.secrets["app_id"])
        assert found.consumed == ("quota",)

    def test_several_at_once(self, gate: Gate, ada: Issued, clock: Clock) -> None:
        first = token(gate, ada)
        clock.at += 60
        second = token(gate, ada)
        assert first != second
        assert code(gate, asked(first)) == code(gate, asked(second, request_id="R2")) == ""

    def test_111_expired(self, gate: Gate, ada: Issued, clock: Clock) -> None:
        given = token(gate, ada)
        clock.at += MONTH - 1
        assert code(gate, asked(given)) == ""
        clock.at += 1
        found = verdict(asked(given, request_id="R2"), gate)
        assert (found.code, found.client) == ("111", "ada")

    def test_110_any_changed_character(self, gate: Gate, ada: Issued) -> None:
        given = token(gate, ada)
        for place, character in enumerate(given):
            other = "1" if character != "1" else "2"
            changed = given[:place] + other + given[place + 1 :]
            assert code(gate, asked(changed)) == "110", changed
        assert code(gate, asked(given.replace(".2592000.", ".315360000."))) == "110"

    @pytest.mark.parametrize("value", [None, "", "24", "24.x", "x" * 5000, "é", "\ud800", "24." + "0" * 32])
    def test_110_malformed_or_missing(self, gate: Gate, ada: Issued, value: str | None) -> None:
        assert code(gate, asked(value)) == "110"

    def test_110_a_refresh_token_opens_nothing(self, gate: Gate, ada: Issued) -> None:
        assert code(gate, asked(token(gate, ada, "refresh_token"))) == "110"

    def test_110_of_another_installation(self, gate: Gate, ada: Issued) -> None:
        forged = make(ACCESS, ada.client, NOON, NOBODY.vault)
        assert code(gate, asked(forged)) == "110"

    def test_110_of_an_app_that_is_gone(self, gate: Gate, ada: Issued) -> None:
        ghost = replace(ada.client, account="19999999")
        assert code(gate, asked(make(ACCESS, ghost, NOON, gate.vault))) == "110"

    def test_a_forged_token_costs_no_look_up(self, gate: Gate, ada: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
        given = token(gate, ada)

        def never(lookup: str) -> None:
            raise AssertionError(lookup)

        monkeypatch.setattr(gate.ledger, "find", never)
        changed = given.replace(given[3:19], "0" * 16)
        assert code(gate, asked(changed)) == "110"

    def test_headers_beside_it_decide_nothing(self, gate: Gate, ada: Issued) -> None:
        headers = [("Authorization", f"bce-auth-v1/{wrong}") for wrong in "xy"]
        assert code(gate, asked(token(gate, ada), *headers)) == ""

    def test_repeated(self, gate: Gate, ada: Issued) -> None:
        given = token(gate, ada)
        assert code(gate, asked(given, query=(("access_token", given),))) == ""
        assert code(gate, asked(given, query=(("access_token", "x"),), request_id="R2")) == "110"

    def test_revoked_at_once_in_every_process(self, gate: Gate, ada: Issued) -> None:
        given = token(gate, ada)
        other = Gate(gate.ledger, gate.vault, gate.now)
        assert code(gate, asked(given)) == code(other, asked(given, request_id="R2")) == ""
        revoke(other, "ada")
        assert code(gate, asked(given, request_id="R3")) == "110"
        assert code(other, asked(given, request_id="R4")) == "110"
        assert code(gate, asked(token(gate, ada), request_id="R5")) == ""

    def test_rotation_ends_tokens_unless_there_is_grace(self, gate: Gate, ada: Issued) -> None:
        given = token(gate, ada)
        new = rotate(gate, "ada", grace=60)
        assert code(gate, asked(given)) == ""
        assert granted(gate, ada).status == 200
        rotate(gate, "ada")
        assert code(gate, asked(given, request_id="R2")) == "110"
        assert granted(gate, new).body["error"] == "invalid_client"


class TestStanding:
    @pytest.mark.parametrize("door", ["token", "header"])
    @pytest.mark.parametrize(
        ("case", "expected"),
        [("disabled", "15"), ("suspended", "6"), ("expired", "6"), ("total", "19"), ("day", "17"), ("rate", "18")],
    )
    def test_refused(self, gate: Gate, ada: Issued, clock: Clock, door: str, case: str, expected: str) -> None:
        def request(number: int) -> Request:
            name = f"R{number}"
            return asked(held, request_id=name) if door == "token" else replace(by_header(ada), request_id=name)

        held = token(gate, ada)
        assert code(gate, request(0)) == ""
        if case in ("disabled", "suspended"):
            set_state(gate, "ada", State(case))
        elif case == "expired":
            change(gate, "ada", lambda client: replace(client, expires=clock.at))
        else:
            limit = "rate" if case == "rate" else f"quota_{case}"
            change(gate, "ada", lambda client: limited(client, limit, 1))
            if case == "rate":
                assert code(gate, request(1)) == ""
        found = verdict(request(2), gate)
        assert (found.code, found.client) == (expected, "ada")


class TestGrant:
    def test_keys_in_order(self, gate: Gate, ada: Issued) -> None:
        made = granted(gate, ada)
        keys = ["refresh_token", "expires_in", "scope", "session_key", "access_token", "session_secret"]
        assert (made.status, list(made.body)) == (200, keys)
        assert made.body["expires_in"] == MONTH
        assert "brain_all_scope" in str(made.body["scope"]).split(" ")

    def test_scope_is_a_setting(self, gate: Gate, ada: Issued) -> None:
        change(gate, "ada", lambda client: replace(client, settings=Settings(scope="public")))
        assert granted(gate, ada).body["scope"] == "public"

    def test_refresh(self, gate: Gate, ada: Issued, clock: Clock) -> None:
        old = granted(gate, ada).body
        clock.at += MONTH
        made = granted(gate, ada, grant_type="refresh_token", refresh_token=str(old["refresh_token"]))
        assert made.status == 200
        assert code(gate, asked(str(made.body["access_token"]))) == ""
        assert code(gate, asked(str(old["access_token"]), request_id="R2")) == "111"

    @pytest.mark.parametrize("case", ["access", "other", "expired", "revoked", "altered", "garbage"])
    def test_wrong_refresh_token(self, gate: Gate, ada: Issued, clock: Clock, case: str) -> None:
        bob = add(gate, Contract.BAIDU, "Bob", "bob")
        value = {
            "access": token(gate, ada), "other": token(gate, bob, "refresh_token"), "garbage": "25.x",
            "expired": make(REFRESH, ada.client, NOON - 315_360_000, gate.vault),
            "revoked": token(gate, ada, "refresh_token"),
            "altered": "25." + "0" * 16 + token(gate, ada, "refresh_token")[19:],
        }[case]  # fmt: skip
        if case == "revoked":
            revoke(gate, "ada")
        made = granted(gate, ada, grant_type="refresh_token", refresh_token=value)
        assert (made.status, made.body["error"]) == (400, "invalid_grant")

    @pytest.mark.parametrize(
        ("more", "status", "error", "text"),
        [
            ({"client_id": "nobody"}, 401, "invalid_client", "unknown client id"),
            ({"client_id": "\ud800"}, 401, "invalid_client", "unknown client id"),
            ({"client_secret": "wrong"}, 401, "invalid_client", "Client authentication failed"),
            ({"client_secret": "\ud800"}, 401, "invalid_client", "Client authentication failed"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type",
             "The authorization grant type is not supported"),
            ({"grant_type": ""}, 400, "invalid_request", "The request parameter grant_type is missing"),
            ({"client_id": ""}, 400, "invalid_request", "The request parameter client_id is missing"),
            ({"client_secret": ""}, 400, "invalid_request", "The request parameter client_secret is missing"),
            ({"grant_type": "refresh_token"}, 400, "invalid_request",
             "The request parameter refresh_token is missing"),
        ],
    )  # fmt: skip
    def test_errors(self, gate: Gate, ada: Issued, more: dict[str, str], status: int, error: str, text: str) -> None:
        made = granted(gate, ada, **more)
        assert (made.status, made.body) == (status, {"error_description": text, "error": error})
        assert list(made.body) == ["error_description", "error"]

    def test_repeated_parameter(self, gate: Gate, ada: Issued) -> None:
        made = grant([("grant_type", "client_credentials"), ("gr\nant", "a"), ("gr\nant", "b")], gate)
        assert (made.status, made.body["error"]) == (400, "invalid_request")
        assert made.body["error_description"] == "The request parameter gr?ant is repeated"

    def test_blanks_around_the_credentials(self, gate: Gate, ada: Issued) -> None:
        blanks = {"client_id": f" {ada.secrets['api_key']}\n", "client_secret": f" {ada.secrets['secret_key']}\n"}
        assert granted(gate, ada, **blanks).status == 200

    @pytest.mark.parametrize("state", [State.DISABLED, State.SUSPENDED])
    def test_stopped_client(self, gate: Gate, ada: Issued, state: State) -> None:
        set_state(gate, "ada", state)
        assert granted(gate, ada).status == 401

    def test_a_client_whose_time_is_over(self, gate: Gate, ada: Issued) -> None:
        change(gate, "ada", lambda client: replace(client, expires=NOON))
        assert granted(gate, ada).body["error_description"] == "Client authentication failed"

    def test_a_key_of_another_contract(self, gate: Gate) -> None:
        other = add(gate, Contract.TENCENT)
        params = [("grant_type", "client_credentials"), ("client_id", other.secrets["secret_id"])]
        assert grant([*params, ("client_secret", other.secrets["secret_key"])], gate).status == 401


def by_header(issued: Issued, start: float = NOON, expiry: int = 1800, **changes: str) -> Request:
    """A request signed by the documented rules, headers listed unsorted as the Python client does."""
    headers = {"Content-Type": "application/json", "Host": "api.example", "x-bce-date": STAMP}
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start))
    prefix = f"bce-auth-v1/{issued.secrets['api_key']}/{stamp}/{expiry}"
    listed = changes.get("listed", "content-type;host;x-bce-date")
    covered = [name for name in headers if not listed or name.lower() in listed.lower().split(";")]
    lines = "\n".join(sorted(f"{name.lower()}:{quote(headers[name], safe='')}" for name in covered))
    text = f"POST\n{PATH}\naipSdk=python&aipVersion=4&name=a%20b\n{lines}"
    key = hmac.new(issued.secrets["secret_key"].encode(), prefix.encode(), hashlib.sha256).hexdigest()
    mac = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = f"{prefix}/{listed}/{mac}"
    query = (("name", "a b"), ("aipVersion", "4"), ("aipSdk", "python"))
    return Request("POST", PATH, query, tuple(headers.items()), "R1")


class TestHeader:
    def test_the_vendors_client(self, gate: Gate, ada: Issued) -> None:
        from aip import AipFace

        client = AipFace(ada.secrets["app_id"], ada.secrets["api_key"], ada.secrets["secret_key"])
        client._isCloudUser = True
        url = f"http://api.example:8080{PATH}"
        params = {"aipSdk": "python", "aipVersion": "4.15.13"}
        headers = client._getAuthHeaders("POST", url, dict(params), {"Content-Type": "application/json"})
        real = Gate(gate.ledger, gate.vault)
        found = verdict(Request("POST", PATH, tuple(params.items()), tuple(headers.items()), "R1"), real)
        assert (found.allowed, found.client) == (True, "ada")

    @pytest.mark.parametrize("listed", ["content-type;host;x-bce-date", "Host;Content-Type", "host"])
    def test_by_the_rules(self, gate: Gate, ada: Issued, listed: str) -> None:
        request = by_header(ada, listed=listed)
        assert code(gate, request) == ""
        more = (("Authorization", "x"), *request.query)
        assert code(gate, replace(request, query=more, request_id="R2")) == ""

    def test_java_lists_no_headers(self, gate: Gate, ada: Issued) -> None:
        request = by_header(ada, listed="")
        assert code(gate, request) == ""
        more = replace(request, headers=(*request.headers, ("User-Agent", "x")), request_id="R2")
        assert code(gate, more) == ""
        for name in ("x-bce-other", "Content-Length", "Content-MD5"):
            assert code(gate, replace(request, headers=(*request.headers, (name, "1")), request_id="R3")) == "14"

    @pytest.mark.parametrize(
        "change",
        [
            {"method": "GET"}, {"path": PATH + "/"}, {"query": ()},
            {"query": (("name", "a c"), ("aipVersion", "4"), ("aipSdk", "python"))},
        ],
    )  # fmt: skip
    def test_14_another_request(self, gate: Gate, ada: Issued, change: dict[str, object]) -> None:
        assert code(gate, replace(by_header(ada), **change)) == "14"  # type: ignore[arg-type]

    @pytest.mark.parametrize("name", ["Host", "Content-Type", "x-bce-date"])
    def test_14_another_or_repeated_header(self, gate: Gate, ada: Issued, name: str) -> None:
        request = by_header(ada)
        kept = tuple(pair for pair in request.headers if pair[0] != name)
        assert code(gate, replace(request, headers=(*kept, (name, "other")))) == "14"
        assert code(gate, replace(request, headers=(*request.headers, (name, "other")))) == "14"

    def test_14_host_left_out(self, gate: Gate, ada: Issued) -> None:
        assert code(gate, by_header(ada, listed="content-type;x-bce-date")) == "14"

    @pytest.mark.parametrize(
        ("seconds", "expected"), [(-2100, ""), (-2101, "14"), (300, ""), (301, "14"), (-1e7, "14"), (1e7, "14")]
    )
    def test_14_out_of_time(self, gate: Gate, ada: Issued, seconds: float, expected: str) -> None:
        assert code(gate, by_header(ada, start=NOON + seconds)) == expected

    @pytest.mark.parametrize(("expiry", "expected"), [(1, ""), (86_400, ""), (86_401, "14"), (0, "14")])
    def test_14_expiry_out_of_range(self, gate: Gate, ada: Issued, expiry: int, expected: str) -> None:
        assert code(gate, by_header(ada, expiry=expiry)) == expected

    def test_14_unknown_and_wrong_are_one_answer(self, gate: Gate, ada: Issued) -> None:
        for name in ("api_key", "secret_key"):
            other = Issued(ada.client, {**ada.secrets, name: "x" * 24})
            found = verdict(by_header(other), gate)
            assert (found.code, found.client) == ("14", "")

    def test_14_an_unknown_key_is_checked_like_a_wrong_one(
        self, gate: Gate, ada: Issued, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened: list[str] = []
        opener = type(gate.vault).open

        def counted(vault: object, sealed: bytes, bound: str) -> bytes:
            opened.append(bound)
            return opener(gate.vault, sealed, bound)

        monkeypatch.setattr(type(gate.vault), "open", counted)
        for name in ("api_key", "secret_key"):
            verdict(by_header(Issued(ada.client, {**ada.secrets, name: "x" * 24})), gate)
        assert opened == ["decoy", f"baidu:apikey:{ada.secrets['api_key']}"]

    def test_14_rotated(self, gate: Gate, ada: Issued) -> None:
        assert code(gate, by_header(ada)) == ""
        new = rotate(gate, "ada")
        assert code(gate, replace(by_header(ada), request_id="R2")) == "14"
        assert code(gate, replace(by_header(new), request_id="R3")) == ""

    def test_13_a_secret_that_does_not_open(self, gate: Gate, ada: Issued) -> None:
        assert code(Gate(gate.ledger, NOBODY.vault, gate.now), by_header(ada)) == "13"

    def test_110_another_scheme(self, gate: Gate, ada: Issued) -> None:
        assert code(gate, asked(None, ("Authorization", "Bearer x"))) == "110"

    def test_a_token_goes_before_the_header(self, gate: Gate, ada: Issued) -> None:
        request = by_header(ada)
        assert code(gate, replace(request, query=(*request.query, ("access_token", "x")))) == "110"


class TestAnyInput:
    @given(st.one_of(st.text(max_size=100), st.from_regex(r"2[45]\.[0-9a-f]{32}\.2592000\.\d{1,13}\.282335-\d{1,21}")))
    def test_tokens(self, value: str) -> None:
        found = parse(value)
        assert found is None or found.expires >= 0
        assert verdict(asked(value), NOBODY).code == "110"

    @given(
        st.one_of(
            st.text(max_size=80),
            st.from_regex(
                r"bce-auth-v1/[a-z]{1,9}/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/\d{1,9}/(host;[a-z;]{0,9})?/[0-9a-f]{64}"
            ),
        ),
        st.text(max_size=9),
    )
    def test_headers(self, value: str, other: str) -> None:
        request = asked(None, ("Authorization", f"bce-auth-v1/{value}"), ("Host", other), query=((other, other),))
        assert verdict(request, NOBODY).code == "14"
        assert verdict(asked(None, ("Authorization", value), ("Host", other)), NOBODY).code in ("14", "110")

    @given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
    def test_any_value_has_a_canonical_form(self, path: str, key: str, value: str) -> None:
        request = Request("POST", path, ((key, value),), (("Host", value),))
        assert bce.canonical(request, ("host",)).isascii()

    @given(st.lists(st.tuples(st.sampled_from(["grant_type", "client_id", "client_secret"]), st.text(max_size=9))))
    def test_grants(self, params: list[tuple[str, str]]) -> None:
        made = grant(params, NOBODY)
        assert made.status in (400, 401)
        assert list(made.body) == ["error_description", "error"]
