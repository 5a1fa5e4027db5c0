"""Ready-to-paste curl lines for the demo clients."""

from __future__ import annotations

import time
from collections.abc import Mapping

from gatekeeper import Contract, Gate, tencent
from gatekeeper.demo import Demo, ensure_demo

PHOTO = "tests/data/eileen_collins.jpg"
_SIGNED_DAYS = 30


def curl_lines(gate: Gate, base: str, photo: str = PHOTO) -> dict[Contract, str]:
    """One shell line for each contract whose demo credentials still open its door.

    Args:
        gate: Where the demo clients live; they are created if they are missing.
        base: The server's address, without a slash at its end.
        photo: The photo's path, as the shell will see it.
    """
    writers = {Contract.MARKET: _market, Contract.TENCENT: _tencent, Contract.BAIDU: _baidu}
    return {
        contract: writers[contract](demo.secrets, base, photo, gate)
        for contract, demo in _live(ensure_demo(gate)).items()
    }


def _live(demos: Mapping[Contract, Demo]) -> dict[Contract, Demo]:
    return {contract: demo for contract, demo in demos.items() if demo.live}


def _market(secrets: Mapping[str, str], base: str, photo: str, gate: Gate) -> str:
    return (
        f"base64 < {photo} | tr -d '\\n' | curl -sS -w '\\n' {base}/market/liveness "
        f"-H 'Authorization: APPCODE {secrets['appcode']}' --data-urlencode image@-"
    )


def _tencent(secrets: Mapping[str, str], base: str, photo: str, gate: Gate) -> str:
    start = int(gate.now())
    end = start + _SIGNED_DAYS * 86_400
    key = secrets["secret_key"].encode()
    signature = tencent.sign(secrets["appid"], secrets["secret_id"], key, start, end, time.time_ns() % 10**9)
    return (
        f"curl -sS -w '\\n' {base}/face/livedetectpicture -H 'Authorization: {signature}' "
        f"-F appid={secrets['appid']} -F image=@{photo}"
    )


def _baidu(secrets: Mapping[str, str], base: str, photo: str, gate: Gate) -> str:
    ask = (
        f"{base}/oauth/2.0/token?grant_type=client_credentials"
        f"&client_id={secrets['api_key']}&client_secret={secrets['secret_key']}"
    )
    return (
        f'TOKEN=$(curl -sS \'{ask}\' | sed \'s/.*"access_token": *"\\([^"]*\\)".*/\\1/\'); '
        f"{{ printf '[{{\"image\":\"'; base64 < {photo} | tr -d '\\n'; "
        f'printf \'","image_type":"BASE64","face_field":"age,gender,quality"}}]\'; }} | '
        f'curl -sS -w "\\n" "{base}/rest/2.0/face/v3/faceverify?access_token=$TOKEN" '
        "-H 'Content-Type: application/json' --data-binary @-"
    )
