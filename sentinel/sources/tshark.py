"""Frames dissected by tshark, and flows named by it, where no probe of ours does.

tshark is a program of its own (GPL): it is started, never linked; nothing of it comes with this one. Its PDML
output is read as it comes, with bounds on time and size (docs/decisions/0026-tshark-is-a-program.md).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from sentinel.errors import UserError

SECONDS = 60.0
"""Wall-clock seconds one dissection may take: tshark reads a capture from its beginning."""
LARGEST = 64 << 20
"""Bytes of PDML of one frame."""
DEEPEST = 64
CUT = 2
"""tshark's exit code for a capture whose last record is cut; it printed what is before."""

_PLAIN = frozenset(
    """
    frame eth ethertype vlan llc sll raw null ppp pppoes ip ipv6 tcp udp icmp icmpv6 gre vxlan gtp mpls
    data data-text-lines tcp.segments ip.fragments ipv6.fragments pkt_comment fake-field-wrapper geninfo
    pkcs-1 pkix1explicit pkix1implicit x509sat x509ce x509af vssmonitoring ipv6.hopopts image-jfif media
    text xml json urlencoded-form mime_multipart png gif image-gif
    """.split()
)
"""Layers that are no protocol of an application."""


@dataclass(slots=True)
class Node:
    """A protocol or a field: its name, what Wireshark shows, its place in the frame, what is in it."""

    name: str
    shown: str
    value: str | None = None
    place: tuple[int, int] | None = None
    parts: list[Node] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        out: dict[str, Any] = {"name": self.name, "shown": self.shown}
        if self.value is not None:
            out["value"] = self.value
        if self.place is not None:
            out["position"], out["size"] = self.place
        if self.parts:
            out["fields"] = [part.document() for part in self.parts]
        return out

    def lines(self, depth: int = 0) -> Iterator[tuple[int, str]]:
        """(depth, text) of it and all below it."""
        yield depth, self.shown or self.name
        for part in self.parts:
            yield from part.lines(depth + 1)


def program() -> str:
    """Path of tshark. Raises `UserError` where it is missing."""
    found = shutil.which("tshark")
    if found is None:
        raise UserError("tshark is not there: install it (Debian, Ubuntu: tshark; others: wireshark-cli)")
    return found


def dissect(capture: Path, frame: int, *, seconds: float = SECONDS) -> list[Node]:
    """The layers of a frame, counted from 1 as Wireshark does, with all that was before it known.

    Raises `UserError` if tshark is missing, cannot read the capture or takes too long, or if there is no
    such frame.
    """
    if frame < 1:
        raise UserError(f"frame {frame}: frames are counted from 1", 2)
    if not capture.is_file():
        raise UserError(f"{capture}: no such file")
    command = [program(), "-n", "-r", str(capture.resolve()), "-c", str(frame), "-T", "pdml"]
    out, code, said = _run([*command, "-Y", f"frame.number=={frame}"], seconds, capture)
    if len(out) >= LARGEST:
        raise UserError(f"{capture}: frame {frame} has more than {LARGEST:,} bytes of dissection")
    layers = parse(out)
    if not layers:
        if code not in (0, CUT):
            raise UserError(f"{capture}: tshark: {said or f'ended with {code}'}")
        raise UserError(f"{capture}: has no frame {frame}")
    return layers


