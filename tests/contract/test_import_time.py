"""What a function's own modules take to import, as a share of what the libraries take that they stand on.

Fresh processes, in turns; the least processor time of several counts, so that a busy machine changes little. A stray
import shows as a share that jumps; by its name it is caught in test_lean_imports.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bench.timing import processes

ROUNDS, TRIES = 5, 4
STANDARD = """
import asyncio, base64, binascii, contextlib, dataclasses, datetime, enum, functools, hashlib, hmac, http.client
import inspect, ipaddress, itertools, json, logging, math, pathlib, random, re, secrets, socket, ssl, struct, tempfile
import threading, time, types, typing, unicodedata, urllib.parse, uuid
"""
WEB = """
import anyio, mangum, python_multipart.multipart, starlette.applications, starlette.exceptions, starlette.requests
import starlette.responses, starlette.routing
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
"""
LEAN = """
import base64, binascii, contextlib, dataclasses, enum, functools, hashlib, hmac, inspect, ipaddress, json, pathlib, re
import secrets, struct, threading, time, typing, unicodedata, urllib.parse
"""
MOST_OF_A_FUNCTION = 1.7
MOST_OF_AN_AUTHORIZER = 1.9


@pytest.mark.parametrize("contract", ["market", "tencent", "baidu"])
def test_a_functions_own_modules_are_a_part_of_what_it_imports(contract: str) -> None:
    assert shows(f"import {contract}.app", STANDARD + WEB, lambda share: share < MOST_OF_A_FUNCTION)


@pytest.mark.parametrize("contract", ["market", "tencent", "baidu"])
def test_an_authorizers_own_modules_are_a_part_of_what_it_imports(contract: str) -> None:
    assert shows(f"import {contract}.authorizer", LEAN, lambda share: share < MOST_OF_AN_AUTHORIZER)


def test_what_functions_must_not_import_would_show() -> None:
    """The limits are such that FastAPI or pydantic alone break them."""
    assert shows("import market.app, fastapi", STANDARD + WEB, lambda share: share > MOST_OF_A_FUNCTION)
    assert shows("import market.authorizer, pydantic.main", LEAN, lambda share: share > MOST_OF_AN_AUTHORIZER)


def shows(program: str, libraries: str, wanted: Callable[[float], bool]) -> bool:
    """Whether the program's least time over the libraries' is as wanted; on a busy machine it takes more rounds."""
    least = {"ours": float("inf"), "libraries": float("inf")}
    for _ in range(TRIES):
        found = processes({"ours": program, "libraries": libraries}, ROUNDS, program)
        least = {name: min(least[name], times.least_cpu_ms) for name, times in found.items()}
        if wanted(least["ours"] / least["libraries"]):
            return True
    return False
