"""faceverify v3: POST /rest/2.0/face/v3/faceverify; and the token route, GET and POST /oauth/2.0/token."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from baidu import contract, errors
from baidu.contract import Ask, ImageType
from baidu.want import WANT
from facecore.errors import ImageError
from facecore.report import Face
from gatekeeper import Contract, LedgerUnavailable, Verdict, baidu
from gatekeeper.request import FORM, new_id
from serving import flow, forms
from serving.body import BodyTimeout, BodyTooLarge, read_body
from serving.codes import Failure
from serving.deadline import Deadline, by
from serving.journal import Entry, describe
from serving.pool import Overloaded
from serving.routes import Route, Routes, described
from serving.service import Service

if TYPE_CHECKING:
    from fastapi import FastAPI

PATH = "/rest/2.0/face/v3/faceverify"
TOKEN_PATH = "/oauth/2.0/token"
MAX_FORM = 64 * 1024
JSON = "application/json;charset=UTF-8"


def refusal(verdict: Verdict) -> Response:
    """The platform's answer to a caller who may not call."""
    return Response(contract.write_platform_error(int(verdict.code), verdict.message), media_type=JSON)


def failure(failed: Failure, request_id: str) -> Response:
    """The API's error in its envelope, the platform's without."""
    if failed.code.code in errors.PLATFORM_CODES:
        body = contract.write_platform_error(int(failed.code.code), failed.message)
    else:
        body = contract.write_error(failed, log_id(request_id), int(time.time()))
    return Response(body, media_type=JSON)


def log_id(request_id: str) -> int:
    """A number for the request, 48 bits, the same for the same id."""
    return int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:6])


WORDS = flow.Words(
    Contract.BAIDU,
    contract.MAX_BODY,
    refusal,
    failure,
    errors.CAUSES,
    told_id=lambda request_id: str(log_id(request_id)),
)


async def answer(call: flow.Call) -> Response:
    """The judgement of a call's photos."""
    body = await call.body(contract.MAX_BODY)
    kind = call.request.headers.get("content-type", "")
    asks = await call.read(partial(contract.read_request, kind), body)
    call.entry.images = len(asks)
    fetched = await asyncio.gather(*(_fetch(call, ask) for ask in asks), return_exceptions=True)
    found = [_or_raise(item) for item in fetched]  # the first that can not be had, not the one that failed first

    def work() -> bytes:
        faces, bare = _faces(call, asks, found), call.verdict.settings.bare_body
        with call.stage("words"):
            result = contract.write_result(asks, faces, call.service.thresholds)
            return contract.write_answer(result, log_id(call.request_id), int(time.time()), bare)

    return Response(await call.work(work), media_type=JSON)


async def _fetch(call: flow.Call, ask: Ask) -> bytes | Face | None:
    """What has to be fetched for one photo: the bytes behind a URL, or the face kept under a token."""
    if ask.kind is ImageType.URL:
        return await call.download(ask.value, contract.MAX_IMAGE)
    if ask.kind is ImageType.FACE_TOKEN:
        kept = await call.service.access.run(lambda: call.service.gate.recall_face(call.verdict, ask.value))
        if kept is None:
            raise Failure(errors.UNKNOWN_TOKEN)
        return Face.from_dict(json.loads(kept))
    return None


def _or_raise(item: bytes | Face | BaseException | None) -> bytes | Face | None:
    if isinstance(item, BaseException):
        raise item
    return item


def _faces(call: flow.Call, asks: list[Ask], found: list[bytes | Face | None]) -> list[tuple[str, Face]]:
    """Every photo's token and face: kept ones as they are, the others analysed in one batch and kept.

    Raises:
        Failure, facecore.errors.ImageError: One of the photos is not base64, or else what is wrong with the first that
            something is wrong with; none of the photos is kept then.
    """
    given = zip(asks, found, strict=True)
    images = [
        contract.decode_image(ask.value) if item is None else item for ask, item in given if not isinstance(item, Face)
    ]
    reports = call.service.analyzer.analyse_batch(images, WANT, faces=1) if images else []
    made = []
    for report in reports:
        if isinstance(report, ImageError):
            raise report
        contract.check_face(report.faces[0])
        made.append(report.faces[0])
    gate = call.service.gate
    kept = iter(
        [
            (gate.remember_face(call.verdict, image, json.dumps(face.as_dict(), separators=(",", ":"))), face)
            for image, face in zip(images, made, strict=True)
        ]
    )
    return [(ask.value, item) if isinstance(item, Face) else next(kept) for ask, item in zip(asks, found, strict=True)]


async def token(request: Request, service: Service) -> Response:
    """The token route: its parameters may be in the query, in a urlencoded body, or in both."""
    entry = Entry(Contract.BAIDU.value, new_id())
    try:
        body = await read_body(request, MAX_FORM, service.settings.body_seconds) if request.method == "POST" else b""
        params = forms.pairs(request.scope["query_string"]) + forms.pairs(body)
        named = [(name.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for name, value in params]
        async with by(Deadline.of(request.scope).booking):
            grant = await service.access.run(lambda: baidu.grant(named, service.gate))
    except (BodyTooLarge, BodyTimeout, forms.Malformed):
        grant = baidu.Grant(400, {"error_description": "The request can not be read", "error": "invalid_request"})
    except Exception as error:
        if not isinstance(error, LedgerUnavailable | Overloaded):
            entry.fault = describe(error)
        grant = baidu.Grant(
            503, {"error_description": "Service temporarily unavailable", "error": "temporarily_unavailable"}
        )
    response = Response(json.dumps(grant.body), grant.status, {"Cache-Control": "no-store"}, JSON)
    entry.code = str(grant.body.get("error", "token"))
    return flow.note(request, service, entry, response)


def routes(service: Service) -> Routes:
    """What the contract answers."""

    async def face_verify(request: Request) -> Response:
        """Judges 1, 3 or 8 photos; `access_token` in the query, or a `bce-auth-v1` signature in `Authorization`."""
        return await flow.run(request, service, WORDS, baidu.verdict, answer)

    async def get_token(request: Request) -> Response:
        """Grants an access token for 30 days."""
        return await token(request, service)

    async def post_token(request: Request) -> Response:
        """Grants an access token for 30 days."""
        return await token(request, service)

    async def unrouted(request: Request, error: HTTPException) -> Response:
        return flow.lost(request, service, WORDS, errors.WRONG_METHOD)

    found = (
        Route("POST", PATH, face_verify),
        Route("GET", TOKEN_PATH, get_token),
        Route("POST", TOKEN_PATH, post_token),
    )
    return Routes(found, unrouted)


def create_app(service: Service) -> FastAPI:
    """The contract as an ASGI app with its OpenAPI page."""
    from baidu import schema
    from serving import openapi

    app = openapi.page("faceverify", "/rest/2.0/face/v3")
    key = openapi.key(app, "access_token", "query", "what the token route gave")
    photos = openapi.body({"application/json": schema.VerifyRequest})
    form = openapi.body({FORM: schema.TokenRequest})
    denied: dict[int | str, dict[str, Any]] = {status: {"model": schema.TokenRefusal} for status in (400, 401, 503)}
    granted: dict[str, Any] = {"response_model": schema.TokenAnswer, "responses": denied}
    told = {
        "face_verify": {"openapi_extra": photos | key, "response_model": schema.Envelope | schema.Result},
        "get_token": granted | {"openapi_extra": openapi.query(schema.TokenRequest)},
        "post_token": granted | {"openapi_extra": form},
    }
    return described(app, routes(service), told)
