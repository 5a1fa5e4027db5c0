"""Calls as the contracts take them, how each contract refuses a caller, and a ledger that does not answer."""

from __future__ import annotations

from typing import Any

from aliyun_api_gateway import ApiGatewayClient, ApiGatewayRequest

from gatekeeper import Contract
from tests.contract import kit

FORM = {"image": kit.b64(kit.portrait())}
ASK = [{"image": kit.b64(kit.portrait()), "image_type": "BASE64"}]


def photo() -> dict[str, Any]:
    """A multipart body for Tencent's route."""
    return {"files": {"image": ("a.jpg", kit.portrait())}}


def gateway(response: Any, code: str, status: int, message: str) -> None:
    """An error of the market's gateway: no body, three headers."""
    assert response.content == b""
    assert (response.headers["x-ca-error-code"], response.status_code) == (code, status)
    assert response.headers["x-ca-error-message"] == message
    request_id = response.headers["x-ca-request-id"]
    assert (len(request_id), request_id) == (36, request_id.upper())


def refused(response: Any, code: int, status: int, message: str) -> None:
    """Tencent's own body."""
    assert (response.status_code, response.json()) == (status, {"code": code, "message": message})


def platform(response: Any, code: int, message: str) -> None:
    """Baidu's platform error: two members, always with status 200."""
    assert (response.status_code, response.json()) == (200, {"error_code": code, "error_msg": message})


def signed(bench: kit.Bench, form: Any = None, body: Any = None, **changes: Any) -> Any:
    """A market call signed by the gateway's client, changed before it is sent."""
    secrets = bench.secrets[Contract.MARKET]
    key, secret = changes.pop("key", secrets["app_key"]), changes.pop("secret", secrets["app_secret"])
    method = changes.pop("method", "HmacSHA256")
    client = ApiGatewayClient(str(bench.http.base_url), key, secret, signature_method=method, clock=bench.clock)
    more = {"form": form} if form is not None else {"body": body, "content_type": "application/json"}
    asked = ApiGatewayRequest("POST", "/market/liveness", **more)
    made = client.sign(asked, timestamp=changes.pop("timestamp", None), nonce=changes.pop("nonce", None))
    headers = dict(made.headers) | changes.pop("headers", {})
    content = changes.pop("content", made.body)
    return bench.http.post("/market/liveness", content=content, headers={k: v for k, v in headers.items() if v})


class Away:
    """A ledger that does not answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def refuse(*args: Any, **more: Any) -> Any:
            raise self.error

        return refuse
