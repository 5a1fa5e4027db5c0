"""Calls as API Gateway hands them on: REST API proxy events and REQUEST authorizer events, payload format 1.0.

The API behind its own domain, as clients that keep their code need it: no stage in the path. Source: "Input format of a
Lambda function for proxy integration" and "Input to an API Gateway Lambda authorizer" in the API Gateway guide.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from events.cases import Case
from events.demo import MOMENT

ACCOUNT = "123456789012"
REGION = "us-east-1"
STAGE = "live"
BINARY = ("multipart/form-data",)
"""Media types that the template lists as binary; such bodies come in base64."""

Event = dict[str, Any]


def authorizer_event(case: Case) -> Event:
    """What the authorizer is asked; it never sees the body."""
    arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{case.contract}/{STAGE}/{case.method}{case.path}"
    return {"type": "REQUEST", "methodArn": arn} | _common(case)


def proxy_event(case: Case, context: Mapping[str, object] | None) -> Event:
    """What the function is asked.

    Args:
        case: The call.
        context: The ``context`` of the authorizer's answer; None for a route without authorizer.
    """
    event = _common(case)
    if context is not None:
        told = {name: _text(value) for name, value in context.items()}
        event["requestContext"]["authorizer"] = told | {"principalId": told.get("client") or "unknown"}
    is_binary = case.headers.get("Content-Type", "").startswith(BINARY)
    body = base64.b64encode(case.body).decode() if is_binary else case.body.decode()
    return event | {"body": body or None, "isBase64Encoded": is_binary}


def _common(case: Case) -> Event:
    headers = case.all_headers
    query = dict(case.query)
    return {
        "resource": case.path,
        "path": case.path,
        "httpMethod": case.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": str(case.contract),
            "domainName": case.host,
            "httpMethod": case.method,
            "identity": {"sourceIp": "203.0.113.7", "userAgent": headers["User-Agent"]},
            "path": case.path,
            "protocol": "HTTP/1.1",
            "requestId": case.request_id,
            "requestTimeEpoch": int(MOMENT * 1000),
            "resourceId": "abc123",
            "resourcePath": case.path,
            "stage": STAGE,
        },
    }


def _text(value: object) -> str:
    """A value of the context as the gateway hands it on: text, whatever it was."""
    return str(value).lower() if isinstance(value, bool) else str(value)
