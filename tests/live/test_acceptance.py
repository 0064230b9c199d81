"""The acceptance kit that lies beside the project, against a site of our own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.conftest import ROOT

KIT = ROOT.parent / "shared" / "accept" / "accept.py"


@pytest.mark.browser
@pytest.mark.skipif(not KIT.exists(), reason="the kit is not beside the project")
def test_every_check_of_the_acceptance_kit_holds(live):
    demo = Path(live.environment["DATA_DIR"]) / "demo.json"
    done = subprocess.run(
        [sys.executable, str(KIT), str(demo), "--story"],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert done.returncode == 0, "\n".join([*failed, done.stderr])
    assert " 0 failed" in done.stdout.splitlines()[-1]
    verified = live.manage("ledger_verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
