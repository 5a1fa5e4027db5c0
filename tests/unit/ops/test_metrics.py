"""The numbers: what they count, that workers' numbers add up, and that they tell nothing of clients or photos."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from facecore.errors import CorruptImage, ModelError
from gatekeeper import Contract, Gate, Ledger, LedgerBusy, LedgerUnavailable
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.journal import Entry, Journal
from serving.meter import EmfMeter, Meter, WatchedLedger, watched
from serving.service import Service, Settings, default_service
from standalone import metrics
from standalone.app import Server
from tests.contract import kit

COMMAND = str(Path(sys.executable).with_name("facegate"))
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(page: str) -> Samples:
    """The page's numbers by name and labels."""
    found: Samples = {}
    for line in page.splitlines():
        if line and not line.startswith("#"):
            parts = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            assert parts is not None, line
            labels = tuple(sorted(re.findall(r'(\w+)="([^"]*)"', parts[2] or "")))
            found[parts[1], labels] = float(parts[3])
    return found


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.fixture
def metered(tmp_path: Path) -> Iterator[kit.Bench]:
    """A server whose numbers are kept."""
    clock, analyzer, numbers = kit.Clock(), kit.FakeAnalyzer(), metrics.Prometheus()
    gate = Gate(SqliteLedger(tmp_path / "ledger.sqlite"), Vault(kit.KEY), clock)
    service = Service(watched(lambda: gate, numbers), analyzer, Settings(fetcher=kit.local_fetcher({})), numbers)
    with (
        kit.serving(Server(service, None, numbers)) as (base, stop),
        httpx.Client(base_url=base, timeout=30, trust_env=False) as http,
    ):
        made = kit.Bench(service, gate, clock, analyzer, http, stop)
        made.renew()
        yield made


