"""icsnpp-opcua: how our events become the rows of its logs.

Not compared, as they are no part of the wire: time (masked in the baselines) and connection uid. The plug-in
writes one row for a request with its answer; ours are two events, paired by their request number. The token
of a session opens it: in our events it is masked.
"""

from __future__ import annotations

from tests.corpus.comparing import Log, Row
from tests.corpus.reading import Record, Scanned

FOLDER = "icsnpp-opcua/tests"
TRACE = f"{FOLDER}/traces/open62541_client-server_mainloop.pcap"
BASELINE = f"{FOLDER}/baseline/analyzer.basic"
POLICY = "http://opcfoundation.org/UA/SecurityPolicy#"

FLOW = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
ENDS = ("is_orig", "source_h", "source_p", "destination_h", "destination_p")
PORT = 4840

NODE = ("node_encoding", "node_namespace", "node_numeric", "node_string", "node_guid", "node_opaque")
MAIN = (
    *("ts", "uid", *FLOW),
    *"msg_type is_final msg_size error reason version rcv_buf_size snd_buf_size max_msg_size".split(),
    *"max_chunk_cnt endpoint_url sec_channel_id policy_len policy snd_cert_len snd_cert rcv_cert_len".split(),
    *"rcv_cert request_id request_size request_sequence request_encoding request_namespace".split(),
    *("request_code", "request_name", *NODE),
    *"request_ts request_handle diagnostics audit timeout header_type header_encoding response_size".split(),
    *"response_sequence response_encoding response_namespace response_code response_name response_ts".split(),
    *"response_handle response_status response_diagnostics response_header".split(),
)
COMPARED = (
    *FLOW,
    *"msg_type is_final msg_size version rcv_buf_size snd_buf_size max_msg_size max_chunk_cnt".split(),
    *"endpoint_url policy request_id request_size request_sequence request_code request_name".split(),
    *"request_handle diagnostics timeout response_size response_sequence response_code".split(),
    *"response_name response_handle".split(),
)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _flow(event: Record) -> Row:
    asks = event["destination.port"] == PORT
    source = (event["source.ip"], str(event["source.port"]))
    destination = (event["destination.ip"], str(event["destination.port"]))
    return dict(zip(FLOW, source + destination if asks else destination + source, strict=True))


def _ends(event: Record) -> Row:
    asks = event["destination.port"] == PORT
    source = (event["source.ip"], str(event["source.port"]))
    destination = (event["destination.ip"], str(event["destination.port"]))
    return _flow(event) | dict(zip(ENDS, ("T" if asks else "F", *source, *destination), strict=True))


def _node(text: str) -> Row:
    """Fields of an identifier from its text form. Those of namespace 0 in the shortest encoding have none."""
    parts = dict(part.split("=", 1) for part in text.split(";"))
    row: Row = dict.fromkeys(NODE[1:])
    row["node_namespace"] = parts.get("ns")
    row["node_numeric"] = parts.get("i")
    row["node_string"] = parts.get("s")
    return row


def _requests(got: Scanned) -> tuple[list[Record], dict[tuple[str, int], Record]]:
    """Requests, and answers by connection and request number."""
    events = [e for e in got.events if "opcua.message_type" in e]
    answers = {
        (e["network.community_id"], e["opcua.request_id"]): e for e in events if e.get("opcua.response")
    }
    return [e for e in events if not e.get("opcua.response")], answers


def _text(event: Record, field: str) -> str | None:
    return str(event[field]) if field in event else None


def _main(got: Scanned) -> list[tuple[int, Row]]:
    rows = []
    requests, answers = _requests(got)
    for e in requests:
        row: Row = dict.fromkeys(MAIN)
        row |= _flow(e)
        row |= {"msg_type": e["opcua.message_type"], "is_final": e["opcua.chunk_type"]}
        size = e["opcua.message_size"]
        for name, field in (
            ("version", "opcua.protocol_version"),
            ("rcv_buf_size", "opcua.receive_buffer_size"),
            ("snd_buf_size", "opcua.send_buffer_size"),
            ("max_msg_size", "opcua.max_message_size"),
            ("max_chunk_cnt", "opcua.max_chunk_count"),
        ):
            row[name] = _text(e, field)
        if e["opcua.message_type"] == "HEL":
            row["endpoint_url"] = e["opcua.endpoint_url"]
        if e["opcua.message_type"] == "OPN":
            row["policy"] = POLICY + e["opcua.security_policy"]
        if "opcua.request_id" in e:
            name = _camel(e["ot.function.name"])
            row |= {
                "request_id": str(e["opcua.request_id"]),
                "request_size": str(size),
                "request_sequence": str(e["opcua.sequence_number"]),
                "request_code": str(e["ot.function.code"]),
                "request_name": f"{name}Request",
                "request_handle": str(e["opcua.request_handle"]),
                "diagnostics": str(e["opcua.return_diagnostics"]),
                "timeout": str(e["opcua.timeout_hint"]),
            }
            answer = answers.get((e["network.community_id"], e["opcua.request_id"]))
            if answer:
                size += answer["opcua.message_size"]
                row |= {
                    "response_size": str(answer["opcua.message_size"]),
                    "response_sequence": str(answer["opcua.sequence_number"]),
                    "response_code": str(answer["ot.function.code"] + 3),
                    "response_name": f"{name}Response",
                    "response_handle": str(answer["opcua.request_handle"]),
                }
        row["msg_size"] = str(size)
        rows.append((e["sentinel.frame"], row))
    return rows


