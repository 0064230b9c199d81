"""Runs a command and stops it when the parent dies, however it dies.

The parent holds the other end of our standard input. When it is gone, killed or not,
the pipe closes: then the command gets the signal that stops it in good order. Signals
sent to us are passed on.

    python childwatch.py COMMAND [ARGUMENT ...]
"""

import os
import signal
import subprocess
import sys
import threading

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)


def main() -> int:
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)  # noqa: S603
    for number in PASSED_ON:
        signal.signal(number, lambda received, _frame: child.send_signal(received))

    def watch_parent() -> None:
        while os.read(0, 4096):
            pass
        child.send_signal(signal.SIGINT)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()

    threading.Thread(target=watch_parent, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
