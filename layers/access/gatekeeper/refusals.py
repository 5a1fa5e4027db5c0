"""The vendors' own words for "no": what each contract's gateway answers when access is refused.

Market: codes, status and texts of Alibaba Cloud API Gateway's error code table. Its page keys the signature errors
by text only; the six characters of ``A400IS``, ``A404ES``, ``A400IT``, ``A400TE`` and ``A400NU`` follow the table's
own scheme (origin, status, initials) and clients should branch on the text, as the vendor's demos do.
Tencent: the table of ``livedetectpicture``; the HTTP status by code is not documented, these follow the sibling API.
Baidu: the platform's common codes, always as HTTP 200.
"""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.types import Client, Contract, Settings
from gatekeeper.verdict import Verdict, printable


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row of a vendor's table.

    Attributes:
        status: The HTTP status that goes with it.
        text: The vendor's words; ``{Name}`` is filled from the verdict's parameters.
    """

    status: int
    text: str


MARKET: dict[str, Refusal] = {
    "A400AC": Refusal(400, "{Text}"),
    "A400MA": Refusal(400, "Need authorization, `X-Ca-Key` or `Authorization: APPCODE ...` is required"),
    "A400IK": Refusal(400, "Invalid AppKey"),
    "A400IS": Refusal(400, "Invalid Signature, Server StringToSign:{StringToSign}"),
    "A404ES": Refusal(404, "Empty Signature"),
    "A400IT": Refusal(400, "Invalid Timestamp"),
    "A400TE": Refusal(400, "Timestamp Expired"),
    "A400NU": Refusal(400, "Nonce Used"),
    "A403EP": Refusal(403, "App authorization expired"),
    "I400MH": Refusal(400, "Header `{HeaderName}` is Required"),
    "I400HD": Refusal(400, "Invalid Header `{HeaderName}` {Reason}"),
    "I400I5": Refusal(400, "Invalid Content-MD5"),
    "I403AA": Refusal(403, "Unauthorized"),
    "B403ME": Refusal(403, "Api Market Subscription expired"),
    "B403MI": Refusal(403, "Api Market Subscription invalid"),
    "B403MQ": Refusal(403, "Api Market Subscription quota exhausted"),
    "T429ID": Refusal(429, "Throttled by APP Flow Control"),
    "T429MR": Refusal(429, "Too Many Requests, throttle by day quota"),
    "X503BZ": Refusal(503, "Service Busy"),
}
"""X-Ca-Error-Code to status and X-Ca-Error-Message."""

TENCENT: dict[str, Refusal] = {
    "3": Refusal(403, "account abnormal,errorno is:2"),
    "4": Refusal(401, "签名为空"),
    "5": Refusal(401, "签名串错误"),
    "6": Refusal(403, "签名中的 APPID/Bucket 与操作目标不匹配"),
    "9": Refusal(401, "签名过期"),
    "10": Refusal(404, "APPID 不存在"),
    "11": Refusal(401, "SecretId 不存在"),
    "12": Refusal(401, "APPID 和 SecretId 不匹配"),
    "13": Refusal(403, "重放攻击"),
    "14": Refusal(401, "签名校验失败"),
    "15": Refusal(403, "操作太频繁，触发频控"),
    "16": Refusal(404, "Bucket 不存在"),
    "107": Refusal(503, "鉴权服务不可用"),
    "108": Refusal(503, "鉴权服务不可用"),
}
"""``code`` to status and ``message``."""

BAIDU: dict[str, Refusal] = {
    "2": Refusal(200, "Service temporarily unavailable"),
    "4": Refusal(200, "Open api request limit reached"),
    "6": Refusal(200, "No permission to access data"),
    "13": Refusal(200, "Get service token failed"),
    "14": Refusal(200, "IAM Certification failed"),
    "15": Refusal(200, "app not exsits or create failed"),
    "17": Refusal(200, "Open api daily request limit reached"),
    "18": Refusal(200, "Open api qps request limit reached"),
    "19": Refusal(200, "Open api total request limit reached"),
    "110": Refusal(200, "Access token invalid or no longer valid"),
    "111": Refusal(200, "Access token expired"),
}
"""``error_code`` to status (always 200) and ``error_msg``."""

TABLES: dict[Contract, dict[str, Refusal]] = {
    Contract.MARKET: MARKET,
    Contract.TENCENT: TENCENT,
    Contract.BAIDU: BAIDU,
}

_UNAVAILABLE = {Contract.MARKET: "X503BZ", Contract.TENCENT: "107", Contract.BAIDU: "2"}
_BUSY = {Contract.MARKET: "X503BZ", Contract.TENCENT: "108", Contract.BAIDU: "4"}


def refuse(
    contract: Contract,
    code: str,
    request_id: str,
    client: Client | None = None,
    consumed: tuple[str, ...] = (),
    **params: str,
) -> Verdict:
    """A refusal with its vendor's status and words.

    Args:
        contract: Whose table.
        code: A key of that table.
        request_id: The request that is refused.
        client: Who called, once that is proven; it is what the refusal is counted for.
        consumed: What the decision took all the same.
        params: What fills the text.
    """
    row = TABLES[contract][code]
    message = row.text.format(**params)
    return Verdict(
        allowed=False,
        contract=contract,
        request_id=request_id,
        client=client.id if client else "",
        account=client.account if client else "",
        code=code,
        message=printable(message) if contract is Contract.MARKET else message,
        params=tuple(params.items()),
        status=row.status,
        consumed=consumed,
        settings=client.settings if client else Settings(),
    )


def unavailable(contract: Contract, request_id: str) -> Verdict:
    """The refusal when the ledger cannot be reached, or when no authorizer's verdict came along."""
    return refuse(contract, _UNAVAILABLE[contract], request_id)


def busy(contract: Contract, request_id: str) -> Verdict:
    """The refusal when the ledger is over its own limits."""
    return refuse(contract, _BUSY[contract], request_id)
