"""s.yaml runs the standalone image with the settings that the template gives the functions."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from gatekeeper.gate import Options
from standalone.playground import Playground
from tests.deploy import template
from tests.deploy.image import ROOT, Image

TEXT = (ROOT / "s.yaml").read_text()
ENV = re.compile(r"\$\{env\('(\w+)'(?:, '(.*)')?\)\}")


def properties() -> dict[str, Any]:
    manifest = yaml.safe_load(TEXT)
    assert manifest["edition"] == "3.0.0"
    (resource,) = manifest["resources"].values()
    assert resource["component"] == "fc3"
    found: dict[str, Any] = resource["props"]
    return found


def test_it_is_a_custom_container_on_the_images_port(images: dict[str, Image]) -> None:
    found = properties()
    assert found["runtime"] == "custom-container"
    assert str(found["customContainerConfig"]["port"]) == images["standalone"].env["PORT"]
    assert found["customContainerConfig"]["healthCheckConfig"]["httpGetUrl"] == "/healthz"
    (trigger,) = found["triggers"]
    assert (trigger["triggerType"], trigger["triggerConfig"]["authType"]) == ("http", "anonymous")
    assert {"GET", "POST"} <= set(trigger["triggerConfig"]["methods"])


def test_its_settings_are_those_of_the_template() -> None:
    variables = properties()["environmentVariables"]
    here_alone = {name for name in variables if name.startswith("AWS_")} | {"FACEGATE_PLAYGROUND"}
    assert set(template.environment("MarketFunction")) == variables.keys() - here_alone
    defaults = {}
    for name, value in variables.items():
        found = ENV.fullmatch(value)
        assert found is not None, name
        defaults[name] = found[2] or ""
    assert Options.from_env(defaults) == Options()


@pytest.mark.parametrize(("given", "there"), [(None, True), ("on", True), ("off", False)])
def test_the_playground_is_off_by_one_setting(given: str | None, there: bool) -> None:
    found = ENV.fullmatch(properties()["environmentVariables"]["FACEGATE_PLAYGROUND"])
    assert found is not None
    assert found[1] == "FACEGATE_PLAYGROUND"
    assert Playground.is_on({"FACEGATE_PLAYGROUND": given or found[2]}) == there


def test_no_secret_is_written_into_it() -> None:
    variables = properties()["environmentVariables"]
    for name in ("FACEGATE_KEY", "FACEGATE_LEDGER", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        found = ENV.fullmatch(variables[name])
        assert found is not None
        assert found[2] is None, "has to be given"
