"""The template as it is written, as SAM hands it to CloudFormation, and with its references filled in."""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode.cfn_yaml import load

ROOT = Path(__file__).parents[2]
FILE = ROOT / "template.yaml"
SAM = ROOT / ".venv-sam"
STACK, REGION, ACCOUNT = "facegate", "us-east-1", "123456789012"
ENVIRON = {**os.environ, "AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0"}
CONTRACTS = ("market", "tencent", "baidu")

_TRANSLATE = """
import json, sys
from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_parse

class NoPolicies:
    def load(self):
        return {}

template = yaml_parse(open(sys.argv[1], encoding="utf-8").read())
parameters = json.loads(sys.argv[2])
validator = SamTemplateValidator(template, NoPolicies(), region="us-east-1", parameter_overrides=parameters)
print(json.dumps(yaml_parse(validator.get_translated_template_if_valid())))
"""


def parameters(**given: object) -> dict[str, Any]:
    """Values of the template's parameters: the given ones, else the defaults."""
    needed = {"KeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0", "SealedKey": "AAAA"}
    return (
        needed | {name: spec["Default"] for name, spec in written()["Parameters"].items() if "Default" in spec} | given
    )


@cache
def written() -> dict[str, Any]:
    """The template, its short forms (``!Ref``) spelled out."""
    return json.loads(json.dumps(load(str(FILE))))  # type: ignore[no-any-return]  # plain types instead of its own


@cache
def translated() -> dict[str, Any]:
    """What SAM makes of it, for the default parameters."""
    command = [str(SAM / "bin/python"), "-c", _TRANSLATE, str(FILE), json.dumps(parameters())]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRON, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def resources(kind: str, within: dict[str, Any] | None = None) -> dict[str, Any]:
    """The properties of all resources of a type, by their logical names."""
    found = (within or written())["Resources"]
    return {name: body["Properties"] for name, body in found.items() if body["Type"] == kind}


def resolve(value: Any, **given: object) -> Any:
    """A value with its references filled in as CloudFormation would for a stack of these parameters."""
    names = parameters(**given) | {
        "AWS::StackName": STACK, "AWS::Region": REGION, "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
    }  # fmt: skip

    def fill(part: Any) -> Any:
        if isinstance(part, list):
            return [fill(item) for item in part]
        if not isinstance(part, dict):
            return part
        match part:
            case {"Ref": name}:
                return names.get(name, name)
            case {"Fn::GetAtt": [name, "Arn"]}:
                return arn(name)
            case {"Fn::GetAtt": where}:
                return ".".join(where)
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: named(found[1]), text)
        return {name: fill(item) for name, item in part.items()}

    def named(name: str) -> str:
        resource, _, attribute = name.partition(".")
        return arn(resource) if attribute == "Arn" else str(names.get(name, name))

    def arn(name: str) -> str:
        properties = written()["Resources"][name]["Properties"]
        if "TableName" in properties:
            return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{fill(properties['TableName'])}"
        return f"arn:{name}"

    return fill(value)


def environment(function: str, **given: object) -> dict[str, str]:
    """The environment variables that a function gets."""
    shared = written()["Globals"]["Function"]["Environment"]["Variables"]
    own = written()["Resources"][function]["Properties"].get("Environment", {}).get("Variables", {})
    return {name: str(value) for name, value in resolve(shared | own, **given).items()}


def allowed(function: str, **given: object) -> set[tuple[str, str]]:
    """What a function's role lets it do: (action, resource)."""
    found = written()["Resources"]
    role = found[found[function]["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"]
    documents = [found[policy["Ref"]]["Properties"]["PolicyDocument"] for policy in role["ManagedPolicyArns"]]
    documents += [policy["PolicyDocument"] for policy in role["Policies"]]
    rights = set()
    for statement in (statement for document in documents for statement in document["Statement"]):
        assert statement["Effect"] == "Allow"
        rights |= {(action, resolve(statement["Resource"], **given)) for action in statement["Action"]}
    return rights
