from django.http import HttpRequest


def chrome(request: HttpRequest) -> dict[str, object]:
    """What header and footer of every page read."""
    return {"theme": request.COOKIES.get("theme", "")}
