"""The attachments service's published contract, where it is at hand: replies are held against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from openapi_schema_validator import OAS30Validator

from agent.sandbox import paths

CONTRACT = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "optum-real-dental-attachments.openapi.json"

_DEFAULT = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}}


def validate(response: httpx.Response, document: dict[str, Any]) -> None:
    """Hold a reply against the published responses of its operation: status, content type and body."""
    path = response.request.url.path.removeprefix(paths.ATTACHMENTS)
    operation = document["paths"].get(path, {}).get(response.request.method.lower())
    responses = {} if operation is None else operation["responses"]
    status = str(response.status_code)
    assert response.is_error or status in responses, f"{status} is no published reply of {path}"
    published = responses.get(status) or responses.get("default") or _DEFAULT
    media_type = response.headers["content-type"].partition(";")[0]
    assert media_type in published["content"], f"{media_type} is no published type of {path}"
    if media_type.endswith("json"):
        response.read()
        schema = {"allOf": [published["content"][media_type]["schema"]], "components": document["components"]}
        OAS30Validator(schema, format_checker=OAS30Validator.FORMAT_CHECKER).validate(response.json())
