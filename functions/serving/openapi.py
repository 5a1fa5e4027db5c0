"""Says in an app's OpenAPI page what its routes read themselves, so that they can refuse it in a vendor's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


def query(model: type[BaseModel]) -> dict[str, Any]:
    """A model's fields as parameters of the query."""
    schema = _schema(model)
    required = schema.get("required", [])
    return {
        "parameters": [
            {"name": name, "in": "query", "required": name in required, "schema": _plain(spec)}
            for name, spec in schema["properties"].items()
        ]
    }


def body(models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """A body's model for each content type."""
    content = {kind: {"schema": _plain(_schema(model))} for kind, model in models.items()}
    return {"requestBody": {"required": True, "content": content}}


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _plain(schema: Any, defs: Mapping[str, Any] | None = None) -> Any:
    """A schema with its definitions put where they are used."""
    if isinstance(schema, list):
        return [_plain(part, defs) for part in schema]
    if not isinstance(schema, dict):
        return schema
    defs = schema.get("$defs", defs)
    if "$ref" in schema and defs is not None:
        return _plain(defs[schema["$ref"].rpartition("/")[2]], defs)
    return {name: _plain(part, defs) for name, part in schema.items() if name != "$defs"}
