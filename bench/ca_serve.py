"""Certificates and OCSP answers of `sentinel ca serve` per second of its CPU, over HTTP.

Each certificate is asked for over TLS with a one-time token of its own, kept in the register and spent
in the transaction that records the certificate, which is on the disk before the answer goes out. The
load comes from another process, whose CPU is not counted. Beside it, in turns, runs step-ca with its default
database, in the same way.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import _plan, _stepca

CLIENTS = 64
CERTIFICATES = 6000
ANSWERS = 30_000
TARGETS = {"issue": 2100, "ocsp": 5000}
"""Per second of the server's CPU."""
STEP_CERTIFICATES = 3000
TIMES = 3
"""Certificates that step-ca is asked for, and how many times its rate ours is to be."""

TICK = os.sysconf("SC_CLK_TCK")
TASKS = Path(__file__).with_name("_clients.py")


def cpu(process: int) -> float:
    """Seconds of CPU that a process used, user and system."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def load(server: int, task: dict[str, Any], requests: list[bytes], folder: Path) -> dict[str, Any]:
    """Send requests from another process; what they cost the server is added."""
    path = folder / "requests"
    path.write_text("\n".join(request.hex() for request in requests))
    clients = subprocess.Popen(
        [sys.executable, TASKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert clients.stdin is not None
    assert clients.stdout is not None
    clients.stdin.write(json.dumps({**task, "requests": str(path), "clients": CLIENTS}) + "\n")
    clients.stdin.flush()
    assert clients.stdout.readline() == "ready\n"
    before = cpu(server)
    clients.stdin.write("go\n")
    clients.stdin.flush()
    found: dict[str, Any] = json.loads(clients.stdout.readline())
    found["cpu"] = cpu(server) - before
    clients.wait()
    return found


def post(path: str, body: bytes, kind: str, token: str = "") -> bytes:
    given = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{given}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def prepare(folder: Path, algorithm: str, count: int) -> list[bytes]:
    """A new CA, and requests for certificates with their tokens."""
    from sentinel.ca import files, founding
    from sentinel.ca.authority import Authority
    from sentinel.ca.keys import generate
    from sentinel.ca.keys.passphrases import Passphrases
    from sentinel.ca.serve import tokens
    from sentinel.ca.x509 import names, request

    founding.found(
        folder / "ca",
        founding.Plan("Bench", algorithm, base_url="http://pki.test"),
        Passphrases("a passphrase"),
    )
    (folder / "passphrase").write_text("a passphrase\n")
    out = []
    with Authority.open(folder / "ca") as authority, authority.register.transaction() as change:
        for number in range(count):
            text, _ = tokens.make(
                change, kind="enrol", name=f"device-{number}", by="bench", days=1, profile="tls-client"
            )
            csr = request.make(generate(algorithm), names.parse(f"CN=device-{number},O=Works"))
            pem = files.pem("CERTIFICATE REQUEST", csr).decode()
            body = json.dumps({"csr": pem, "profile": "tls-client"}).encode()
            out.append(post("/v1/certificates", body, "application/json", text))
    return out


def measure(algorithm: str, folder: Path) -> dict[str, Any]:
    """One CA: certificates, then OCSP answers about them from the cache."""
    requests = prepare(folder, algorithm, CERTIFICATES)
    ready = folder / "ready"
    environment = os.environ | {"SENTINEL_CA__RATE": "0", "SENTINEL_CA__CONNECTIONS_PER_ADDRESS": "1000"}
    server = subprocess.Popen(
        [
            sys.executable, "-m", "sentinel", "ca", "serve", "--dir", folder / "ca", "--listen", "127.0.0.1:0",
            "--plain", "127.0.0.1:0", "--ready-file", ready, "--passphrase-file", folder / "passphrase",
        ],
        env=environment, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not ready.exists():
            if server.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.05)
        places = json.loads(ready.read_text())
        secure = {"address": places["https"][0], "trusted": str(folder / "ca" / "public" / "tls.pem")}
        issued = load(server.pid, secure, requests, folder)
        asked = [post("/ocsp", one, "application/ocsp-request") for one in questions(folder / "ca", 500)]
        plain = {"address": places["http"][0], "trusted": ""}
        load(server.pid, plain, asked, folder)
        answered = load(server.pid, plain, (asked * (ANSWERS // len(asked) + 1))[:ANSWERS], folder)
    finally:
        server.terminate()
        server.wait()
    return {"issue": issued, "ocsp": answered}


def questions(folder: Path, count: int) -> list[bytes]:
    """OCSP requests about certificates of a CA."""
    from sentinel.ca.authority import Authority
    from sentinel.ca.x509 import ocsp

    with Authority.open(folder, readonly=True) as authority:
        issuer = authority.certificate("issuing")
        serials = [int(row.serial, 16) for row in authority.register.list(profile="tls-client", limit=count)]
        ids = [ocsp.cert_id(ocsp.SHA1, issuer.subject_der, issuer.key.octets, serial) for serial in serials]
    return [ocsp.encode_request([one]) for one in ids]


def measure_step(program: Path, folder: Path) -> dict[str, Any]:
    """step-ca: certificates, each for a JSON Web Token of its own."""
    step = _stepca.StepCa(program, folder / "step")
    try:
        step.wait()  # it takes no token that is older than itself
        bodies = [json.dumps(step.request(number)).encode() for number in range(STEP_CERTIFICATES)]
        asked = [post("/1.0/sign", body, "application/json") for body in bodies]
        return load(step.process.pid, {"address": step.address, "trusted": str(step.root)}, asked, folder)
    finally:
        step.stop()


def tell(name: str, found: dict[str, Any], target: str) -> float:
    """Print a measurement and keep it; certificates or answers per second of CPU. One that was refused ends
    the measurement: refusing is cheap."""
    if any(not status.startswith("2") for status in found["status"]):
        raise SystemExit(f"{name}: {found['status']}")
    count = sum(found["status"].values())
    rate: float = count / found["cpu"]
    print(
        f"{name}: {rate:,.0f} per CPU second{target}, {count:,} in {found['seconds']:.1f} s and "
        f"{found['cpu']:.1f} s of CPU, p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms"
    )
    kept = _plan.PLAN.numbers.setdefault("ca_serve", {}).setdefault(name.replace(" ", "_"), [])
    kept.append({"per_cpu_s": rate, **found})
    return rate


def main() -> None:
    program, why = _stepca.program()
    if program is None:
        print(f"step-ca is left out: {why}")
    ratios: dict[str, list[float]] = {"sm2": [], "p256": []}
    for _ in range(_plan.PLAN.runs):
        rates = {}
        for algorithm in ratios:
            with tempfile.TemporaryDirectory(prefix="sentinel-bench-") as name:
                for kind, found in measure(algorithm, Path(name)).items():
                    rate = tell(f"{algorithm} {kind}", found, f" (target {TARGETS[kind]:,})")
                    if kind == "issue":
                        rates[algorithm] = rate
        if program is not None:
            with tempfile.TemporaryDirectory(prefix="sentinel-bench-") as name:
                step = tell("step-ca issue", measure_step(program, Path(name)), "")
            for algorithm, rate in rates.items():
                ratios[algorithm].append(rate / step)
    for algorithm, times in ratios.items():
        if times:
            median = statistics.median(times)
            print(f"{algorithm}: {median:.2f} times step-ca (target {TIMES})")
            _plan.PLAN.record("ca_serve", **{f"{algorithm}_times_step_ca": median})
