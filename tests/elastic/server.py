"""A real Elasticsearch for the tests, without containers: the distribution that Elastic publishes for
integration tests, fetched by Maven, checked, unpacked into a folder of its own and booted on loopback.

It needs Java 17 and, once, Maven; it is kept in `.cache/elasticsearch`. A server refuses root, so it runs
as `nobody`. Everything it makes is in one temporary folder, which goes with it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".cache" / "elasticsearch"

VERSION = "8.19.21"
SHA256 = "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
FETCH_SECONDS = 600
BOOT_SECONDS = 400
STOP_SECONDS = 30
NOBODY = 65534
PREFIX = "sentinel-elastic-"
MEMORY = Path("/dev/shm")
ROOM = 2 << 30
"""Octets that must be free there."""

JVM = "-Xms64m -Xmx512m -XX:-UseG1GC -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-AlwaysPreTouch"


class ServerMissingError(Exception):
    """The machine cannot have the server: says what is missing."""


@dataclass(slots=True)
class Access:
    """How a server is reached: the URL with the user's name in it, and files as the settings name them."""

    url: str
    ca: Path | None = None
    password: Path | None = None


@dataclass(slots=True)
class Server:
    """One node. `settings` are lines of elasticsearch.yml, `files` go beside it."""

    folder: Path
    settings: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    scheme: str = "http"
    data: Path = Path("/nonexistent")
    """Folder of its indices: in memory where the machine has room for that, since each change of a cluster's
    state waits for the disk."""
    port: int = 0
    _booting: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        """Folder of its configuration."""
        return self.folder / "config"

    @property
    def url(self) -> str:
        """Where it listens, without a user."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin to boot, on the port it had before if it had one; `wait` says when it is up."""
        home = unpacked()
        shutil.rmtree(self.config, ignore_errors=True)
        for name in ("logs", "tmp", "config/jvm.options.d"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("jvm.options", "log4j2.properties"):
            shutil.copy(home / "config" / name, self.config / name)
        (self.config / "jvm.options.d" / "small.options").write_text(JVM.replace(" ", "\n") + "\n")
        settings = {
            "cluster.name": self.folder.name,
            "node.name": self.folder.name,
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": str(self.port),
            "transport.port": "0",
            "path.data": str(self.data),
            "path.logs": str(self.folder / "logs"),
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            **self.settings,
        }
        (self.config / "elasticsearch.yml").write_text("".join(f"{k}: {v}\n" for k, v in settings.items()))
        for name, text in self.files.items():
            (self.config / name).write_text(text)
        self._log.unlink(missing_ok=True)
        _give(self.folder)
        _give(self.data)
        as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        with (self.folder / "out").open("wb") as out:
            self._booting = subprocess.Popen(
                [
                    *(as_nobody if os.geteuid() == 0 else ()),
                    home / "bin" / "elasticsearch",
                    "-d",
                    "-p",
                    self._pid,
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.folder),
                    "ES_PATH_CONF": str(self.config),
                    "ES_JAVA_HOME": _java_home(),
                    "ES_TMPDIR": str(self.folder / "tmp"),
                    "CLI_JAVA_OPTS": "-Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1",
                },
            )

    def wait(self) -> Server:
        """Until it is up. Raises `RuntimeError` with the end of its log if it does not come up."""
        assert self._booting is not None
        try:
            code = self._booting.wait(BOOT_SECONDS)
        except subprocess.TimeoutExpired:
            self._booting.kill()
            self._booting.wait()
            code = -1
        if code:
            said = (self.folder / "out").read_text(errors="replace")
            raise RuntimeError(f"Elasticsearch did not boot ({code}): {said[-2000:]}")
        found = re.findall(r"publish_address \{127\.0\.0\.1:(\d+)\}", self._log.read_text(errors="replace"))
        self.port = int(found[-1])  # the transport's line comes first
        return self

    def stop(self) -> None:
        """Stop it as an administrator does (SIGTERM), and wait until it is gone."""
        if self._booting is not None and self._booting.poll() is None:
            self._booting.kill()
            self._booting.wait()
        try:
            pid = int(self._pid.read_text())
        except (OSError, ValueError):
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if not _gone(pid, STOP_SECONDS):
            self.signal(signal.SIGKILL)
            _gone(pid, STOP_SECONDS)
        self._pid.unlink(missing_ok=True)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal: SIGSTOP to make it silent, SIGCONT to let it go on, SIGKILL."""
        try:
            os.kill(int(self._pid.read_text()), number)
        except (OSError, ValueError):
            pass

    def remove(self) -> None:
        """Stop it and delete all it made."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _pid(self) -> Path:
        return self.folder / "pid"

    @property
    def _log(self) -> Path:
        return self.folder / "logs" / f"{self.folder.name}.log"


