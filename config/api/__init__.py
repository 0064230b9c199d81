"""The public API, version 1: one file a noun, the same querysets and actions as the
pages."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from config.api import boards, earnings, feeds, people, pins, products
from config.api.bodies import StrictParser
from config.api.errors import add_handlers


class DescribedOnce(NinjaAPI):
    """The description is made from the code alone, and takes a third of a second that
    anybody could ask for again and again."""

    described: OpenAPISchema | None = None

    def get_openapi_schema(
        self,
        *,
        path_prefix: str | None = None,
        path_params: dict[str, Any] | None = None,
    ) -> OpenAPISchema:
        if self.described is None:
            self.described = super().get_openapi_schema(
                path_prefix=path_prefix, path_params=path_params
            )
        return self.described


api = DescribedOnce(
    title="Pinboard",
    version="1",
    urls_namespace="api",
    docs_url=None,  # our own page, which loads nothing from elsewhere
    parser=StrictParser(),
)
add_handlers(api)
for noun in (boards, pins, people, feeds, products, earnings):
    api.add_router("", noun.router)
