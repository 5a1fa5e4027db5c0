"""The market API: GET and POST /market/liveness."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gatekeeper import Contract, Verdict, doors, market
from gatekeeper.request import FORM
from gatekeeper.verdict import printable
from market import contract, errors
from market.want import WANT
from serving import flow
from serving.codes import Failure
from serving.routes import Route, Routes, described
from serving.service import Service

if TYPE_CHECKING:
    from fastapi import FastAPI

PATH = "/market/liveness"
JSON = "application/json; charset=utf-8"


def refusal(verdict: Verdict) -> Response:
    """A gateway error for a caller who may not call."""
    return _gateway(verdict.status, verdict.code, verdict.message, verdict.request_id)


def failure(failed: Failure, request_id: str) -> Response:
    """The API's own error in a body, a gateway's in headers."""
    code = failed.code
    if code.code in errors.CODES:
        headers = {"X-Ca-Request-Id": request_id}
        return Response(contract.write_refusal(failed), code.status, headers, JSON)
    return _gateway(code.status, str(code.code), failed.message, request_id)


def _gateway(status: int, code: str, message: str, request_id: str) -> Response:
    headers = {"X-Ca-Error-Code": code, "X-Ca-Error-Message": printable(message), "X-Ca-Request-Id": request_id}
    return Response(b"", status, headers)


WORDS = flow.Words(Contract.MARKET, contract.MAX_BODY, refusal, failure, errors.CAUSES)


async def answer(call: flow.Call) -> Response:
    """The report of the one photo that a call names."""
    body = await call.body(contract.MAX_BODY)
    if call.verdict.pending:
        gate = call.service.gate
        pending = call.verdict

        def complete() -> Verdict:
            return market.complete(pending, doors.request(call.request.scope, call.request_id), body, gate)

        call.verdict = await call.service.access.run(complete)
        if not call.verdict.allowed:
            raise flow.Refused(call.verdict)
    query, kind = call.request.scope["query_string"], call.request.headers.get("content-type", "")
    options = await call.read(partial(contract.read_options, query, kind), body)
    call.entry.images = 1
    image = None if options.url is None else await call.download(options.url, contract.MAX_IMAGE)

    def work() -> bytes:
        photo = contract.decode_image(options) if image is None else image
        report = call.service.analyzer.analyse(photo, WANT, faces=1)
        with call.stage("words"):
            return contract.write_answer(report)

    return Response(await call.work(work), headers={"X-Ca-Request-Id": call.request_id}, media_type=JSON)


def routes(service: Service) -> Routes:
    """What the contract answers."""

    async def get_liveness(request: Request) -> Response:
        """Judges the photo that the query names; `Authorization: APPCODE ...` or an AppKey signature."""
        return await flow.run(request, service, WORDS, market.verdict, answer)

    async def post_liveness(request: Request) -> Response:
        """Judges the photo that the body names; `Authorization: APPCODE ...` or an AppKey signature."""
        return await flow.run(request, service, WORDS, market.verdict, answer)

    async def unrouted(request: Request, error: HTTPException) -> Response:
        code = errors.WRONG_METHOD if error.status_code == 405 else errors.UNKNOWN_PATH
        return flow.lost(request, service, WORDS, code, Method=request.method, Path=request.url.path[:200])

    return Routes((Route("GET", PATH, get_liveness), Route("POST", PATH, post_liveness)), unrouted)


def create_app(service: Service) -> FastAPI:
    """The contract as an ASGI app with its OpenAPI page."""
    from market import schema
    from serving import openapi

    app = openapi.page("Photo liveness", "/market")
    key = openapi.key(app, "Authorization", "header", "`APPCODE` and a space, then the AppCode")
    asked, answers = schema.LivenessRequest, schema.Answer | schema.Refusal
    told = {
        "get_liveness": {"openapi_extra": openapi.query(asked) | key, "response_model": answers},
        "post_liveness": {
            "openapi_extra": openapi.body({FORM: asked, "application/json": asked}) | key, "response_model": answers,
        },
    }  # fmt: skip
    return described(app, routes(service), told)