def new(settings: Mapping[str, str], files: Mapping[str, str] | None = None, scheme: str = "http") -> Server:
    """A server in a folder of its own, not booted yet."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o755)
    (folder / "owner").write_text(str(os.getpid()))
    memory = MEMORY if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM else None
    data = Path(tempfile.mkdtemp(prefix=PREFIX, dir=memory))
    (folder / "data").write_text(str(data))
    return Server(folder, settings, files or {}, scheme, data)


_home: list[Path] = []


def unpacked() -> Path:
    """The distribution, unpacked once for all servers of this process where `nobody` can read it.

    Raises `ServerMissingError` if the machine lacks what is needed.
    """
    if not _home:
        archive = fetched()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        (folder / "owner").write_text(str(os.getpid()))
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                path = Path(packed.extract(info, folder))
                if info.external_attr >> 16:
                    path.chmod(info.external_attr >> 16 & 0o777)
        folder.chmod(0o755)
        _home.append(folder / f"elasticsearch-{VERSION}")
    return _home[0]


def forget() -> None:
    """Delete the unpacked distribution."""
    while _home:
        shutil.rmtree(_home.pop().parent, ignore_errors=True)


def fetched() -> Path:
    """The archive, from the cache or by Maven. Raises `ServerMissingError`."""
    for program in ("java", "setpriv"):
        if shutil.which(program) is None:
            raise ServerMissingError(f"{program} is not installed")
    path = CACHE / f"elasticsearch-{VERSION}.zip"
    if not path.is_file():
        _fetch(path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        path.unlink()
        raise ServerMissingError(f"{path} had the checksum {found} instead of {SHA256} and was deleted")
    return path


def _fetch(path: Path) -> None:
    if shutil.which("mvn") is None:
        raise ServerMissingError("mvn is not installed, which fetches the server")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        try:
            done = subprocess.run(
                ["mvn", "-B", "-q", PLUGIN, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"],
                capture_output=True,
                text=True,
                timeout=FETCH_SECONDS,
                check=False,
                cwd=folder,
            )
        except subprocess.TimeoutExpired:
            raise ServerMissingError(f"mvn did not fetch the server within {FETCH_SECONDS} s") from None
        if done.returncode:
            line = (done.stdout + done.stderr).strip().splitlines() or [""]
            raise ServerMissingError(f"mvn did not fetch the server: {line[0][:200]}")
        (Path(folder) / path.name).replace(path)


def _java_home() -> str:
    java = shutil.which("java")
    assert java is not None
    return str(Path(java).resolve().parent.parent)


def _give(folder: Path) -> None:
    """Hand a folder over to the user the server runs as."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, NOBODY, NOBODY)


def _gone(pid: int, seconds: float) -> bool:
    """Wait until a process is gone; False if it is not by then."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def _sweep() -> None:
    """Remove what test runs that were killed left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            owner = int((folder / "owner").read_text())
        except (OSError, ValueError):
            continue
        if not Path(f"/proc/{owner}").exists():
            data = folder / "data"
            Server(folder, {}, data=Path(data.read_text()) if data.is_file() else folder / "none").remove()
