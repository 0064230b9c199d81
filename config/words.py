"""Turns the translators' catalogues into what gettext reads.

By Babel, for `msgfmt` is not on every machine. What it makes is not committed: `up` and
the tests make it where it is missing or old, an image when it is built (`manage.py
compilemessages`).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from config.environment import BASE_DIR

LOCALE = BASE_DIR / "locale"


def compile_words(folder: Path = LOCALE) -> list[Path]:
    """The catalogues that had to be compiled."""
    stale = [po for po in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _is_stale(po)]
    for po in stale:
        _compile(po)
    return stale


def _is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime


def _compile(po: Path) -> None:
    """Put in place whole: another process may be starting, and reads it."""
    # Most starts have nothing to compile and need no Babel.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with po.open("rb") as source:
        catalogue = read_po(source, abort_invalid=True)
    fd, name = tempfile.mkstemp(dir=po.parent, suffix=".part")
    with os.fdopen(fd, "wb") as target:
        write_mo(target, catalogue)
    made = Path(name)
    made.chmod(0o644)
    made.replace(po.with_suffix(".mo"))
