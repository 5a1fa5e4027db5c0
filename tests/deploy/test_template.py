"""What the template says: checked by the vendors' linters, and against the code that it deploys."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
from functools import cache
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

import baidu.app
import baidu.errors
import market.app
import market.errors
import tencent.app
import tencent.errors
from gatekeeper import Contract, refusals
from gatekeeper.gate import Options
from gatekeeper.items import tables
from serving.codes import Code, Failure
from tests.deploy import template
from tests.deploy.template import CONTRACTS, ROOT, SAM

FUNCTION, ZIPPED, IMAGE = "AWS::Serverless::Function", "Authorizer", "Function"
FUNCTIONS = template.resources(FUNCTION)


@pytest.mark.parametrize(
    "command", [["bin/sam", "validate", "--lint", "--template"], ["bin/cfn-lint"]], ids=["sam", "cfn-lint"]
)
def test_the_vendors_linters_have_nothing_to_say(command: list[str]) -> None:
    line = [str(SAM / command[0]), *command[1:], str(template.FILE)]
    done = subprocess.run(line, capture_output=True, text=True, env=template.ENVIRON, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert not re.search(r"\b[EWI]\d{4}\b", said), said


def test_every_contract_has_an_api_an_authorizer_and_a_function() -> None:
    titles = [name.title() for name in CONTRACTS]
    assert set(template.resources("AWS::Serverless::Api")) == {f"{name}Api" for name in titles}
    assert set(FUNCTIONS) == {f"{name}{kind}" for name in titles for kind in (ZIPPED, IMAGE)}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_an_image_function_shares_by_dockerfile_and_not_by_layers(contract: str) -> None:
    name = f"{contract.title()}Function"
    made = template.translated()["Resources"][name]["Properties"]
    assert made["PackageType"] == "Image"
    assert {"Layers", "Handler", "Runtime"} & set(made) == set()
    assert made["ImageConfig"] == {"Command": [f"{contract}.function.handler"]}
    assert made["Architectures"] == ["x86_64"]
    assert made["Timeout"] <= 29, "API Gateway waits no longer"
    metadata = template.written()["Resources"][name]["Metadata"]
    assert (ROOT / metadata["DockerContext"] / metadata["Dockerfile"]).is_file()
    assert f" AS {metadata['DockerBuildTarget']}\n" in (ROOT / metadata["Dockerfile"]).read_text()


@pytest.mark.parametrize("contract", CONTRACTS)
def test_an_authorizer_is_asked_about_every_call(contract: str) -> None:
    body = template.translated()["Resources"][f"{contract.title()}Api"]["Properties"]["Body"]
    (authorizer,) = body["components"]["securitySchemes"].values()
    details = authorizer["x-amazon-apigateway-authorizer"]
    assert details["type"] == "request"
    assert details["authorizerResultTtlInSeconds"] == 0
    assert "identitySource" not in details, "a missing one would be refused without asking"


def test_the_routes_are_the_contracts_and_only_methods_that_call_are_guarded() -> None:
    found = {}
    for contract in CONTRACTS:
        body = template.translated()["Resources"][f"{contract.title()}Api"]["Properties"]["Body"]
        for path, methods in body["paths"].items():
            for method, details in methods.items():
                name = "any" if method == "x-amazon-apigateway-any-method" else method
                found[f"{name} {path}"] = details["security"] != [{"NONE": []}]
    assert found == {
        f"get {market.app.PATH}": True,
        f"post {market.app.PATH}": True,
        f"any {market.app.PATH}": False,
        f"post {tencent.app.PATH}": True,
        f"any {tencent.app.PATH}": False,
        f"post {baidu.app.PATH}": True,
        f"any {baidu.app.PATH}": False,
        f"get {baidu.app.TOKEN_PATH}": False,
        f"post {baidu.app.TOKEN_PATH}": False,
    }


def test_only_multipart_travels_as_base64() -> None:
    apis = template.resources("AWS::Serverless::Api")
    listed = {name: api["BinaryMediaTypes"] for name, api in apis.items() if "BinaryMediaTypes" in api}
    assert listed == {"TencentApi": ["multipart~1form-data"]}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_exists(name: str) -> None:
    properties = FUNCTIONS[name]
    handler = properties.get("Handler") or properties["ImageConfig"]["Command"][0]
    module, _, attribute = handler.rpartition(".")
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_is_what_the_code_reads(name: str) -> None:
    environment = template.environment(name)
    assert set(environment) <= _environment_names()
    Options.from_env(environment)


def test_the_parameters_default_to_the_codes_own_values() -> None:
    assert Options.from_env(template.environment("MarketFunction")) == Options()


@cache
def _environment_names() -> set[str]:
    """Every text constant of the code that looks like a variable's name."""
    found = set()
    for folder in ("layers", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found |= set(re.findall(r"^(?:FACEGATE|POWERTOOLS)_[A-Z_]+$", node.value))
    return found


def test_the_tables_are_gatekeepers() -> None:
    for wanted in tables(template.STACK):
        (found,) = (
            found
            for found in map(template.resolve, template.resources("AWS::DynamoDB::Table").values())
            if found["TableName"] == wanted["TableName"]
        )
        assert {name: found.get(name) for name in wanted} == wanted
        life = found.get("TimeToLiveSpecification")
        assert life == ({"AttributeName": "ttl", "Enabled": True} if "calls" in wanted["TableName"] else None)
        assert found["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    kept = [body for body in template.written()["Resources"].values() if body["Type"] == "AWS::DynamoDB::Table"]
    assert all(body["DeletionPolicy"] == body["UpdateReplacePolicy"] == "Retain" for body in kept)
    assert len(kept) == 3


@pytest.mark.parametrize("name", FUNCTIONS)
def test_rights_name_one_resource_each(name: str) -> None:
    for action, resource in template.allowed(name):
        assert "*" not in action
        assert ("*" in resource) == action.startswith("xray:"), f"{action} on {resource}"
    role = template.translated()["Resources"][name]["Properties"]["Role"]["Fn::GetAtt"][0]
    assert role == f"{name}Role", "a role of its own"


def test_nothing_is_kept_warm_unless_asked_for() -> None:
    assert template.parameters()["ProvisionedConcurrency"] == 0
    none = {"Fn::Equals": [{"Ref": "ProvisionedConcurrency"}, 0]}
    assert template.written()["Conditions"]["KeepsWarm"] == {"Fn::Not": [none]}
    instances = {"ProvisionedConcurrentExecutions": {"Ref": "ProvisionedConcurrency"}}
    for name, properties in FUNCTIONS.items():
        chosen = properties.get("ProvisionedConcurrencyConfig")
        image = {"Fn::If": ["KeepsWarm", instances, {"Ref": "AWS::NoValue"}]}
        assert chosen == (image if name.endswith(IMAGE) else None)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_other_parameters_reach_callers_with_a_new_version(contract: str) -> None:
    """An API calls a version, which keeps the settings that it was made with, until another one takes its place."""
    name = f"{contract.title()}Function"
    (version,) = (
        version
        for version in template.resources("AWS::Lambda::Version", template.translated()).values()
        if version["FunctionName"] == {"Ref": name}
    )
    settings = _parameters(template.translated()["Resources"][name]["Properties"])
    assert "SealedKey" in settings
    assert _parameters(version["Description"]) == settings - {"SealedKey"} | {"KeyNumber"}, "a key would be too long"
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(template.REGION, "AWS::Lambda::Version").schema
    assert "/properties/Description" in schema["createOnlyProperties"], "another description is another version"
    longest = {"Memory": 10240, "LogLevel": "WARNING", "DayOffset": -12, "FaceSeconds": 2592000, "KeyNumber": 9999}
    text = "x" * template.written()["Parameters"]["AppcodeText"]["MaxLength"]
    assert len(template.resolve(version["Description"], AppcodeText=text, **longest)) <= 256


def _parameters(value: object) -> set[str]:
    """The template's parameters that a value refers to."""
    text = json.dumps(value)
    named = re.findall(r'{"Ref": "(\w+)"}', text) + re.findall(r"\${(\w+)}", text)
    return set(named) & set(template.parameters())


@pytest.mark.parametrize("contract", CONTRACTS)
def test_another_template_is_another_version(contract: str) -> None:
    assert FUNCTIONS[f"{contract.title()}Function"]["AutoPublishAliasAllProperties"] is True


def test_logs_end_and_hold_no_requests() -> None:
    groups = template.resources("AWS::Logs::LogGroup")
    assert len(groups) == len(FUNCTIONS)
    assert all(group["RetentionInDays"] == {"Ref": "LogDays"} for group in groups.values())
    (setting,) = template.written()["Globals"]["Api"]["MethodSettings"]
    assert (setting["LoggingLevel"], setting["DataTraceEnabled"]) == ("OFF", False)
    stages = template.resources("AWS::ApiGateway::Stage", template.translated()).values()
    assert [stage["TracingEnabled"] for stage in stages] == [False] * len(CONTRACTS), "a trace tells address and url"


# ---- what the gateway answers by itself

GATEWAY = {
    "Market": {
        "DEFAULT_4XX": market.errors.UNKNOWN_PATH,
        "REQUEST_TOO_LARGE": market.errors.BODY_TOO_LARGE,
        "THROTTLED": "T429ID",
        "DEFAULT_5XX": "X503BZ",
        "INTEGRATION_TIMEOUT": market.errors.BACKEND_TIMEOUT,
    },
    "Tencent": {
        "DEFAULT_4XX": tencent.errors.BAD_REQUEST,
        "REQUEST_TOO_LARGE": tencent.errors.BODY_TOO_LARGE,
        "THROTTLED": "15",
        "DEFAULT_5XX": tencent.errors.UNAVAILABLE,
        "AUTHORIZER_FAILURE": "107",
    },
    "Baidu": {
        "DEFAULT_4XX": baidu.errors.WRONG_METHOD,
        "REQUEST_TOO_LARGE": baidu.errors.TOO_LARGE,
        "THROTTLED": "4",
        "DEFAULT_5XX": "2",
    },
}


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, kinds in GATEWAY.items() for kind in kinds])
def test_the_gateway_refuses_in_the_vendors_words(name: str, kind: str) -> None:
    made = template.resources("AWS::Serverless::Api")[f"{name}Api"]["GatewayResponses"]
    assert set(made) == set(GATEWAY[name])
    found = made[kind]
    status, code, message = _words(Contract(name.lower()), GATEWAY[name][kind])
    if kind == "DEFAULT_4XX" and name != "Baidu":
        status = 404  # what the gateway refuses of itself is a path that it does not know
    assert found["StatusCode"] == status
    body = found["ResponseTemplates"]["application/json"]
    if name == "Market":
        headers = found["ResponseParameters"]["Headers"]
        assert body == ""
        assert headers["X-Ca-Error-Code"] == f"'{code}'"
        assert headers["X-Ca-Error-Message"] == f"'{message.replace(' `{Path}`', '')}'"
        assert headers["X-Ca-Request-Id"] == "context.requestId"
    elif name == "Tencent":
        assert json.loads(body) == {"code": int(code), "message": message}
    else:
        assert json.loads(body) == {"error_code": int(code), "error_msg": message}
    assert body.isascii()


def _words(contract: Contract, entry: Any) -> tuple[int, str, str]:
    """Status, code and message of a refusal's key or a code of the contract's table."""
    if isinstance(entry, str):
        row = refusals.TABLES[contract][entry]
        return row.status, entry, row.text
    assert isinstance(entry, Code)
    return entry.status, str(entry.code), Failure(entry).message
