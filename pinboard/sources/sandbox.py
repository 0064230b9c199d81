"""The process that reads a page: `python -m pinboard.sources.sandbox ADDRESS`.

Parsing HTML by the rules costs some pages far more than their size: a few hundred
kilobytes can be made to take minutes or gigabytes. So the reading is done apart, under
limits. The page comes on standard input, its facts go to standard output as JSON.
"""

from __future__ import annotations

import json
import resource
import sys

MEMORY_BYTES = 1024**3
CPU_S = 5
TOO_HARD = 3


def limit_ourselves() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    limit_ourselves()
    # After the limits, so that they hold for all that the libraries do.
    from pinboard.sources.extract import read_page

    content = sys.stdin.buffer.read()
    try:
        facts = read_page(content, sys.argv[1])
    except (MemoryError, RecursionError):
        return TOO_HARD
    sys.stdout.write(json.dumps(facts.to_json()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
