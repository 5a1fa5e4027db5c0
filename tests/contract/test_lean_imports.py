"""What a fresh process loads for an authorizer and for a contract's app: no more than it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

VISION = {"cv2", "numpy", "onnxruntime", "simplejpeg"}


def loaded_by(module: str) -> set[str]:
    program = f"import {module}, sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("contract", ["market", "tencent", "baidu"])
def test_an_authorizer_loads_the_access_layer_alone(contract: str) -> None:
    loaded = loaded_by(f"{contract}.authorizer")
    assert "gatekeeper" in loaded
    assert not loaded & (VISION | {"facecore", "serving", "fastapi", "pydantic", "boto3", "aws_lambda_powertools"})


@pytest.mark.parametrize("contract", ["market", "tencent", "baidu"])
def test_a_function_loads_its_own_contract_and_no_model(contract: str) -> None:
    loaded = loaded_by(f"{contract}.app")
    assert {contract, "facecore", "gatekeeper", "serving", "starlette"} <= loaded
    others = {"market", "tencent", "baidu"} - {contract}
    assert not loaded & (VISION | others | {"standalone", "uvicorn", "boto3", "sqlite3"})
    assert not loaded & {"fastapi", "pydantic"}, "what describes the routes is the OpenAPI page's alone"


@pytest.mark.parametrize("contract", ["market", "tencent", "baidu"])
def test_a_handler_leaves_the_order_of_imports_to_the_start(contract: str) -> None:
    loaded = loaded_by(f"{contract}.function")
    assert not loaded & (VISION | {"starlette", "mangum", "gatekeeper", "aws_lambda_powertools", "asyncio"})
