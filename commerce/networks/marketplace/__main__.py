"""`python -m commerce.networks.marketplace --port 8001 --data-dir var`"""

from __future__ import annotations

import argparse
import logging
import signal
import threading
from pathlib import Path

from commerce.networks.marketplace.server import Server


def main() -> None:
    parser = argparse.ArgumentParser(prog="marketplace", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data-dir", type=Path, default=Path("var"))
    options = parser.parse_args()
    logging.basicConfig(format="%(name)s: %(message)s", level=logging.INFO)
    server = Server(options.host, options.port, options.data_dir)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for the loop, which runs in this very thread.
        signal.signal(
            number, lambda *_: threading.Thread(target=server.shutdown).start()
        )
    logging.info("the marketplace answers at %s", server.marketplace.base)
    server.serve_forever(poll_interval=0.2)


if __name__ == "__main__":
    main()
