"""Says what this machine has for building and testing sentinel, what it lacks, and what is lost by that.

`python tools/doctor.py` lists everything and fails if a required thing is missing.
`python tools/doctor.py has NAME` answers with its exit code for one optional thing; a missing one is
said with what is lost. With SENTINEL_REQUIRE_ALL=1 nothing is optional.

Runs on any Python 3 without packages, before the virtual environment exists.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIRE_ALL = os.environ.get("SENTINEL_REQUIRE_ALL", "") not in ("", "0")

# name: (programs, any of them; arguments that print the version; what is lost without it; Debian package)
OPTIONAL = {
    "rustfmt": (("cargo",), ("fmt", "--version"), "the format of the Rust code is not checked", "rustfmt"),
    "clippy": (("cargo",), ("clippy", "--version"), "the Rust code is not linted", "rust-clippy"),
    "tshark": (("tshark",), ("--version",), "no comparison with tshark, no deep dissection", "tshark"),
    "chromium": (
        ("chromium", "chromium-browser", "google-chrome"),
        ("--version",),
        "the HTML report is not opened in a browser by a test",
        "chromium",
    ),
    "systemd": (
        ("systemd-analyze",),
        ("--version",),
        "the daemon's unit is not checked by systemd",
        "systemd",
    ),
    "ndpiReader": (
        ("ndpiReader",),
        ("-h",),
        "`make bench` has nothing to compare its speed with",
        "libndpi-bin",
    ),
    "rsyslogd": (
        ("rsyslogd", "/usr/sbin/rsyslogd"),
        ("-v",),
        "no test against a receiver of syslog that others wrote",
        "rsyslog-openssl",
    ),
    "openssl": (
        ("openssl",),
        ("version",),
        "no test against a TLS server that others wrote",
        "openssl",
    ),
    "java": (
        ("java",),
        ("-version",),
        "no Elasticsearch for the tests of that store",
        "openjdk-17-jre-headless",
    ),
    "curl": (("curl",), ("--version",), "no test of EST with a client that others wrote", "curl"),
    "certbot": (
        ("certbot",),
        ("--version",),
        "no test of ACME as the guide has it",
        "certbot",
    ),
    "strace": (
        ("strace",),
        ("-V",),
        "power cuts of the CA are not rebuilt, nor seen that it syncs before it answers",
        "strace",
    ),
    "ip": (("ip",), ("-V",), "no network namespace for the tests of live capture", "iproute2"),
    "tcpreplay": (
        ("tcpreplay",),
        ("--version",),
        "nothing sends packets in the tests of live capture",
        "tcpreplay",
    ),
    "tcpdump": (
        ("tcpdump",),
        ("--version",),
        "live capture is not held against a recording",
        "tcpdump",
    ),
    "setpriv": (
        ("setpriv",),
        ("--version",),
        "no test that live capture needs one capability only",
        "util-linux",
    ),
    "softhsm2-util": (
        ("softhsm2-util",),
        ("--version",),
        "no test of CA keys in a token",
        "softhsm2",
    ),
    "mvn": (
        ("mvn",),
        ("-version",),
        "Elasticsearch and Bouncy Castle are not fetched for the tests",
        "maven",
    ),
    "javac": (
        ("javac",),
        ("-version",),
        "what the CA makes is not judged by Bouncy Castle",
        "openjdk-17-jdk-headless",
    ),
    "go": (("go",), ("version",), "what the CA makes is not judged by gmsm", "golang-go"),
}


def version_of(programs: tuple[str, ...], arguments: tuple[str, ...]) -> str | None:
    """The first version number a program prints, "" if it prints none, None if the program is not there."""
    for program in programs:
        if shutil.which(program) is None:
            continue
        try:
            done = subprocess.run(
                [program, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=str(ROOT)
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if (
            done.returncode not in (0, 1)
            or "no such command" in done.stderr
            or "not installed" in done.stderr
        ):
            continue
        found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
        return found.group(0) if found else ""
    return None


def rust_floor() -> str:
    """The oldest Rust the crates compile with: `rust-version` of Cargo.toml."""
    found = re.search(r'rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    return found.group(1) if found else "0"


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def say(name: str, text: str) -> None:
    print(f"  {name:<11}{text}", flush=True)


def required() -> list[str]:
    """One line for each required thing that is missing or too old."""
    faults = []
    python = ".".join(map(str, sys.version_info[:3]))
    say("python", python)
    if sys.version_info < (3, 11):  # noqa: UP036
        faults.append(
            f"python {python} is too old: 3.11 or newer is needed, say which with PYTHON=/path/to/python3"
        )
    cargo = version_of(("cargo",), ("--version",))
    say("cargo", cargo or "missing")
    floor = rust_floor()
    if cargo is None:
        faults.append(f"cargo was not found: install Rust {floor} or newer")
    elif numbers(cargo) < numbers(floor):
        faults.append(f"cargo {cargo} is too old: Rust {floor} or newer is needed (`rustup update stable`)")
    compiler = next((c for c in (os.environ.get("CC"), "cc", "gcc", "clang") if c and shutil.which(c)), None)
    say("cc", compiler or "missing")
    if compiler is None:
        faults.append("no C compiler was found: install gcc or clang")
    return faults


def has(name: str) -> bool:
    programs, arguments, lost, package = OPTIONAL[name]
    found = version_of(programs, arguments)
    if found is not None or REQUIRE_ALL:
        # Where everything is required the caller goes on, and fails with the thing's own message.
        return True
    say(name, f"missing: {lost} (Debian package {package})")
    return False


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["has"]:
        return 0 if has(arguments[1]) else 1
    print("This machine:")
    faults = required()
    for name, (programs, version, lost, package) in OPTIONAL.items():
        found = version_of(programs, version)
        if found is not None:
            say(name, found or "found")
            continue
        say(name, f"missing: {lost} (Debian package {package})")
        if REQUIRE_ALL:
            faults.append(f"{name} is missing and SENTINEL_REQUIRE_ALL is set: install the package {package}")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
