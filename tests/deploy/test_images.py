"""The images, as far as they can be told without Docker: their files, and what runs from these files alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.contract.kit import wait_for
from tests.deploy.emulator import free_port
from tests.deploy.image import DOCKERFILE, ROOT, STARTED, Image, in_context, instructions, stages
from tests.deploy.template import CONTRACTS

OURS = ("facecore", "gatekeeper", "serving", "market", "tencent", "baidu", "standalone")


def test_every_target_stands_on_the_same_layers() -> None:
    found = stages()
    assert set(found) == {"vision", "lambda", *CONTRACTS, "standalone"}
    assert {found[name][0] for name in CONTRACTS} == {"lambda"}
    assert found["lambda"][0] == found["standalone"][0] == "vision"
    assert re.fullmatch(r"python:3\.11-slim-\w+", found["vision"][0]), "a public tag"


def test_packages_are_installed_pinned_and_nothing_else_is_fetched() -> None:
    for word, rest in instructions(DOCKERFILE.read_text()):
        assert word not in ("ADD", "ONBUILD")
        if "pip install" in rest:
            assert "--require-hashes" in rest
            assert "--only-binary :all:" in rest
        assert not re.search(r"https?://|curl|wget|apt-get|index-url", rest)


@pytest.mark.parametrize("target", [*CONTRACTS, "standalone"])
def test_an_image_holds_its_own_code_and_the_models(target: str, images: dict[str, Image]) -> None:
    app = images[target].tree / "app"
    contracts = set(CONTRACTS) | {"standalone"} if target == "standalone" else {target}
    assert {path.name for path in app.iterdir()} == {"facecore", "gatekeeper", "serving", "models"} | contracts
    kept = {path.name for path in (app / "models").iterdir() if path.name != "__pycache__"}
    assert kept == {"registry.json"} | {path.name for path in (ROOT / "models").glob("*.onnx")}
    for path in app.rglob("*"):
        assert path.stat().st_mode & 0o004, f"{path} is not readable by Lambda's own user"
        if path.suffix == ".py":
            (compiled,) = (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")
            assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01, "its source's time is not asked"


@pytest.mark.parametrize("target", [*CONTRACTS, "standalone"])
def test_it_runs_from_its_own_files_alone(target: str, images: dict[str, Image], tmp_path: Path) -> None:
    image = images[target]
    module = "standalone.app" if target == "standalone" else image.command[0].rpartition(".")[0]
    program = f"import {module}, sys; print(*(m.__file__ for m in sys.modules.values() if getattr(m, '__file__', 0)))"
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", program],
        env=image.environment(), cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    library = os.path.dirname(os.__file__)
    own = (str(image.tree), library, *map(str, image.packages))
    strange = [file for file in done.stdout.split() if not file.startswith(own)]
    assert strange == []


IDLE = {
    "packaging": "anyio and others ask it for nothing here, but their metadata names it",
    "cffi": "cryptography's binding to OpenSSL asks for it when it makes what no function makes",
    "pycparser": "the same",
    "idna": "anyio asks for it to look a name up",
    "snapshot_restore_py": "the runtime client's",
}
"""Packages of the functions' images that a first answer need not import, and why they are there all the same."""

_FIRST_ANSWER = """
import sys
import market.function, tencent.app, baidu.app, awslambdaric.bootstrap
from gatekeeper.vault import Vault
Vault(bytes(32)).seal(b"", "x")
print(*{getattr(m, "__file__", None) or "" for m in sys.modules.values()}, sep="\\n")
"""


def test_every_package_of_a_function_is_opened_by_it(images: dict[str, Image], tmp_path: Path) -> None:
    image = images["market"]
    env = image.environment() | STARTED
    others = [str(ROOT / "functions")]  # the other contracts use no other package, and their code is not counted
    env["PYTHONPATH"] = os.pathsep.join([env["PYTHONPATH"], *others])
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", _FIRST_ANSWER],
        env=env, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    opened = {
        Path(line).relative_to(folder).parts[0].split(".")[0]
        for line in done.stdout.splitlines()
        for folder in image.packages
        if line.startswith(f"{folder}/")
    }
    assert {"numpy", "cv2", "onnxruntime", "simplejpeg", "starlette", "mangum", "botocore", "cryptography"} <= opened
    there = {path.name.split(".")[0] for folder in image.packages for path in folder.iterdir() if _is_code(path)}
    assert there - opened - set(IDLE) == set()


