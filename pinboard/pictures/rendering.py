"""The worker's side of the sandbox: start it, wait for it, judge how it ended."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pinboard.exceptions import PictureBroken, PictureTooHard
from pinboard.models.picture import LINK_PREVIEW_WIDTH, RENDITION_WIDTHS
from pinboard.pictures.header import read_header
from pinboard.pictures.sandbox import TOO_HARD

WALL_CLOCK_S = 15
ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-E", "-s", "-m", "pinboard.pictures.sandbox"]

log = logging.getLogger(__name__)


class SandboxDied(RuntimeError):
    """It was killed from outside, or the machine is too busy: try again later."""


@dataclass(frozen=True)
class Rendered:
    """`files` are named as in `copies`: 474.webp, 736.jpg, original."""

    width: int
    height: int
    dominant: str
    difference_hash: int
    is_animated: bool
    media_type: str
    files: dict[str, bytes]


def render(content: bytes) -> Rendered:
    """Make all files of a picture. Raises a PictureRefused, or SandboxDied."""
    kind = read_header(content).kind
    widths = ",".join(map(str, RENDITION_WIDTHS))
    try:
        done = subprocess.run(  # noqa: S603  our own module, words of our own
            [*COMMAND, kind, widths, str(LINK_PREVIEW_WIDTH)],
            input=content,
            capture_output=True,
            cwd=ROOT,
            env={},
            timeout=WALL_CLOCK_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxDied("no answer in time") from error
    if done.returncode:
        _judge(done.returncode, done.stderr)
    return _read(done.stdout)


def _judge(status: int, said: bytes) -> None:
    if status == -signal.SIGKILL or status == -signal.SIGTERM:
        raise SandboxDied(f"signal {-status}")
    if status in {TOO_HARD, -signal.SIGXCPU}:
        raise PictureTooHard
    # A decoder's complaint or crash: the bytes are at fault and will be next time.
    last_line = said.decode(errors="replace").strip().rpartition("\n")[2]
    log.info("a picture could not be decoded: status %s, %s", status, last_line)
    raise PictureBroken


def _read(answer: bytes) -> Rendered:
    stream = BytesIO(answer)
    facts = json.loads(stream.readline())
    files = {name: stream.read(size) for name, size in facts.pop("files")}
    return Rendered(**facts, files=files)
