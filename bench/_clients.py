"""Clients of the CA's server, in a process of their own: `python bench/_clients.py` reads what to do as JSON.

64 connections are kept open; each sends its requests one after the other, over TLS or without. Prints
seconds, answers by status, and quantiles of the time to an answer.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any


async def client(
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    work: list[bytes],
    start: asyncio.Event,
    found: list[Any],
) -> None:
    reader, writer = await asyncio.open_connection(
        host, port, ssl=tls, server_hostname="localhost" if tls else None
    )
    found.append(None)
    await start.wait()
    for request in work:
        begin = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        size = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if size:
            await reader.readexactly(int(size))
        else:  # in chunks, of text without CR
            await reader.readuntil(b"\r\n0\r\n\r\n")
        found.append((int(head[9:12]), time.perf_counter() - begin))
    writer.close()


async def main(task: dict[str, Any]) -> None:
    requests = [bytes.fromhex(line) for line in Path(task["requests"]).read_text().split()]
    tls = None
    if task["trusted"]:
        tls = ssl.create_default_context(cafile=task["trusted"])
        tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    host, _, port = task["address"].rpartition(":")
    each = -(-len(requests) // task["clients"])
    start, found = asyncio.Event(), list[Any]()
    share = [requests[at : at + each] for at in range(0, len(requests), each)]
    running = [asyncio.create_task(client(host, int(port), tls, work, start, found)) for work in share]
    while found.count(None) < len(share):
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    sys.stdin.readline()
    begin = time.perf_counter()
    start.set()
    await asyncio.gather(*running)
    spent = time.perf_counter() - begin
    answers = [one for one in found if one is not None]
    times = sorted(time for _, time in answers)
    print(
        json.dumps(
            {
                "seconds": spent,
                "status": Counter(str(status) for status, _ in answers),
                "p50_ms": 1e3 * times[len(times) // 2],
                "p99_ms": 1e3 * times[len(times) * 99 // 100],
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
