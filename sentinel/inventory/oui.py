"""Makers of network cards by hardware address.

The registry is the copy of the IEEE files that comes with netaddr, read by its own index without importing
it, or a folder of the user's: `oui.csv`, `mam.csv`, `oui36.csv`, `iab.csv` or `oui.txt` as the IEEE
publishes them. Blocks of 36, 28 and 24 bits are looked up, the longest first.
"""

import csv
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from sentinel.inventory.vendors import canonical

_NOT_HEX = re.compile(r"[^0-9a-f]+")
_SHARED = "ieee registration authority"
_SPLIT_24 = frozenset(("0050c2", "40d855"))  # 24-bit blocks shared out as 36-bit ones (IAB)

# Locally chosen and registered prefixes of virtual machines, and of addresses several routers share.
_VIRTUAL = frozenset(
    (
        "000569",
        "000c29",
        "001c14",
        "005056",  # VMware
        "080027",
        "0a0027",  # VirtualBox
        "00155d",  # Hyper-V
        "525400",  # QEMU/KVM
        "00163e",  # Xen
        "001c42",  # Parallels
        "0242ac",  # Docker
    )
)
_LOCAL = frozenset("2367abef")  # second hex digit of an address whose bit for "locally administered" is set
_REDUNDANT = (
    "00005e0001",
    "00005e0002",
    "00000c07ac",
    "00000c9ff",
    "0007b400",
)  # VRRP v4, v6, HSRP 1, 2, GLBP


def vendors(prefixes: list[str], folder: Path | None = None) -> list[str | None]:
    """Vendor of each hardware address or prefix, None where unknown.

    A prefix is at least six hex digits, in any notation; nine digits or whole addresses also find the
    vendors of small (28 and 36 bit) blocks. Names are those the field uses, see `vendors.canonical`.
    """
    vendor = _registry(folder).vendor
    return [vendor(_digits(prefix)) for prefix in prefixes]


def _digits(prefix: str) -> str:
    digits = prefix.lower()
    return digits if digits.isalnum() else _NOT_HEX.sub("", digits)


def flags(prefixes: list[str]) -> list[list[str]]:
    """What the address itself says: `local` (not registered, may be random), `virtual` machine, `shared`
    by redundant routers."""
    out = []
    for prefix in prefixes:
        digits = _digits(prefix)
        found = []
        if digits[1:2] in _LOCAL:
            found.append("local")
        if digits[:6] in _VIRTUAL:
            found.append("virtual")
        if digits.startswith(_REDUNDANT):
            found.append("shared")
        out.append(found)
    return out


class Registry:
    """Vendors by prefix, found on demand and remembered."""

    def __init__(self, folder: Path | None) -> None:
        self._known: dict[str, str | None] = {}
        self._table: dict[str, str] = _read_folder(folder) if folder else {}
        self._shipped = None if folder else _Shipped()
        # Most 24-bit blocks belong to one vendor: only these are looked into further.
        self._shared = _SPLIT_24 if folder is None else {block[:6] for block in self._table if len(block) > 6}

    def vendor(self, digits: str) -> str | None:
        """Vendor of an address or prefix in hex digits."""
        block = digits[:6]
        if block in self._shared:
            for length in (9, 7):
                if len(digits) >= length:
                    name = self._block(digits[:length])
                    if name:
                        return name
        if block in self._known:
            return self._known[block]
        return self._block(block) if len(block) == 6 else None

    def _block(self, block: str) -> str | None:
        if block in self._known:
            return self._known[block]
        raw = self._shipped.name(block) if self._shipped else self._table.get(block)
        name = canonical(raw) if raw and raw.lower() not in (_SHARED, "private") else None
        self._known[block] = name
        return name


@cache
def _registry(folder: Path | None) -> Registry:
    return Registry(folder)


class _Shipped:
    """netaddr's copy: `<n>.idx` has lines `prefix,offset,size` into `<n>.txt`.

    A few prefixes are found by searching the index as it is (half a millisecond each), which is quicker than
    parsing it; after `_SEARCHES` of them it is parsed.
    """

    _SEARCHES = 20

    def __init__(self) -> None:
        spec = find_spec("netaddr")
        roots = list(spec.submodule_search_locations or ()) if spec else []
        self._root = Path(roots[0], "eui") if roots else None
        self._index: dict[str, bytes] = {}
        self._parsed: dict[bytes, bytes] | None = None
        self._searches = 0

    def name(self, block: str) -> str | None:
        try:
            number = b"%d" % int(block, 16)
        except ValueError:
            return None
        if len(block) == 6:
            return self._entry("oui.txt", self._large(number))
        if len(block) == 9 and block[:6] in _SPLIT_24:
            return self._entry("iab.txt", self._search("iab.idx", number))
        return None

    def _large(self, number: bytes) -> int | None:
        if self._parsed is None:
            self._searches += 1
            if self._searches <= self._SEARCHES:
                return self._search("oui.idx", number)
            self._parsed = dict(re.findall(rb"(\d+),(\d+),", self._read("oui.idx")))
        offset = self._parsed.get(number)
        return None if offset is None else int(offset)

    def _search(self, name: str, number: bytes) -> int | None:
        index = self._read(name)
        at = index.find(b"\n" + number + b",")
        if at < 0:
            return None
        offset = index[at + 2 + len(number) : at + 60].split(b",", 1)[0]
        return int(offset) if offset.isdigit() else None

    def _read(self, name: str) -> bytes:
        if name not in self._index:
            try:
                content = self._root.joinpath(name).read_bytes() if self._root else b""
            except OSError:
                content = b""
            self._index[name] = b"\n" + content
        return self._index[name]

    def _entry(self, name: str, offset: int | None) -> str | None:
        """The organisation's name from the entry that begins at `offset`."""
        if offset is None or self._root is None:
            return None
        try:
            with self._root.joinpath(name).open("rb") as text:
                text.seek(offset)
                entry = text.read(400)
        except OSError:
            return None
        _, found, rest = entry.partition(b"(hex)")
        return rest.split(b"\n", 1)[0].decode("utf-8", "replace").strip() if found else None


def _read_folder(folder: Path) -> dict[str, str]:
    """Registry files of a user's folder; those that are missing are passed over."""
    table: dict[str, str] = {}
    for name in ("oui.csv", "mam.csv", "oui36.csv", "iab.csv"):
        path = folder / name
        if path.is_file():
            with path.open(encoding="utf-8", errors="replace", newline="") as file:
                for row in csv.reader(file):  # Registry,Assignment,Organization Name,Organization Address
                    if len(row) >= 3 and row[1].isalnum() and row[1] != "Assignment":
                        table[row[1].lower()] = row[2].strip()
    path = folder / "oui.txt"
    if path.is_file():
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                prefix, found, name = line.partition("(base 16)")
                digits = _NOT_HEX.sub("", prefix.lower())
                if found and len(digits) == 6:
                    table.setdefault(digits, name.strip())
    return table
