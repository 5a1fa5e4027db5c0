"""Says in an app's OpenAPI page what its routes read themselves, so that they can refuse it in a vendor's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel


def page(title: str, base: str) -> FastAPI:
    """An app without routes, with its document at ``BASE/openapi.json`` and a page to read and try it at ``BASE/docs``.

    The page's script is the server's own: it runs where credentials are typed in.
    """
    docs = f"{base}/docs"
    return FastAPIOffline(
        title=title,
        docs_url=docs,
        redoc_url=None,
        openapi_url=f"{base}/openapi.json",
        static_url=f"{docs}/files",
        swagger_ui_oauth2_redirect_url=f"{docs}/oauth2-redirect",
    )


def key(app: FastAPI, name: str, where: str, words: str) -> dict[str, Any]:
    """Tells of the key that callers of an app's routes send.

    Args:
        app: Whose document tells of it.
        name: The header's or the parameter's.
        where: ``header`` or ``query``.
        words: What it is.

    Returns:
        What a route that needs it adds to what is told of it.
    """
    plain = app.openapi

    def told() -> dict[str, Any]:
        document = plain()
        scheme = {"type": "apiKey", "in": where, "name": name, "description": words}
        document.setdefault("components", {})["securitySchemes"] = {"key": scheme}
        return document

    app.openapi = told  # type: ignore[method-assign]  # FastAPI's documentation: "Extending OpenAPI"
    return {"security": [{"key": []}]}


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
