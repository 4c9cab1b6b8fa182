"""OpenAPI: the document of ``/openapi.json``, made from the routes and the Structs of their bodies.

Source: the OpenAPI Specification 3.1, whose schemas are those of JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from mlxkernel.api import Description
from mlxkernel.routes import OWN, Entry, arguments, template

_REFERENCE = "#/components/schemas/{name}"
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}


def document(version: str, entries: Iterable[Entry]) -> bytes:
    """The document as JSON, for a server of this version with these routes beside the kernel's own."""
    routes = (*OWN, *entries)
    types = list(dict.fromkeys(kind for entry in routes for kind in _types(entry.description)))
    found, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    schemas = dict(zip(types, found, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for entry in routes:
        paths.setdefault(template(entry.path), {})[entry.method.lower()] = _operation(entry, schemas)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "mlxkernel", "version": version},
            "paths": paths,
            "components": {"schemas": components, "securitySchemes": _SECURITY},
            "security": [{"bearer": []}, {"key": []}, {}],
        }
    )


def _types(description: Description | None) -> Sequence[Any]:
    if description is None:
        return ()
    kinds = (description.body, description.reply, description.event)
    return [kind for kind in kinds if kind is not None]


def _operation(entry: Entry, schemas: dict[Any, Any]) -> dict[str, Any]:
    description = entry.description or Description(summary=f"{entry.method} {entry.path}")
    operation: dict[str, Any] = {
        "operationId": f"{entry.method} {entry.path}",
        "summary": description.summary,
        "responses": {
            "200": _success(description, schemas),
            "default": {"description": "An error in the shape of this API"},
        },
    }
    if entry.dialect:
        operation["tags"] = [entry.dialect]
    if entry.open:
        operation["security"] = []
    if description.body is not None:
        content = {"application/json": {"schema": schemas[description.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    names = arguments(entry.path)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            for name in names
        ]
    return operation


def _success(description: Description, schemas: dict[Any, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if description.reply is not None:
        content["application/json"] = {"schema": schemas[description.reply]}
    if description.event is not None:
        # What a stream's single events are; the media type's own framing is the client's business.
        content[description.stream] = {"schema": schemas[description.event]}
    return {"description": "The answer", **({"content": content} if content else {})}
