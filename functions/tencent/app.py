"""livedetectpicture: POST /face/livedetectpicture."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gatekeeper import Contract, Verdict, tencent
from serving import flow
from serving.codes import Failure
from serving.routes import Route, Routes, described
from serving.service import Service
from tencent import contract, errors
from tencent.want import WANT

if TYPE_CHECKING:
    from fastapi import FastAPI

PATH = "/face/livedetectpicture"
JSON = "application/json"


def refusal(verdict: Verdict) -> Response:
    """The answer to a caller who may not call."""
    return Response(contract.write_refusal(int(verdict.code), verdict.message), verdict.status, media_type=JSON)


def failure(failed: Failure, request_id: str) -> Response:
    """The answer to a call that ends with a code."""
    return Response(contract.write_refusal(int(failed.code.code), failed.message), failed.code.status, media_type=JSON)


WORDS = flow.Words(Contract.TENCENT, contract.MAX_BODY, refusal, failure, errors.CAUSES)


async def answer(call: flow.Call) -> Response:
    """The score of the one photo that a call names."""
    body = await call.body(contract.MAX_BODY)
    kind = call.request.headers.get("content-type", "")
    options = await call.read(partial(contract.read_options, kind), body)
    call.entry.images = 1
    call.verdict = tencent.target(call.verdict, options.appid)
    if not call.verdict.allowed:
        raise flow.Refused(call.verdict)
    image = None if options.url is None else await call.download(options.url, contract.MAX_BODY)

    def work() -> bytes:
        photo = contract.image_bytes(options) if image is None else image
        report = call.service.analyzer.analyse(photo, WANT, faces=1)
        with call.stage("words"):
            return contract.write_answer(report)

    return Response(await call.work(work), media_type=JSON)


def routes(service: Service) -> Routes:
    """What the contract answers."""

    async def live_detect_picture(request: Request) -> Response:
        """Scores the photo in the body or behind its url; `Authorization` holds the signature."""
        return await flow.run(request, service, WORDS, tencent.verdict, answer)

    async def unrouted(request: Request, error: HTTPException) -> Response:
        return flow.lost(request, service, WORDS, replace(errors.BAD_REQUEST, status=error.status_code))

    return Routes((Route("POST", PATH, live_detect_picture),), unrouted)


def create_app(service: Service) -> FastAPI:
    """The contract as an ASGI app with its OpenAPI page."""
    from serving import openapi
    from tencent import schema

    app = openapi.page("livedetectpicture", "/face")
    key = openapi.key(app, "Authorization", "header", "the signature, as the vendor's clients make it")
    photo = openapi.body({"application/json": schema.LiveDetectRequest, "multipart/form-data": schema.LiveDetectForm})
    answers = schema.Answer | schema.Refusal
    told = {"live_detect_picture": {"openapi_extra": photo | key, "response_model": answers}}
    return described(app, routes(service), told)
