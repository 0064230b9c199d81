"""From an address to the facts of its page: fetched with care, read apart."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

from pinboard.exceptions import PageUnreadable
from pinboard.sources.extract import PageFacts
from pinboard.sources.fetch import Fetched

WALL_CLOCK_S = 8
_ROOT = Path(__file__).resolve().parents[2]
_COMMAND = [sys.executable, "-E", "-s", "-m", "pinboard.sources.sandbox"]

log = logging.getLogger(__name__)


def facts_of(fetched: Fetched) -> PageFacts:
    """What the page says. Raises PageUnreadable where reading it takes too much."""
    if fetched.is_picture:
        return PageFacts(images=[fetched.url], sources={"images": "address"})
    try:
        done = subprocess.run(  # noqa: S603  our own module, no shell
            [*_COMMAND, fetched.url],
            input=fetched.content,
            capture_output=True,
            cwd=_ROOT,  # where the package is found
            env={"PYTHONUTF8": "1"},
            timeout=WALL_CLOCK_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PageUnreadable from error
    if done.returncode:
        last_line = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        log.warning("a page could not be read: %s, %s", done.returncode, last_line)
        raise PageUnreadable
    return PageFacts.from_json(json.loads(done.stdout))
