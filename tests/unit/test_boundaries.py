"""Who may import whom: the folders are the architecture."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "facecore": ROOT / "layers/vision/facecore",
    "gatekeeper": ROOT / "layers/access/gatekeeper",
    **{name: ROOT / "functions" / name for name in ("serving", "market", "tencent", "baidu", "standalone")},
}
CONTRACTS = {"market", "tencent", "baidu"}
VISION = {"cv2", "numpy", "onnxruntime", "simplejpeg"}
WEB = {"fastapi", "starlette", "mangum", "uvicorn", "aws_lambda_powertools", "boto3", "botocore"}
MAY_NOT_IMPORT = {
    "facecore": WEB | CONTRACTS | {"gatekeeper", "serving", "standalone"},
    "gatekeeper": VISION | CONTRACTS | {"facecore", "serving", "standalone", "fastapi", "starlette", "mangum"},
    "serving": CONTRACTS | {"standalone"},
    **{name: (CONTRACTS - {name}) | {"standalone"} for name in CONTRACTS},
}


def imported(path: Path) -> set[str]:
    """The top-level packages that a module names anywhere, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", MAY_NOT_IMPORT)
def test_no_module_crosses_its_boundary(package: str) -> None:
    modules = sorted(FOLDERS[package].rglob("*.py"))
    assert modules, f"{package} has no modules"
    crossing = {
        str(module.relative_to(ROOT)): sorted(found)
        for module in modules
        if (found := imported(module) & MAY_NOT_IMPORT[package])
    }
    assert crossing == {}


def loaded_by(statement: str) -> set[str]:
    """The top-level packages in memory after a statement in a fresh process."""
    program = f"{statement}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_gatekeeper_loads_no_vision_by_any_way() -> None:
    names = [f"gatekeeper.{path.stem}" for path in FOLDERS["gatekeeper"].glob("*.py") if path.stem != "__init__"]
    assert names
    assert loaded_by(f"import {', '.join(names)}") & (VISION | {"facecore"}) == set()


def test_reports_and_errors_load_no_vision() -> None:
    assert loaded_by("import facecore, facecore.headers, facecore.registry") & VISION == set()


def test_the_command_line_starts_light() -> None:
    loaded = loaded_by("import standalone.cli.analyse, standalone.cli.models")
    assert loaded & (VISION | WEB | {"tqdm", "cryptography"}) == set()