class TestPage:
    def test_calls_by_contract_and_code(self, metered: kit.Bench) -> None:
        photo = {"image": kit.b64(kit.portrait())}
        for _ in range(3):
            metered.market(photo)
        metered.market({"image": "!"})
        metered.tencent(files={"image": ("a.jpg", kit.portrait())})
        metered.baidu([{**photo, "image_type": "BASE64"}])
        metered.http.post("/market/liveness")
        found = samples(metered.http.get("/metrics").text)
        assert value(found, "facegate_requests_total", contract="market", code="0") == 3
        assert value(found, "facegate_requests_total", contract="market", code="1") == 1
        assert value(found, "facegate_requests_total", contract="tencent", code="0") == 1
        assert value(found, "facegate_requests_total", contract="baidu", code="token") == 1
        assert value(found, "facegate_billed_total", contract="market") == 3
        assert value(found, "facegate_billed_total", contract="baidu") == 1
        assert value(found, "facegate_faults_total", contract="market") == 0
        totals = {
            name: sum(number for (other, _), number in found.items() if other == name)
            for name in ("facegate_requests_total", "facegate_request_seconds_count")
        }
        assert totals == {"facegate_requests_total": 8, "facegate_request_seconds_count": 7}, "tokens are not timed"

    def test_stages(self, metered: kit.Bench) -> None:
        metered.market({"image": kit.b64(kit.portrait())})
        metered.service.meter.stage("liveness", 0.0021)
        metered.service.meter.stage("load.face", 0.5)
        found = samples(metered.http.get("/metrics").text)
        for stage, count in (("verdict", 1), ("words", 1), ("booking", 1), ("fetch", 0), ("liveness", 1)):
            assert value(found, "facegate_stage_seconds_count", stage=stage) == count
        assert value(found, "facegate_stage_seconds_bucket", stage="liveness", le="0.001") == 0
        assert value(found, "facegate_stage_seconds_bucket", stage="liveness", le="0.0025") == 1
        assert value(found, "facegate_model_loads_total", model="face") == 1

    def test_faults_and_ledger_errors(self, metered: kit.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        metered.analyzer.broken = ModelError("broken")
        metered.market({"image": kit.b64(kit.portrait())})
        watched_ledger = cast(WatchedLedger, metered.gate.ledger)

        def away(*args: object) -> None:
            raise LedgerBusy("locked")

        monkeypatch.setattr(watched_ledger._ledger, "admit", away)
        del watched_ledger.__dict__["admit"]  # looked up anew
        assert metered.tencent(files={"image": ("a.jpg", kit.portrait())}).json()["code"] == 108
        found = samples(metered.http.get("/metrics").text)
        assert value(found, "facegate_faults_total", contract="market") == 1
        assert value(found, "facegate_ledger_errors_total", step="admit", kind="busy") == 1

    def test_nothing_of_clients_or_photos(self, metered: kit.Bench) -> None:
        metered.market({"image": kit.b64(kit.portrait())}, headers={"X-Request-Id": "mine-and-mine-alone"})
        metered.market({"url": "http://hush.example/hush.jpg"})
        metered.http.get("/market/hush-hush")
        metered.grant(client_secret="hush")
        page = metered.http.get("/metrics").text
        secret = ["hush", "mine-and-mine", *metered.clients.values()]
        for secrets in metered.secrets.values():
            secret += secrets.values()
        for word in secret:
            assert word not in page
        assert {label for _, labels in samples(page) for label, _ in labels} == {
            "contract", "code", "stage", "model", "step", "kind", "le",
        } - {"model", "step", "kind"}  # fmt: skip

    def test_as_prometheus_wants_it(self, metered: kit.Bench) -> None:
        answer = metered.http.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        for name in {name for name, _ in samples(answer.text)}:
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            assert f"# HELP {family}" in answer.text
        assert "_created" not in answer.text
        assert metered.http.post("/metrics").status_code == 405


class TestSetting:
    @pytest.mark.parametrize("setting", ["", "off", "0", "No"])
    def test_off(self, setting: str) -> None:
        meter, numbers = metrics.from_env({metrics.SETTING: setting})
        assert type(meter) is Meter
        assert numbers is None

    def test_on_and_elsewhere(self) -> None:
        meter, numbers = metrics.from_env({metrics.SETTING: "on"})
        assert meter is numbers is not None
        meter, numbers = metrics.from_env({metrics.SETTING: "127.0.0.1:9100"})
        assert isinstance(meter, metrics.Prometheus)
        assert numbers is None

    @pytest.mark.parametrize("setting", ["perhaps", "127.0.0.1", ":9100", "a:b", "a:99999", "a:1/x"])
    def test_neither(self, setting: str) -> None:
        with pytest.raises(metrics.BadSetting, match="FACEGATE_METRICS"):
            metrics.address_of(setting)

    @pytest.mark.parametrize(
        ("setting", "address"), [("127.0.0.1:9100", ("127.0.0.1", 9100)), ("[::1]:9", ("::1", 9)), ("on", None)]
    )
    def test_addresses(self, setting: str, address: tuple[str, int] | None) -> None:
        assert metrics.address_of(setting) == address


# ---- the command, with processes of its own


class Running:
    """``facegate serve`` in a folder, without models."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = [COMMAND, "serve", "--port", str(self.port), *options]
        environ = {name: text for name, text in os.environ.items() if name != metrics.SETTING}
        environ |= {"FACEGATE_MODELS": str(folder / "none"), "TMPDIR": str(folder)}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        kit.wait_for(lambda: self.get("/livez") == 200, 40)

    def get(self, path: str, port: int = 0) -> int | str:
        """The page; its status where there is none. A connection of its own, so that any worker may answer."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{port or self.port}{path}", trust_env=False, timeout=30)
        except httpx.TransportError:
            return 0
        return answer.text if path == "/metrics" and answer.status_code == 200 else answer.status_code

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=40)[0]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Any]:
    started: list[Running] = []

    def start(*options: str) -> Running:
        started.append(Running(tmp_path, *options))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()


def test_workers_add_up(running: Any, tmp_path: Path) -> None:
    server = running("--workers", "2")
    for _ in range(40):
        server.get("/market/liveness")
    pages = [samples(str(server.get("/metrics"))) for _ in range(4)]  # whoever answers
    for page in pages:
        assert value(page, "facegate_requests_total", contract="market", code="A400MA") == 40
        assert value(page, "facegate_request_seconds_count", contract="market") == 40
    assert len(list(tmp_path.glob("facegate-metrics-*/counter_*.db"))) == 2
    assert "Traceback" not in server.stop()
    assert list(tmp_path.glob("facegate-metrics-*")) == []


