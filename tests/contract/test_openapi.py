"""The OpenAPI pages say what the apps really take and give."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import validate
from pydantic import BaseModel, TypeAdapter

from baidu import schema
from market import contract as market
from tencent import contract as tencent
from tests import photos
from tests.contract import kit

PAGES = ["/market/openapi.json", "/face/openapi.json", "/rest/2.0/face/v3/openapi.json"]
ROUTES = {
    ("/market/liveness", "get"),
    ("/market/liveness", "post"),
    ("/face/livedetectpicture", "post"),
    ("/rest/2.0/face/v3/faceverify", "post"),
    ("/oauth/2.0/token", "get"),
    ("/oauth/2.0/token", "post"),
}


def test_the_pages_are_sound_and_complete(bench: kit.Bench) -> None:
    found = set()
    for page in PAGES:
        told = bench.http.get(page).json()
        validate(told)
        found |= {(path, method) for path, methods in told["paths"].items() for method in methods}
        assert bench.http.get(page.replace("openapi.json", "docs")).status_code == 200
    assert found == ROUTES


def test_request_bodies_are_told(bench: kit.Bench) -> None:
    bodies: dict[str, set[str]] = {}
    for page in PAGES:
        for path, methods in bench.http.get(page).json()["paths"].items():
            for told in methods.values():
                if "requestBody" in told:
                    bodies[path] = set(told["requestBody"]["content"])
    form, json = "application/x-www-form-urlencoded", "application/json"
    assert bodies == {
        "/market/liveness": {form, json},
        "/face/livedetectpicture": {json, "multipart/form-data"},
        "/rest/2.0/face/v3/faceverify": {json},
        "/oauth/2.0/token": {form},
    }


def fits(model: Any, response: Any) -> None:
    """The answer fits its model with nothing beside it, and comes back from it as it was."""
    made: BaseModel = TypeAdapter(model).validate_json(response.content, strict=True)
    assert made.model_dump(mode="json", by_alias=True, exclude_unset=True) == response.json()


@pytest.mark.parametrize("found", [True, False])
def test_answers_fit_their_models(bench: kit.Bench, found: bool) -> None:
    photo = kit.portrait() if found else photos.NO_FACE.read_bytes()
    if not found:
        bench.analyzer.scripts[photo] = kit.no_face()
    fits(market.Answer | market.Refusal, bench.market({"image": kit.b64(photo)}))
    fits(tencent.Answer | tencent.Refusal, bench.tencent(files={"image": ("a.jpg", photo)}))
    fields = ",".join(schema.FaceField)
    ask = [{"image": kit.b64(photo), "image_type": "BASE64", "face_field": fields}]
    fits(schema.Envelope, bench.baidu(ask))
    fits(schema.PlatformError, bench.baidu(ask, params={"access_token": "x"}))
    fits(schema.TokenAnswer, bench.grant())
    fits(schema.TokenRefusal, bench.grant(client_id="x"))
