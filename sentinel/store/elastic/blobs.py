"""Bytes under a name: compressed, in pieces a server takes, replaced at once.

Small ones are in the document of their name. Larger ones are in pieces of their own, written first; then
the document is changed to point to them, by the sequence number that was read, and the former pieces go.
What a crash leaves between is not pointed to; `sweep` deletes it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
import zlib
from collections.abc import Iterator
from typing import Any

from sentinel.errors import StoreAwayError, UserError
from sentinel.store.elastic import faults
from sentinel.store.elastic.client import Client, segment
from sentinel.store.elastic.layout import Layout

PIECE = 4 << 20
"""Octets of a piece before base64; servers take texts up to some 20 MB."""
INLINE = 256 << 10
"""Octets that need no piece of their own."""
GRACE = 3600.0
"""Seconds before a piece that nothing points to is deleted: it may be of one who writes just now."""
TRIES = 5


class Blobs:
    """Blobs of a sensor, in the index of the state."""

    def __init__(self, client: Client, layout: Layout, sensor: str) -> None:
        self._client, self._sensor = client, sensor
        self._index = segment(layout.state)

    def get(self, name: str) -> bytes | None:
        """What is kept under a name, or None."""
        for _ in range(TRIES):  # it may be replaced while its pieces are read
            found = self._document(name)
            if found is None:
                return None
            source = found["_source"]
            packed = b"".join(self._pieces(source)) if source["pieces"] else base64.b64decode(source["data"])
            if hashlib.sha256(packed).hexdigest() == source["sha256"]:
                return zlib.decompress(packed)
        raise UserError(f"{self._client.url}: what is kept as {name} is damaged")

    def put(self, name: str, value: bytes) -> None:
        """Keep something under a name, in place of what was there."""
        packed = zlib.compress(value, 1)
        blob = secrets.token_hex(8)
        source: dict[str, Any] = {
            "kind": "blob",
            "sensor": self._sensor,
            "name": name,
            "blob": blob,
            "time": time.time(),
            "sha256": hashlib.sha256(packed).hexdigest(),
            "pieces": 0,
        }
        if len(packed) <= INLINE:
            source["data"] = base64.b64encode(packed).decode()
        else:
            for start in range(0, len(packed), PIECE):
                piece = {
                    "kind": "piece", "sensor": self._sensor, "name": name, "blob": blob, "time": time.time(),
                    "data": base64.b64encode(packed[start : start + PIECE]).decode(),
                }  # fmt: skip
                self._client.json("PUT", f"/{self._index}/_doc/{_piece(blob, source['pieces'])}", piece)
                source["pieces"] += 1
        for _ in range(TRIES):
            found = self._document(name)
            how = (
                f"if_seq_no={found['_seq_no']}&if_primary_term={found['_primary_term']}"
                if found
                else "op_type=create"
            )
            try:
                self._client.json("PUT", f"/{self._index}/_doc/{self._id(name)}?{how}", source)
            except faults.AnswerError as error:
                if error.status != 409:
                    raise
                continue  # another was quicker, or this is a try whose answer was lost
            if found is not None and found["_source"]["blob"] != blob:
                self._remove(found["_source"])
            return
        raise StoreAwayError(f"{self._client.url}: {name} is being changed by others all the time")

    def create(self, name: str, value: bytes) -> bytes:
        """Keep a small thing unless there is one already. Returns what is there then."""
        packed = zlib.compress(value, 1)
        source = {"kind": "blob", "sensor": self._sensor, "name": name, "blob": secrets.token_hex(8),
                  "time": time.time(), "sha256": hashlib.sha256(packed).hexdigest(), "pieces": 0,
                  "data": base64.b64encode(packed).decode()}  # fmt: skip
        try:
            self._client.json("PUT", f"/{self._index}/_doc/{self._id(name)}?op_type=create", source)
        except faults.AnswerError as error:
            if error.status != 409:
                raise
        return self.get(name) or value

    def forget(self, name: str) -> None:
        """Delete what is kept under a name, if there is anything."""
        found = self._document(name)
        if found is not None:
            self._client.maybe("DELETE", f"/{self._index}/_doc/{self._id(name)}")
            self._remove(found["_source"])

    def sweep(self) -> int:
        """Delete old pieces that nothing points to. Returns how many."""
        orphans = list(self._orphans())
        for id in orphans:
            self._client.maybe("DELETE", f"/{self._index}/_doc/{segment(id)}")
        return len(orphans)

    def _orphans(self) -> Iterator[str]:
        query: dict[str, Any] = {
            "query": {"bool": {"filter": [{"term": {"kind": "piece"}}, {"term": {"sensor": self._sensor}}]}},
            "_source": ["name", "blob", "time"],
            "size": 10_000,
        }
        found = self._client.json("POST", f"/{self._index}/_search", query)
        current: dict[str, str] = {}
        for hit in found["hits"]["hits"]:
            source = hit["_source"]
            name = source["name"]
            if name not in current:
                there = self._document(name)
                current[name] = there["_source"]["blob"] if there else ""
            if source["blob"] != current[name] and time.time() - source["time"] > GRACE:
                yield hit["_id"]

    def _document(self, name: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._client.maybe("GET", f"/{self._index}/_doc/{self._id(name)}")
        return found if found and found.get("found") else None

    def _pieces(self, source: dict[str, Any]) -> Iterator[bytes]:
        for n in range(source["pieces"]):
            found = self._client.maybe("GET", f"/{self._index}/_doc/{_piece(source['blob'], n)}")
            yield base64.b64decode(found["_source"]["data"]) if found and found.get("found") else b""

    def _remove(self, source: dict[str, Any]) -> None:
        for n in range(source["pieces"]):
            self._client.maybe("DELETE", f"/{self._index}/_doc/{_piece(source['blob'], n)}")

    def _id(self, name: str) -> str:
        return segment(f"blob/{hashlib.sha256(f'{self._sensor}/{name}'.encode()).hexdigest()[:32]}")


def _piece(blob: str, n: int) -> str:
    return segment(f"piece/{blob}/{n}")
