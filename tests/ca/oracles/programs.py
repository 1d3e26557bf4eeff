"""Judges that others wrote: Bouncy Castle in a small Java program, gmsm in a small Go program.

Each program is built once for its sources, kept in `.cache/oracles`, and answers questions by line as
long as the session lasts (`Oracle.java` and `gmsm/main.go` say which). Libraries come by Maven and by
Go's module proxy, as the machine has them set; versions are pinned in `pom.xml` and `go.sum`.
"""

from __future__ import annotations

import hashlib
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent.parent / ".cache" / "oracles"
ENVIRONMENT = dict(os.environ)
"""As it was before a test changed it: Maven and Go look for their own settings and caches there."""

MAVEN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
BUILD_SECONDS = 900
ANSWER_SECONDS = 120
MOST_ON_A_LINE = 30_000
"""Octets of an argument that go on the line; what is longer goes by a file."""


class OracleMissingError(Exception):
    """The machine cannot have the program: says what is missing."""


@dataclass
class Oracle:
    """A judge that runs. `ask` gives its facts, or raises `RefusedError` with its reason."""

    name: str
    command: list[str]
    folder: Path
    _process: subprocess.Popen[bytes] | None = None
    _pending: bytes = b""
    _files: int = field(default=0)

    def ask(self, question: str, *arguments: bytes | str) -> str:
        """One question. Octets are sent as octets, text as it is."""
        if self._process is None:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.folder, env=ENVIRONMENT
            )
        assert self._process.stdin is not None
        line = " ".join([question, *(a if isinstance(a, str) else self._sent(a) for a in arguments)])
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        answer = self._answer()
        if answer.split(" ")[0] != "ok":
            raise RefusedError(f"{self.name}: {answer.removeprefix('no ')}")
        return answer[3:]

    def refuses(self, question: str, *arguments: bytes | str) -> bool:
        """Whether the answer is no."""
        try:
            self.ask(question, *arguments)
        except RefusedError:
            return True
        return False

    def _sent(self, octets: bytes) -> str:
        if len(octets) <= MOST_ON_A_LINE:
            return octets.hex()
        self._files += 1
        path = self.folder / f"{self.name}-{self._files}"
        path.write_bytes(octets)
        return f"@{path}"

    def _answer(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        until = time.monotonic() + ANSWER_SECONDS
        while b"\n" not in self._pending:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, until - time.monotonic()))
            read = os.read(self._process.stdout.fileno(), 1 << 16) if ready else b""
            if not read:
                raise AssertionError(f"{self.name} gave no answer" if not ready else f"{self.name} ended")
            self._pending += read
        line, self._pending = self._pending.split(b"\n", 1)
        return line.decode()

    def close(self) -> None:
        """End the program."""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait(30)
            self._process.stdout.close()


class RefusedError(Exception):
    """A judge said no: the reason it gave."""


def bouncycastle(folder: Path) -> Oracle:
    """Bouncy Castle on a Java virtual machine of its own."""
    built = _built("bouncycastle", ("java", "javac", "mvn"), _build_java)
    libraries = os.pathsep.join([str(built), *map(str, sorted((built / "lib").glob("*.jar")))])
    options = ["-XX:+UseSerialGC", "-Xmx512m", "-XX:TieredStopAtLevel=1"]
    return Oracle("bouncycastle", ["java", *options, "-cp", libraries, "Oracle"], folder)


def gmsm(folder: Path) -> Oracle:
    """emmansun/gmsm."""
    built = _built("gmsm", ("go",), _build_go)
    return Oracle("gmsm", [str(built / "oracle")], folder)


def _build_java(source: Path, into: Path) -> None:
    _run("mvn", "-B", "-q", "-f", str(source / "pom.xml"), MAVEN, f"-DoutputDirectory={into / 'lib'}")
    files = [str(path) for path in sorted(source.glob("*.java"))]
    _run("javac", "-d", str(into), "-cp", f"{into / 'lib'}/*", *files)


def _build_go(source: Path, into: Path) -> None:
    _run("go", "build", "-mod=readonly", "-o", str(into / "oracle"), ".", cwd=source)


def _built(name: str, programs: tuple[str, ...], build: Callable[[Path, Path], None]) -> Path:
    """Folder with the program of the sources as they are now."""
    source = HERE / name
    digest = hashlib.sha256()
    for path in sorted(source.iterdir()):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    home = CACHE / f"{name}-{digest.hexdigest()[:16]}"
    if home.is_dir():
        return home
    for program in programs:
        if shutil.which(program) is None:
            raise OracleMissingError(f"{program} is not installed, which {name} is built with")
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob(f"{name}-*"):
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        made = Path(work) / name
        made.mkdir()
        build(source, made)
        made.rename(home)
    return home


def _run(*command: str, cwd: Path | None = None) -> None:
    environment = {**ENVIRONMENT, "CGO_ENABLED": "0"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
            env=environment,
            cwd=cwd,
        )
    except subprocess.TimeoutExpired:
        raise OracleMissingError(f"{command[0]} did not end within {BUILD_SECONDS} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise OracleMissingError(f"{command[0]} failed: {said[-300:]}")
