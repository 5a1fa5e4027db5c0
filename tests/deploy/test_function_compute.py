"""s.yaml runs the standalone image with the settings that the template gives the functions."""

from __future__ import annotations

import re
from typing import Any

import yaml

from gatekeeper.gate import Options
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
    assert set(template.environment("MarketFunction")) == {name for name in variables if not name.startswith("AWS_")}
    defaults = {}
    for name, value in variables.items():
        found = ENV.fullmatch(value)
        assert found is not None, name
        defaults[name] = found[2] or ""
    assert Options.from_env(defaults) == Options()


def test_no_secret_is_written_into_it() -> None:
    variables = properties()["environmentVariables"]
    for name in ("FACEGATE_KEY", "FACEGATE_LEDGER", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        found = ENV.fullmatch(variables[name])
        assert found is not None
        assert found[2] is None, "has to be given"
