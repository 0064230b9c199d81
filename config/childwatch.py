"""Runs a command and stops it when the parent dies, however it dies.

The parent holds the other end of our standard input. When it is gone, killed or not,
the pipe closes: then the command gets the signal that stops it in good order, and
whatever it leaves in our process group is killed. Signals sent to us are passed on.
Should somebody kill us alone, the kernel tells the command.

    python childwatch.py COMMAND [ARGUMENT ...]
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)
PATIENCE_S = 15
PR_SET_PDEATHSIG = 1


def die_with_parent(number: signal.Signals) -> None:
    """Ask the kernel for the signal when the parent dies; Linux alone can do it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def main() -> int:
    child = subprocess.Popen(  # noqa: S603
        sys.argv[1:],
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: die_with_parent(signal.SIGINT),
    )
    for number in PASSED_ON:
        signal.signal(number, lambda received, _frame: child.send_signal(received))

    parent_is_gone = threading.Event()

    def watch_parent() -> None:
        while os.read(0, 4096):
            pass
        parent_is_gone.set()
        child.send_signal(signal.SIGINT)
        time.sleep(PATIENCE_S)
        child.kill()

    threading.Thread(target=watch_parent, daemon=True).start()
    code = child.wait()
    if parent_is_gone.is_set() and os.getpid() == os.getpgrp():
        os.killpg(0, signal.SIGKILL)
    return code


if __name__ == "__main__":
    sys.exit(main())
