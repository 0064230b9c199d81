"""The process that decodes: `python -m pinboard.pictures.sandbox KIND WIDTHS PREVIEW`.

The upload comes on standard input. A line of JSON and the files, one behind the other,
go to standard output. It imports no Django, opens no file and reaches no network; a
decoder that is taken over holds nothing but the picture it was given.
"""

from __future__ import annotations

import json
import resource
import sys
from io import BytesIO

MEMORY_BYTES = 1024**3
CPU_S = 10
TOO_HARD = 3  # exit status: memory or time ran out, which no second try will change


def limit_ourselves() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 2))  # XCPU, then KILL
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    limit_ourselves()
    # After the limits, so that they hold for all that the libraries do.
    from pinboard.pictures.copies import make_copies

    kind, widths, preview = sys.argv[1:]
    content = sys.stdin.buffer.read()
    try:
        facts, files = make_copies(
            content, kind, [int(width) for width in widths.split(",")], int(preview)
        )
    except MemoryError:
        return TOO_HARD
    facts["files"] = [[name, len(file)] for name, file in files.items()]
    out = BytesIO()
    out.write(json.dumps(facts).encode() + b"\n")
    for file in files.values():
        out.write(file)
    sys.stdout.buffer.write(out.getbuffer())
    return 0


if __name__ == "__main__":
    sys.exit(main())
