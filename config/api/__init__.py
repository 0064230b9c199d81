"""The public API, version 1: one file a noun, the same querysets and actions as the
pages."""

from ninja import NinjaAPI

from config.api import boards, earnings, feeds, people, pins, products
from config.api.bodies import StrictParser
from config.api.errors import add_handlers

api = NinjaAPI(
    title="Pinboard",
    version="1",
    urls_namespace="api",
    docs_url=None,  # our own page, which loads nothing from elsewhere
    parser=StrictParser(),
)
add_handlers(api)
for noun in (boards, pins, people, feeds, products, earnings):
    api.add_router("", noun.router)