@pytest.mark.parametrize("how", ["away", "a file"])
def test_a_folder_that_is_cleaned_away(running: Any, tmp_path: Path, how: str) -> None:
    """As systemd-tmpfiles does: pages go on, and so do workers that take the place of others."""
    server = running("--workers", "2")
    server.get("/market/liveness")
    (folder,) = tmp_path.glob("facegate-metrics-*")
    before = kit.workers(server.process.pid)
    assert len(before) == 2
    shutil.rmtree(folder)
    if how == "a file":
        folder.touch()
    for _ in range(4):
        assert "facegate_requests_total" in str(server.get("/metrics"))
    os.kill(before[0], signal.SIGKILL)
    kit.wait_for(lambda: len(set(kit.workers(server.process.pid)) - {before[0]}) == 2, 30)
    if how == "away":
        kit.wait_for(lambda: len(list(folder.glob("counter_*.db"))) == 1, 30)
    for _ in range(8):
        assert server.get("/livez") == 200
    told = server.stop()
    assert "Traceback" not in told
    assert ("facegate: it goes on without numbers: " in told) == (how == "a file")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_behind(running: Any, tmp_path: Path, ending: signal.Signals) -> None:
    server = running()
    assert len(list(tmp_path.glob("facegate-metrics-*"))) == 1
    server.process.send_signal(ending)
    told = server.process.communicate(timeout=40)[0]
    assert "Traceback" not in told
    assert list(tmp_path.glob("facegate-metrics-*")) == []
    assert server.process.returncode == (0 if ending is signal.SIGTERM else 130)


def test_a_full_disk(tmp_path: Path) -> None:
    """The files have their room from the start, as a write to a mapped page without any would end the process."""
    program = """
import resource, sys
from serving.meter import Meter
from standalone import metrics
resource.setrlimit(resource.RLIMIT_FSIZE, (metrics.ROOM - 1, metrics.ROOM - 1))
with metrics.shared("on"):
    meter, numbers = metrics.from_env({"FACEGATE_METRICS": "on", **metrics.os.environ})
    print(type(meter) is Meter, numbers, *metrics.Path(metrics.os.environ[metrics.FOLDER]).iterdir())
"""
    environ = {**os.environ, "TMPDIR": str(tmp_path), metrics.SETTING: "on"}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "True None\n"
    assert done.stderr.startswith("facegate: it goes on without numbers: ")


def test_all_numbers_that_there_can_be_find_room(tmp_path: Path) -> None:
    program = """
import itertools, os
from baidu import errors as baidu
from gatekeeper import Contract, Ledger, refusals
from market import errors as market
from serving.journal import Entry
from standalone import metrics
from tencent import errors as tencent
with metrics.shared("on"):
    numbers, _ = metrics.from_env({"FACEGATE_METRICS": "on", **os.environ})
    files = sorted(metrics.Path(os.environ[metrics.FOLDER]).iterdir())
    assert all(file.stat().st_blocks * 512 >= metrics.ROOM for file in files), "no room is taken"
    tables = (market.CODES, market.GATEWAY_CODES, tencent.CODES, baidu.API_CODES, baidu.PLATFORM_CODES)
    codes = {str(code) for table in tables for code in table} | {"token"}
    for contract, code in itertools.product(Contract, codes):
        numbers.call(Entry(contract.value, "id", code=code, billed=True, fault="x", ms=1.0))
    for step, kind in itertools.product([name for name in dir(Ledger) if name[0] != "_"], ("busy", "unavailable")):
        numbers.ledger_error(step, kind)
    for stage in (*metrics.STAGES, *(f"load.{number}" for number in range(20))):
        numbers.stage(stage, 1.0)
    counted = numbers.page().count(b"facegate_requests_total{")
    print(counted > 300, [file.stat().st_size == metrics.ROOM for file in files])
"""
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True [True, True]\n", "")


def test_no_folder_for_the_numbers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(prefix: str) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    monkeypatch.setenv(metrics.SETTING, "on")
    with metrics.shared("on"):
        assert type(metrics.from_env(os.environ)[0]) is Meter
    assert "goes on without numbers: [Errno 28]" in capsys.readouterr().err