def _items(name: str, got: Scanned) -> list[tuple[int, Row]]:
    """Rows of the nodes of requests: one for each node that is asked for."""
    requests, _ = _requests(got)
    rows = []
    for e in requests:
        if e.get("ot.function.name") != name:
            continue
        attributes = e.get("opcua.attributes", [])
        for at, node in enumerate(e["opcua.nodes"]):
            row = _ends(e) | _node(node)
            row["attribute"] = attributes[at] if attributes else None
            rows.append((e["sentinel.frame"], row))
    return rows


def _write(got: Scanned) -> list[tuple[int, Row]]:
    return _items("write", got)


def _read(got: Scanned) -> list[tuple[int, Row]]:
    return _items("read", got)


def _browse(got: Scanned) -> list[tuple[int, Row]]:
    return _items("browse", got)


def _activate(got: Scanned) -> list[tuple[int, Row]]:
    """Who logs in; the password is in the credential of the same frame."""
    requests, _ = _requests(got)
    secrets = {c["frame"]: c["secret"] for c in got.credentials if c["protocol"] == "opcua"}
    return [
        (
            e["sentinel.frame"],
            _ends(e)
            | {
                "policy_id": e["opcua.policy_id"],
                "user": e.get("user.name"),
                "password": secrets.get(e["sentinel.frame"]),
            },
        )
        for e in requests
        if e.get("ot.function.name") == "activate_session"
    ]


def _subscription(got: Scanned) -> list[tuple[int, Row]]:
    """What is asked for, and, in a row of its own, what is granted."""
    rows = []
    for e in got.events:
        if e.get("ot.function.name") != "create_subscription" or "opcua.response" not in e:
            continue
        numbers = [
            f"{e['opcua.subscription.interval']:.0f}",
            str(e["opcua.subscription.lifetime"]),
            str(e["opcua.subscription.keep_alive"]),
        ]
        row = _ends(e) | dict.fromkeys(SUBSCRIPTION)
        if e["opcua.response"]:
            row |= dict(zip(SUBSCRIPTION[6:], [str(e["opcua.subscription.id"]), *numbers], strict=True))
        else:
            asked = [
                *numbers,
                str(e["opcua.subscription.max_notifications"]),
                "T" if e["opcua.subscription.enabled"] else "F",
                str(e["opcua.subscription.priority"]),
            ]
            row |= dict(zip(SUBSCRIPTION[:6], asked, strict=True))
        rows.append((e["sentinel.frame"], row))
    return rows


def _asked(row: Row) -> bool:
    return row["is_orig"] == "T"


HEAD = ("ts", "uid", *FLOW, *ENDS)
SUBSCRIPTION = (
    *"interval lifetime keep_alive max_notifications enabled priority".split(),
    *"id revised_interval revised_lifetime revised_keep_alive".split(),
)

LOGS = (
    Log(
        path=f"{BASELINE}/opcua_binary.log",
        trace=TRACE,
        columns=COMPARED,
        key=(*FLOW, "msg_type", "request_id"),
        ours=_main,
        fields=MAIN,
    ),
    Log(
        path=f"{BASELINE}/opcua_binary_write.log",
        trace=TRACE,
        columns=(*FLOW, *ENDS, *NODE[1:], "attribute"),
        key=(*FLOW, "is_orig"),
        ours=_write,
        theirs=_asked,
        fields=(*HEAD, *NODE, *"attribute_id attribute range mask v1 v2 v3 v4".split()),
    ),
    Log(
        path=f"{BASELINE}/opcua_binary_read_nodes_to_read.log",
        trace=TRACE,
        columns=(*FLOW, *ENDS, *NODE[1:], "attribute"),
        key=(*FLOW, "is_orig"),
        ours=_read,
        theirs=_asked,
        fields=(*HEAD, *NODE, *"attribute_id attribute range encoding_index encoding".split()),
    ),
    Log(
        path=f"{BASELINE}/opcua_binary_browse_description.log",
        trace=TRACE,
        columns=(*FLOW, *ENDS, *NODE[1:]),
        key=(*FLOW, "is_orig"),
        ours=_browse,
        theirs=_asked,
        fields=(
            *HEAD,
            *NODE,
            *"direction r1 r2 r3 r4 r5 r6 subtypes classes result_mask".split(),
        ),
    ),
    Log(
        path=f"{BASELINE}/opcua_binary_activate_session.log",
        trace=TRACE,
        columns=(*FLOW, *ENDS, "policy_id", "user", "password"),
        key=(*FLOW, "is_orig"),
        ours=_activate,
        theirs=_asked,
        fields=(
            *HEAD,
            *"algorithm signature t1 t2 t3 t4 t5 t6 token_kind token_encoding".split(),
            *"policy_id user password".split(),
            *"p1 p2 p3 p4 p5 nonce".split(),
        ),
    ),
    Log(
        path=f"{BASELINE}/opcua_binary_create_subscription.log",
        trace=TRACE,
        columns=(*FLOW, *ENDS, *SUBSCRIPTION),
        key=(*FLOW, "is_orig"),
        ours=_subscription,
        fields=(*HEAD, *SUBSCRIPTION),
    ),
)

INNER = {
    f"{BASELINE}/opcua_binary_{name}.log"
    for name in (
        *"browse browse_response_references browse_result close_session create_monitored_items".split(),
        *"create_monitored_items_create_item create_session create_session_endpoints".split(),
        *"create_session_user_token get_endpoints get_endpoints_description get_endpoints_user_token".split(),
        *"opensecure_channel read read_results status_code_detail".split(),
    )
}
"""Logs of parts that our events give in sum, or whose rows are those of the logs compared."""

WITHOUT_TRACE = {
    f"{FOLDER}/baseline/analyzer.{name}"
    for name in ("data-gap", "data-gap_with-handshake", "no-handshake", "non-standard-port")
}
