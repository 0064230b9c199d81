"""Runs every benchmark of this folder and ends with a table.

python -m bench
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main() -> int:
    verdicts = {}
    for script in sorted(FOLDER.glob("[a-z]*.py")):
        print(f"== {script.stem}", flush=True)
        done = subprocess.run([sys.executable, str(script)], check=False)
        verdicts[script.stem] = "pass" if done.returncode == 0 else "short"
    width = max(map(len, verdicts))
    print("== all")
    for name, verdict in verdicts.items():
        print(f"{name:<{width}}  {verdict}")
    return 0 if set(verdicts.values()) == {"pass"} else 1


if __name__ == "__main__":
    sys.exit(main())
