"""Fixtures of the fault tests: the contract tests' server, and one call of each contract."""

from __future__ import annotations

from tests.contract.conftest import bench, own_bench, shared_bench

__all__ = ["bench", "own_bench", "shared_bench"]
