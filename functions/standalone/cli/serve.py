"""Serves the three contracts on one port, with demo credentials and curl lines to try them."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's options."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default %(default)s)")
    port = os.environ.get("PORT") or "8080"
    parser.add_argument("--port", type=int, default=port, help="the port, 0 a free one (default PORT, else 8080)")
    parser.add_argument("--workers", type=int, default=1, help="processes, each with its own models (default 1)")
    parser.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        help="make the demo clients and print how to call (default: only when listening on this machine alone)",
    )
    parser.add_argument(
        "--metrics",
        default=os.environ.get("FACEGATE_METRICS") or None,
        metavar="on|off|HOST:PORT",
        help="show numbers at /metrics, not at all, or at an address of their own "
        "(default FACEGATE_METRICS, else on only when listening on this machine alone)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serves until a signal ends it; 2 when it can not start."""
    from gatekeeper import GatekeeperError
    from standalone import defaults, metrics, server

    if arguments.workers < 1 or not 0 <= arguments.port < 65_536:
        print("facegate: --workers takes 1 or more, --port 0 to 65535", file=sys.stderr)
        return 2
    problems = defaults.bad_settings(os.environ)
    for problem in problems:
        print(f"facegate: {problem}", file=sys.stderr)
    if problems:
        return 2
    defaults.apply()
    os.environ.setdefault("FACEGATE_THREADS", str(max(1, (os.cpu_count() or 1) // arguments.workers)))
    demo = _demo(arguments)
    shown = arguments.metrics or ("on" if _private(arguments.host) else "off")
    # For the playground and the numbers, in every worker:
    os.environ |= {"FACEGATE_DEMO": "on" if demo else "off", metrics.SETTING: shown}
    try:
        listening = server.listen(arguments.host, arguments.port)
        try:
            with metrics.shared(shown):
                if demo:
                    _greet(f"http://{_name(arguments.host)}:{listening.getsockname()[1]}")
                else:
                    _check()
                server.serve(listening, arguments.workers)
        finally:
            listening.close()
    except (GatekeeperError, OSError, metrics.BadSetting) as error:
        print(f"facegate: {error}", file=sys.stderr)
        return 2
    return 0


def _demo(arguments: argparse.Namespace) -> bool:
    if arguments.demo is not None:
        return bool(arguments.demo)
    return _private(arguments.host)


def _private(host: str) -> bool:
    return host in ("127.0.0.1", "localhost", "::1")


def _name(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _check() -> None:
    """Ends the start where ledger, key or settings can not be; a ledger that does not answer now may do so later."""
    from gatekeeper import Gate, LedgerUnavailable

    with contextlib.suppress(LedgerUnavailable):
        Gate.from_env().ledger.close()


def _greet(base: str) -> None:
    from gatekeeper import Contract, Gate
    from standalone.playground import Playground
    from standalone.samples import curl_lines

    gate = Gate.from_env()
    try:
        lines = curl_lines(gate, base)
    finally:
        gate.ledger.close()
    titles = {Contract.MARKET: "Cloud market", Contract.TENCENT: "Tencent", Contract.BAIDU: "Baidu"}
    print(f"facegate serves at {base} (ready when {base}/healthz answers 200). To try it, paste:")
    if Playground.is_on(os.environ):
        print(f"\n# Playground: open {base}/")
    for contract, line in lines.items():
        print(f"\n# {titles[contract]}\n{line}")
    print(flush=True)
