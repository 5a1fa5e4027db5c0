"""The OpenAPI pages say what the apps really take and give."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from pydantic import BaseModel, TypeAdapter

from baidu import schema
from baidu.contract import FaceField
from market import schema as market
from tencent import schema as tencent
from tests import photos
from tests.contract import kit

FILES = {
    "market.json": "/market/openapi.json",
    "tencent.json": "/face/openapi.json",
    "baidu.json": "/rest/2.0/face/v3/openapi.json",
}
PAGES = list(FILES.values())
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
    assert found == ROUTES


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_fetch_nothing_from_elsewhere(bench: kit.Bench, page: str) -> None:
    """What a page runs could read what is typed into it."""
    answer = bench.http.get(page.replace("openapi.json", "docs"))
    assert answer.status_code == 200
    fetched = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert len(fetched) >= 3
    for path in fetched:
        assert path.startswith(page.replace("openapi.json", "docs/"))
        assert bench.http.get(path).status_code == 200
    assert "//" not in re.sub(r"^\s*//.*$", "", answer.text, flags=re.MULTILINE)


def test_every_call_but_the_token_routes_needs_a_key(bench: kit.Bench) -> None:
    for page in PAGES:
        told = bench.http.get(page).json()
        assert told["components"]["securitySchemes"]["key"]["type"] == "apiKey"
        for path, methods in told["paths"].items():
            for route in methods.values():
                assert ("security" in route) is (path != "/oauth/2.0/token")


@pytest.mark.parametrize("name", FILES)
def test_the_kept_documents_are_what_the_apps_serve(bench: kit.Bench, root: Path, name: str) -> None:
    kept = json.loads((root / "docs" / "openapi" / name).read_text(encoding="utf-8"))
    assert kept == bench.http.get(FILES[name]).json(), "run make docs"


def test_the_kept_documents_are_checked_as_a_whole(root: Path, tmp_path: Path) -> None:
    """Byte for byte, none missing and none too many."""
    folder = tmp_path / "openapi"
    folder.mkdir()
    script = tmp_path / "build_openapi.py"
    script.write_text((root / "docs" / "build_openapi.py").read_text(encoding="utf-8"), encoding="utf-8")
    for path in (root / "docs" / "openapi").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())

    def told(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    assert told("--check") == (0, "")
    (folder / "market.json").write_text("{}\n")
    (folder / "tencent.json").unlink()
    (folder / "other.json").write_text("{}\n")
    code, error = told("--check")
    assert code == 1
    assert error.startswith("out of date: market.json, other.json, tencent.json in docs/openapi")
    assert told() == (0, "")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in (root / "docs" / "openapi").iterdir()
    }


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
    fields = ",".join(FaceField)
    ask = [{"image": kit.b64(photo), "image_type": "BASE64", "face_field": fields}]
    fits(schema.Envelope, bench.baidu(ask))
    fits(schema.PlatformError, bench.baidu(ask, params={"access_token": "x"}))
    fits(schema.TokenAnswer, bench.grant())
    fits(schema.TokenRefusal, bench.grant(client_id="x"))
