"""The import map: bare names of our ES modules and where their files stand.

It is the only inline script of the site, so the policy names its hash. Both come from
the one text made here: `base.html` prints it between the tags, and
`config.middleware.ContentPolicy` adds its hash to `script-src`.
"""

import base64
import hashlib
import json
from pathlib import Path

from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.templatetags.static import static

_texts: dict[str, str] = {}


def importmap() -> str:
    """`{"imports": {"pinboard/feed": "/static/js/feed.<hash>.js", ...}}`."""
    if settings.DEBUG:
        return _compose()  # a new module shows up without a restart
    if "text" not in _texts:
        _texts["text"] = _compose()
    return _texts["text"]


def importmap_source() -> str:
    """What `script-src` calls it: `'sha256-...'`."""
    digest = hashlib.sha256(importmap().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def context(_request: HttpRequest) -> dict[str, object]:
    return {"importmap": importmap()}


def _compose() -> str:
    modules = sorted(Path(settings.BASE_DIR, "static", "js").glob("*.js"))
    imports = {f"pinboard/{path.stem}": static(f"js/{path.name}") for path in modules}
    # `<` cannot end the script element early, whatever a file is called.
    return json.dumps({"imports": imports}).replace("<", "\\u003c")


def _forget(**_signal: object) -> None:
    _texts.clear()


setting_changed.connect(_forget)
