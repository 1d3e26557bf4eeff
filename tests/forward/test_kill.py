"""kill -9 at any moment: what was taken is told at least once."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.forward.receivers import Script, endpoint, until
from tests.forward.test_lines import forwarding

CHILD = """
import sys
from pathlib import Path
from tests.forward.conftest import alert
from tests.forward.test_lines import forwarding
port, state, n = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
one = {"kind": "webhook", "url": f"http://127.0.0.1:{port}/", "name": "hook", "queue": 1_000_000}
with forwarding(state, one) as (forwarders, _):
    while True:
        forwarders.alerts([alert(n), alert(n + 1)])
        n += 2
        print(n, flush=True)
"""


def test_what_was_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    script = Script()
    known = 0
    for there in (False, True):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(port), str(tmp_path), str(known)],
            stdout=subprocess.PIPE, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True,
        ) as child:  # fmt: skip
            assert child.stdout is not None
            if there:
                with endpoint(script, port=port):
                    until(lambda: len(script.accepted()) > 300)
                    child.send_signal(signal.SIGKILL)
            else:
                while known < 400:
                    known = int(child.stdout.readline())
                child.send_signal(signal.SIGKILL)
            known = max([known, *(int(line) for line in child.stdout if line.endswith("\n"))])
    with (
        endpoint(script, port=port),
        forwarding(tmp_path, {"kind": "webhook", "url": f"http://127.0.0.1:{port}/", "name": "hook"}) as (
            made,
            _,
        ),
    ):
        until(lambda: made.counters()["hook"]["waiting"] == 0)
    assert {f"{n:032x}" for n in range(known)} <= set(script.accepted())
