"""What the figures are called, and what is wanted of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that something is wanted of.

    Attributes:
        words: What is measured.
        limit: The most (or, where `least`, the least) that is wanted.
        unit: "x" for a ratio, "ms", "MB", "%" (kept as a share).
        least: Whether the figure should be at least the limit.
    """

    words: str
    limit: float
    unit: str
    least: bool = False

    def reached(self, value: float) -> bool:
        """Whether a figure is as wanted."""
        return value >= self.limit if self.least else value <= self.limit

    def wanted(self) -> str:
        """The limit in words."""
        return f"{'≥' if self.least else '≤'} {shown(self.limit, self.unit)}"


GOALS: dict[str, Goal] = {
    "warm_ratio": Goal("market request through the handler, over decode and session runs alone", 1.15, "x"),
    "tencent_to_market": Goal("Tencent request over market request", 0.6, "x"),
    "baidu8_to_1": Goal("Baidu request with 8 photos over one with 1", 5.0, "x"),
    "cold_ratio": Goal("first answer of a fresh process, over its libraries' imports and sessions alone", 1.4, "x"),
    "authorizer_sqlite_ms": Goal("authorizer, fresh process, SQLite: start to answer", 120, "ms"),
    "authorizer_dynamodb_ms": Goal("authorizer, fresh process, DynamoDB: start to client", 450, "ms"),
    "rss_mb": Goal("resident memory after the mixed requests", 300, "MB"),
    "rss_growth": Goal("its growth over the last tenth of them", 0.02, "%"),
    "two_workers_to_one": Goal("standalone, requests a second of two workers over one", 1.8, "x", least=True),
    "p99_to_p50": Goal("standalone at 70 % of the most: p99 over p50", 3.0, "x"),
    "growth_pixels": Goal("time grows with the photo's pixels to the power of", 1.05, "x"),
    "growth_faces": Goal("time grows with the faces to the power of", 1.05, "x"),
    "growth_batch": Goal("time grows with the photos of a batch to the power of", 1.05, "x"),
    "growth_clients": Goal("a verdict among the most clients over one among the fewest", 2.0, "x"),
    "growth_usage": Goal("a booking beside the most usage rows over one beside the fewest", 2.0, "x"),
}
"""By key of build/bench.json; every other figure is told without a goal."""


def shown(value: float, unit: str) -> str:
    """A figure as a reader wants it."""
    if unit == "%":
        return f"{100 * value:.1f} %"
    if unit == "x":
        return f"{value:.2f}"
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
