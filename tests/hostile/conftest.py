"""Fixtures of the hostile tests: the contract tests' server."""

from __future__ import annotations

from tests.contract.conftest import bench, own_bench, shared_bench, site

__all__ = ["bench", "own_bench", "shared_bench", "site"]