def _is_code(path: Path) -> bool:
    """Whether a package or a module lies there, not metadata or the libraries that come with a package."""
    files = [path] if path.is_file() else list(path.rglob("*"))
    return not path.name.endswith((".dist-info", ".libs")) and any(f.suffix in (".py", ".so") for f in files)


def test_what_functions_never_open_is_not_there(images: dict[str, Image]) -> None:
    vision, runtime = images["market"].packages
    assert not list(vision.glob("*/tests"))
    assert not (vision / "onnxruntime/transformers").exists()
    assert not list(vision.glob("onnxruntime/capi/libonnxruntime.so*"))
    assert {path.name for path in (runtime / "botocore/data").iterdir() if path.is_dir()} == {"dynamodb", "kms"}
    assert {path.name for path in (vision / "aws_lambda_powertools/utilities").iterdir() if path.is_dir()} <= {
        "__pycache__", "jmespath_utils",
    }  # fmt: skip
    for packages in (vision, runtime):
        for name in ("uvicorn", "fastapi", "pydantic", "opentelemetry"):
            assert not list(packages.glob(f"{name}*")), "the server's own"
        assert not list(packages.glob("torch*"))


def test_the_build_sees_no_more_than_it_needs() -> None:
    for name in (
        "template.yaml",
        "README.md",
        "models/cards/face.md",
        "models/training/common/nets.py",
        "tests/photos.py",
    ):
        assert (ROOT / name).exists()
        assert not in_context(ROOT / name)
    assert in_context(ROOT / "models/registry.json")
    assert in_context(ROOT / "functions/market/app.py")
    assert not in_context(ROOT / "functions/market/__pycache__")


def test_the_standalone_image_serves_and_stops(images: dict[str, Image], tmp_path: Path) -> None:
    image = images["standalone"]
    assert image.user.split(":")[0].isdigit()
    assert image.user != "0"
    port = free_port()
    env = image.environment() | {"PORT": str(port), "FACEGATE_LEDGER": f"sqlite:///{tmp_path}/ledger.sqlite"}
    with (tmp_path / "log.txt").open("wb") as log:
        process = subprocess.Popen(image.argv(), env=env, cwd=tmp_path, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as http:
            wait_for(lambda: _answers(http), 30)
            assert http.post("/market/liveness").headers["X-Ca-Error-Code"] == "A400MA"
            wait_for(lambda: http.get("/healthz").status_code == 200, 30)
    finally:
        process.terminate()
    assert process.wait(30) in (0, -signal.SIGTERM), "uvicorn ends by the signal that it was stopped with"
    assert "http://127.0.0.1" not in (tmp_path / "log.txt").read_text(), "no demo clients when it listens to everybody"


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/livez").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("contract", CONTRACTS)
def test_an_authorizers_zip_holds_the_access_layer_only(
    contract: str, zips: dict[str, Path], lambda_runtime: str, tmp_path: Path
) -> None:
    folder = zips[contract]
    ours = {name for name in OURS if (folder / name).exists()}
    assert ours == {"gatekeeper", contract}
    assert {path.name for path in (folder / contract).rglob("*.py")} == {"__init__.py", "authorizer.py"}
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert size < 40e6, "small"
    program = f"import {contract}.authorizer as a, gatekeeper.dynamodb, sys; print(a.__file__, *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", program],
        env={"PYTHONPATH": f"{folder}:{lambda_runtime}"}, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    file, *loaded = done.stdout.split()
    assert file.startswith(str(folder))
    assert {name.split(".")[0] for name in loaded} & {"numpy", "cv2", "onnxruntime", "fastapi", "facecore"} == set()