def test_an_address_of_their_own(running: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = running("--metrics", f"127.0.0.1:{port}")
    server.get("/market/liveness")
    assert server.get("/metrics") == 404
    found = samples(str(server.get("/metrics", port)))
    assert value(found, "facegate_requests_total", contract="market", code="A400MA") == 1
    assert "Traceback" not in server.stop()


def test_off_by_choice_and_when_the_world_can_reach_it(running: Any, tmp_path: Path) -> None:
    assert running("--metrics", "off").get("/metrics") == 404
    assert running("--host", "0.0.0.0").get("/metrics") == 404
    assert list(tmp_path.glob("facegate-metrics-*")) == []


def test_a_setting_that_can_not_be(tmp_path: Path) -> None:
    command = [COMMAND, "serve", "--port", "0", "--metrics", "perhaps"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "facegate: FACEGATE_METRICS: on, off, or an address like 127.0.0.1:9100\n",
    )


def test_only_the_standalone_server_needs_the_library(root: Path) -> None:
    program = "import market.app, baidu.app, tencent.app, standalone.app, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "standalone.metrics" in done.stdout.split()
    assert "prometheus_client" not in done.stdout.split()
    assert "prometheus-client" not in (root / "requirements/functions.txt").read_text()
    assert "prometheus-client" in (root / "requirements/standalone.txt").read_text()


# ---- CloudWatch's format


class TestEmf:
    def lines(self, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
        printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [line for line in printed if "_aws" in line]

    def test_the_stages_go_out_with_their_call(self, capsys: pytest.CaptureFixture[str]) -> None:
        meter = EmfMeter()
        journal = Journal(meter)
        meter.stage("load.face", 0.25)
        meter.stage("intake", 0.004)
        meter.stage("intake", 0.006)
        meter.ledger_error("admit", "busy")
        journal.write(Entry("baidu", "ID-1", code="222202", status=200))
        journal.write(Entry("baidu", "ID-2", code="0", status=200, billed=True))
        first, second = self.lines(capsys)
        assert (first["Intake"], first["ModelLoads"], first["ModelLoad"]) == ([4.0, 6.0], [1.0], [250.0])
        assert first["LedgerErrors"] == [1.0]
        assert not {"Intake", "ModelLoads", "LedgerErrors"} & set(second)
        assert second["Billed"] == [1.0]

    def test_codes_are_a_dimension_of_the_count_alone(self, capsys: pytest.CaptureFixture[str]) -> None:
        Journal(EmfMeter()).write(Entry("market", "ID-1", code="3", status=200, ms=2.0))
        (line,) = self.lines(capsys)
        wide, narrow = line["_aws"]["CloudWatchMetrics"]
        assert sorted(wide["Dimensions"][0]) == ["contract", "service"]
        assert {metric["Name"] for metric in wide["Metrics"]} == {"Calls", "Billed", "Faults", "Latency", "Work"}
        assert narrow["Dimensions"] == [["service", "contract", "code"]]
        assert [metric["Name"] for metric in narrow["Metrics"]] == ["Calls"]
        assert (line["service"], line["contract"], line["code"], line["Calls"]) == ("facegate", "market", "3", [1.0])

    def test_what_is_no_call_is_not_timed(self, capsys: pytest.CaptureFixture[str]) -> None:
        Journal(EmfMeter()).write(Entry("baidu", "ID-1", code="token", status=200))
        (line,) = self.lines(capsys)
        assert not {"Latency", "Work"} & set(line)

    def test_switched_off_as_powertools_says(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
        Journal(EmfMeter()).write(Entry("market", "ID-1", code="3", status=200))
        assert self.lines(capsys) == []

    @pytest.mark.parametrize(("name", "kind"), [("facegate", EmfMeter), ("", Meter)])
    def test_lambda_alone_prints_it(self, monkeypatch: pytest.MonkeyPatch, name: str, kind: type[Meter]) -> None:
        if name:
            monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", name)
        else:
            monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
        assert type(default_service().meter) is kind


# ---- the ledger that is watched


class Told(Meter):
    def __init__(self) -> None:
        self.errors: list[tuple[str, str]] = []

    def ledger_error(self, step: str, kind: str) -> None:
        self.errors.append((step, kind))


class Away:
    name = "x"

    def ready(self) -> None:
        raise LedgerUnavailable("gone")

    def used(self, client: str, day: str) -> tuple[int, int]:
        return (1, 2)

    def face(self) -> None:
        raise CorruptImage("another kind")


def test_failures_alone_are_counted() -> None:
    told = Told()
    ledger = WatchedLedger(cast(Ledger, Away()), told)
    assert ledger.used("c", day="d") == (1, 2)
    assert ledger.name == "x"
    with pytest.raises(LedgerUnavailable):
        ledger.ready()
    with pytest.raises(CorruptImage):
        ledger.face()
    with pytest.raises(AttributeError):
        ledger.nothing()
    assert told.errors == [("ready", "unavailable")]


def test_a_ledger_that_does_not_open_is_counted() -> None:
    def gone() -> Gate:
        raise LedgerUnavailable("gone")

    told = Told()
    with pytest.raises(LedgerUnavailable):
        watched(gone, told)()
    assert told.errors == [("open", "unavailable")]


def test_a_meter_that_fails_changes_nothing() -> None:
    class Broken(Meter):
        def ledger_error(self, step: str, kind: str) -> None:
            raise OSError("no space left")

    with pytest.raises(LedgerUnavailable):
        WatchedLedger(cast(Ledger, Away()), Broken()).ready()


def test_the_counted_client_is_known(metered: kit.Bench) -> None:
    """The watched ledger serves every step that the gate takes."""
    assert metered.market({"image": kit.b64(kit.portrait())}).status_code == 200
    assert metered.taken(Contract.MARKET) == 1
