from ninja import NinjaAPI

api = NinjaAPI(title="Pinboard", version="1", urls_namespace="api")
