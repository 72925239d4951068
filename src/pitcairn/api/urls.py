"""The management API: its addresses, under `/api/v1/`, and the description that is made of them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from pitcairn.api import computations, destination_rules, destinations, errors, experiences, goals, sources, syncs, why
from pitcairn.api.access import NAMESPACE, BearerKey
from pitcairn.api.bodies import Error, ErrorBody, ErrorDetail

DESCRIPTION = """What the dashboard does, for programs. A request shows a key of its workspace as `Authorization: Bearer KEY`.
Lists come in pages: `limit` says how many items, `next_cursor` of one page is `cursor` of the next. An error is
`{"error": {"code", "message", "details": [{"path", "message"}]}}`, and nothing was changed."""


class ManagementAPI(NinjaAPI):
    """Describes its one error, which every operation may answer, and calls operations as their functions are called."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        for model in (Error, ErrorBody, ErrorDetail):
            described = model.model_json_schema(ref_template="#/components/schemas/{model}")
            described.pop("$defs", None)
            schema["components"]["schemas"][model.__name__] = described
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = {"description": "What is wrong", "content": content}
        return schema


def management_api() -> NinjaAPI:
    api = ManagementAPI(
        title="Pitcairn management API",
        version=version("pitcairn"),
        description=DESCRIPTION,
        urls_namespace=NAMESPACE,
        docs_url=None,  # The page that comes with it runs scripts that the policy for our pages forbids.
        docs_decorator=require_safe,
        auth=BearerKey(),
    )
    errors.register(api)
    for prefix, router in (
        ("/experiences", experiences.router),
        ("/goals", goals.router),
        ("/sources", sources.router),
        ("/destinations", destinations.router),
        ("/destinations", destination_rules.router),
        ("/audiences", computations.audiences),
        ("/computed-traits", computations.computed_traits),
        ("/audiences", syncs.audiences),
        ("/computed-traits", syncs.computed_traits),
        ("/why", why.router),
    ):
        api.add_router(prefix, router)
    return api
