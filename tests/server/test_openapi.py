"""The OpenAPI document says what the server does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from ocr_nb.server.openapi import make_document
from ocr_nb.server.options import ServerOptions
from ocr_nb.server.routing import BY_NAME, find_resource

Serve = Callable[..., httpx.AsyncClient]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, method, operation)."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


async def test_the_document_is_served_at_the_root_and_below_the_prefix(client: httpx.AsyncClient) -> None:
    """The same one, as JSON."""
    root, below = await client.get("/openapi.json"), await client.get("/v5.0/ocr/openapi.json")

    assert root.json() == below.json() == json.loads(json.dumps(make_document(ServerOptions())))


def test_every_documented_operation_is_routed_and_every_routed_one_documented() -> None:
    """Paths, methods and nothing more."""
    documented = {(path, method.upper()) for path, method, _ in operations(make_document(ServerOptions()))}
    found = {path: find_resource(path) for path, _ in documented}
    routed = {(path, method) for path, resource in found.items() if resource for method in resource.actions}

    assert documented == routed
    assert len(BY_NAME) + 1 == len({path for path, _ in documented})


def test_every_reference_leads_somewhere_and_operation_ids_differ() -> None:
    """No dangling schema."""
    document = make_document(ServerOptions())
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    ids = [operation["operationId"] for _, _, operation in operations(document)]

    assert set(document["components"]["schemas"]) == names
    assert len(ids) == len(set(ids))


def test_tokens_are_documented_in_strict_mode_only() -> None:
    """The trial needs none even then."""
    paths = make_document(ServerOptions(strict=True))["paths"]

    assert "securitySchemes" not in make_document(ServerOptions())["components"]
    assert [{"bearer": []}] == paths["/v5.0/ocr/UpscaleImage"]["post"]["security"]
    assert "security" not in paths["/v5.0/ocr/RecognizeImageTrial"]["post"]
    assert "401" not in paths["/v5.0/ocr/RecognizeImageTrial"]["get"]["responses"]


async def test_every_operation_answers_a_bare_call_with_a_documented_status(
    client: httpx.AsyncClient,
) -> None:
    """Status and content type of the answer to a call without anything are in the document."""
    for path, method, operation in operations(make_document(ServerOptions())):
        answer = await client.request(method.upper(), path)

        documented = operation["responses"][str(answer.status_code)]
        assert answer.headers["content-type"] in documented["content"], (method, path)