def _run(command: list[str], seconds: float, capture: Path) -> tuple[bytes, int, str]:
    """Output, exit code and last line of complaint."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            code = subprocess.run(
                command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, timeout=seconds, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            raise UserError(f"{capture}: tshark took more than {seconds:g} s") from None
        except OSError as error:
            raise UserError(f"tshark: {error.strerror}") from None
        out.seek(0)
        err.seek(0)
        lines = err.read(1 << 16).decode("utf-8", "replace").splitlines()
        told = [line for line in lines if line.strip() and not line.startswith("Running as user")]
        return out.read(LARGEST), code, told[-1].removeprefix("tshark: ")[:300] if told else ""


def parse(pdml: bytes) -> list[Node]:
    """The protocols of the first packet in a PDML document; what is cut or malformed ends it."""
    roots: list[Node] = []
    stack: list[Node] = []
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if tag not in ("proto", "field") or depth > DEEPEST:
            return
        name = attributes.get("name", "")
        shown = attributes.get("showname") or attributes.get("show", "")
        pos, size = attributes.get("pos", ""), attributes.get("size", "")
        place = (int(pos), int(size)) if pos.isdecimal() and size.isdecimal() and size != "0" else None
        node = Node(name, shown, attributes.get("show") if tag == "field" else None, place)
        if name == "geninfo" or attributes.get("hide") == "yes":
            stack.append(node)  # its parts are kept nowhere
            return
        (stack[-1].parts if stack else roots).append(node)
        stack.append(node)

    def end(tag: str) -> None:
        nonlocal depth
        if tag in ("proto", "field") and depth <= DEEPEST and stack:
            stack.pop()
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(pdml, True)
    except expat.ExpatError:
        pass  # a frame whose output was cut: what came is shown
    return roots


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow whose protocol is not known: ends as text, and the server's port."""

    client: str
    server: str
    transport: str
    port: int

    def filter(self) -> str:
        """As a display filter."""
        kind = "ipv6" if ":" in self.server else "ip"
        return f"({kind}.addr=={self.client}&&{kind}.addr=={self.server}&&{self.transport}.port=={self.port})"


def name_flows(capture: Path, flows: Iterable[Flow], *, seconds: float) -> dict[Flow, str]:
    """Names that tshark gives flows, as its display filters have them: of each the one it gives most of its
    packets. Flows without one are left out. Raises `UserError` as `dissect` does."""
    wanted = {flow: Counter[str]() for flow in flows}
    if not wanted:
        return {}
    by_ends: dict[tuple[frozenset[str], str], list[Flow]] = {}
    for flow in wanted:
        by_ends.setdefault((frozenset((flow.client, flow.server)), flow.transport), []).append(flow)
    fields = ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.port", "udp.port", "frame.protocols")
    shown = [part for name in fields for part in ("-e", name)]
    command = [program(), "-n", "-r", str(capture.resolve()), "-T", "fields", "-E", "occurrence=l", *shown]
    # the last port alone is shown with occurrence=l: source and destination are asked for one by one
    command[command.index("tcp.port") : command.index("tcp.port") + 1] = ["tcp.srcport", "-e", "tcp.dstport"]
    command[command.index("udp.port") : command.index("udp.port") + 1] = ["udp.srcport", "-e", "udp.dstport"]
    out, code, said = _run([*command, "-Y", "||".join(flow.filter() for flow in wanted)], seconds, capture)
    if code not in (0, CUT):
        raise UserError(f"{capture}: tshark: {said or f'ended with {code}'}")
    for line in out.decode("utf-8", "replace").splitlines():
        cells = line.split("\t")
        if len(cells) != 9:
            continue
        src, dst = cells[0] or cells[2], cells[1] or cells[3]
        transport = "tcp" if cells[4] else "udp"
        ports = cells[4:6] if cells[4] else cells[6:8]
        name = _application(cells[8])
        if name:
            for flow in by_ends.get((frozenset((src, dst)), transport), ()):
                if str(flow.port) in ports:
                    wanted[flow][name] += 1
    return {flow: min(c, key=lambda name: (-c[name], name)) for flow, c in wanted.items() if c}


def _application(protocols: str) -> str | None:
    """The protocol right on the transport, of a list such as `eth:ethertype:ip:tcp:zabbix`; None where there
    is none, or where tshark says itself that the packet is malformed."""
    layers = protocols.split(":")
    if any(layer.startswith("_ws.malformed") for layer in layers):
        return None
    return next((layer for layer in layers if layer not in _PLAIN and not layer.startswith("_ws.")), None)
