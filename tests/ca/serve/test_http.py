"""The HTTP layer by itself: bounds, lanes, cache, documents; nothing malformed gets 500 or silence."""

from __future__ import annotations

import base64
import random
import select
import socket
import threading
import time
from contextlib import ExitStack

import pytest

from sentinel.ca.serve.web import Request
from tests.ca.serve.made import CASES, Bare, get, post, response


def echo(request: Request) -> None:
    request.answer(
        200,
        [("content-type", "text/plain")],
        f"{request.method} {request.path}?{request.query} ".encode() + request.body,
    )


def test_request_and_reply() -> None:
    with Bare({"api": echo}) as bare:
        status, fields, body = bare.ask(post("/v1/a%20b?c=d", b"body"))
        assert (status, body) == (200, b"POST /v1/a%20b?c=d body")
        assert fields["content-type"] == "text/plain"


def test_keep_alive_and_pipelining() -> None:
    with Bare({"api": echo}) as bare, bare.connect() as client:
        for turn in range(3):
            client.sendall(post("/v1/x", b"%d" % turn))
            assert response(client)[2] == b"POST /v1/x? %d" % turn


@pytest.mark.parametrize(
    ("octets", "status", "reason"),
    [
        (get("/"), 404, b"/: nothing is here"),
        (get("/v2/x"), 404, b"nothing is here"),
        (b"DELETE /ocsp HTTP/1.1\r\nHost: x\r\n\r\n", 405, b"takes POST only"),
        (post("/v1/x", b"", "Content-Length: 70000"), 400, b"not HTTP/1.1"),
        (b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n", 413, b"65536 octets at most"),
        (b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 415, b"content-encoding"),
        (b"POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, b"chunks are malformed"),
        (b"GET /v1/x HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 40_000 + b"\r\n\r\n", 431, b"too long"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, b"not HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, b"not HTTP/1.1"),
        (get("/ocsp/%%%"), 400, b"base64"),
        (get("/crl/none.crl"), 404, b"nothing is here"),
    ],
)  # fmt: skip
def test_refusals_say_why(octets: bytes, status: int, reason: bytes) -> None:
    with Bare({"api": echo}) as bare:
        found, fields, body = bare.ask(octets)
        assert found == status, body
        assert reason in body
        assert len(body.strip().splitlines()) == 1
        assert fields["content-type"] in ("text/plain; charset=utf-8", "application/problem+json")


def test_malformed_requests_get_4xx_with_a_reason() -> None:
    """Requests damaged at random: a reason with 4xx, or an answer where the damage does not matter."""
    dice = random.Random(7)
    seeds = [
        post("/v1/certificates", b'{"csr": "x", "profile": "device"}', "Content-Type: application/json"),
        post("/ocsp", bytes(range(80)), "Content-Type: application/ocsp-request"),
        get("/ocsp/" + base64.b64encode(bytes(range(60))).decode()),
        get("/crl/issuing.crl", "If-None-Match: \"x\""),
        post("/.well-known/est/simpleenroll", base64.b64encode(bytes(300)), "Content-Type: application/pkcs10"),
    ]  # fmt: skip
    with Bare({"api": echo, "status": echo, "enrol": echo}, header_time=0.5, body_time=0.5) as bare:
        for _ in range(CASES):
            octets = bytearray(dice.choice(seeds))
            for _ in range(dice.randrange(1, 6)):
                at = dice.randrange(len(octets))
                match dice.randrange(4):
                    case 0:
                        octets[at] = dice.randrange(256)
                    case 1:
                        del octets[at : at + dice.randrange(1, 30)]
                    case 2:
                        octets[at:at] = dice.randbytes(dice.randrange(1, 30))
                    case 3:
                        octets[at:at] = octets[dice.randrange(len(octets)) :][: dice.randrange(40)]
                if not octets:
                    octets = bytearray(b"\n")
            with bare.connect() as client:
                client.sendall(octets)
                client.shutdown(socket.SHUT_WR)
                status, _, body = response(client)
            assert status < 500, bytes(octets)
            if status >= 400:
                assert body.strip(), bytes(octets)
        assert bare.server.metrics()["connections_open"] <= 1


def test_a_flood_in_one_lane_leaves_the_others() -> None:
    """The API's lane stands still and is full; OCSP goes on, on the same listener."""
    hold = threading.Event()
    held: list[Request] = []

    def stuck(request: Request) -> None:
        held.append(request)
        hold.wait(30)
        request.answer(204, [], b"")

    with Bare({"api": stuck, "status": echo}, lanes={"api": {"queue": 8}}) as bare, ExitStack() as stack:
        clients = [stack.enter_context(bare.connect()) for _ in range(40)]
        for client in clients:
            client.sendall(post("/v1/certificates", b"{}"))
        # at most 16 are taken and 8 wait: at least 16 are refused, whichever came last
        refused: list[tuple[int, dict[str, str], bytes]] = []
        while len(refused) < 16:
            readable, _, _ = select.select(clients, [], [], 20)
            assert readable, "nobody was refused"
            clients = [client for client in clients if client not in readable]
            refused += [response(client) for client in readable]
        assert {status for status, _, _ in refused} == {503}
        assert {fields["retry-after"] for _, fields, _ in refused} == {"1"}
        assert {body.partition(b"detail")[2] for _, _, body in refused} == {
            b'":"too many requests are waiting"}'
        }
        for turn in range(20):
            assert bare.ask(post("/ocsp", b"%d" % turn))[0] == 200
        hold.set()


def test_connections_are_bounded_by_address() -> None:
    with Bare({}, connections_per_address=3) as bare, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(bare.connect())
        status, _, body = bare.ask(b"")
        assert (status, body) == (503, b"too many connections\n")
        assert bare.server.metrics()["connections_refused"] == 1


def test_slow_headers_and_bodies_end() -> None:
    with Bare({"api": echo}, header_time=0.3, body_time=0.3) as bare:
        with bare.connect() as client:
            client.sendall(b"GET /v1/x HTTP/1.1\r\nHost")
            assert response(client)[0] == 408
        with bare.connect() as client:
            client.sendall(b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
            status, _, body = response(client)
            assert status == 408
            assert b"body" in body
        with bare.connect() as client:
            assert response(client)[0] == 0, "an idle connection is closed without a word"


def test_a_rate_for_each_address() -> None:
    with Bare({"api": echo}, lanes={"api": {"rate": 0.001, "burst": 2.0}}) as bare:
        assert [bare.ask(get("/v1/x"))[0] for _ in range(3)] == [200, 200, 429]
        assert int(bare.ask(get("/v1/x"))[1]["retry-after"]) > 1
        assert bare.ask(get("/crl/x"))[0] == 404, "lanes have buckets of their own"


def test_no_answer_in_time() -> None:
    with Bare({}, lanes={"api": {"patience": 0.2}}) as bare:
        status, _, body = bare.ask(get("/v1/x"))
        assert status == 503
        assert b"no answer within" in body


def test_status_is_cached_until_its_end_or_a_clear() -> None:
    count = 0

    def answer(request: Request) -> None:
        nonlocal count
        count += 1
        age = bare.server.status_age
        request.answer(200, [("content-type", "application/ocsp-response")], b"%d" % count)
        bare.server.put_status(
            request.body, b"%d" % count, [("x-cached", "yes")], int(time.time()) + 1000, age
        )

    with Bare({"status": answer}) as bare:
        request = bytes(range(60))
        assert bare.ask(post("/ocsp", request))[2] == b"1"
        _, fields, body = bare.ask(post("/ocsp", request))
        assert (body, fields["x-cached"]) == (b"1", "yes")
        path = base64.b64encode(request).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        assert bare.ask(get(f"/ocsp/{path}"))[2] == b"1", "GET and POST are one"
        bare.server.clear_status()
        assert bare.ask(post("/ocsp", request))[2] == b"2"
        age = bare.server.status_age
        bare.server.clear_status()
        assert not bare.server.put_status(request, b"old", [], int(time.time()) + 1000, age)
        assert bare.server.metrics()["cache_hits"] == 2


def test_documents() -> None:
    with Bare({}) as bare:
        bare.server.put_document(
            "/crl/a.crl", b"list", "application/pkix-crl", '"7"', 1_700_000_000, int(time.time()) + 500
        )
        status, fields, body = bare.ask(get("/crl/a.crl"))
        assert (status, body, fields["etag"]) == (200, b"list", '"7"')
        assert fields["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
        assert 490 <= int(fields["cache-control"].partition("max-age=")[2]) <= 500
        assert bare.ask(get("/crl/a.crl", 'If-None-Match: "7"'))[0] == 304
        assert bare.ask(get("/crl/a.crl", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"))[0] == 304
        assert bare.ask(get("/crl/a.crl", 'If-None-Match: "8"'))[0] == 200
        with bare.connect() as client:
            client.sendall(b"HEAD /crl/a.crl HTTP/1.1\r\nHost: x\r\n\r\n" + get("/crl/a.crl"))
            client.settimeout(20)
            data = b""
            while data.count(b"HTTP/1.1 200") < 2 or not data.endswith(b"list"):
                data += client.recv(4096)
            assert data.count(b"content-length: 4") == 2
            assert data.count(b"list") == 1


def test_dropped_requests_get_500_and_stopping_ends_all() -> None:
    with Bare({"api": lambda request: None}) as bare:
        status, _, body = bare.ask(get("/v1/x"))
        assert status == 500
        assert b"log" in body
        with bare.connect() as client:
            client.sendall(get("/"))
            assert response(client)[0] == 404
            bare.server.stop(0.0)
            assert client.recv(10) == b""
    with pytest.raises(ValueError, match="no address"):
        Bare({}, plain=[])
