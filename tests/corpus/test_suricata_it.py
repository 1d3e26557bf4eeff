"""Checks of suricata-verify for SIP, LDAP and Kerberos, against our events.

Each check counts records that match some fields. A table names the field of ours for each of theirs;
checks of what is no record of the protocol (alerts of a rule file, statistics, flows) are not for us.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.corpus.reading import Record, scanned

pytestmark = pytest.mark.corpus

FOLDERS = ("sip-", "ldap-", "detect-ldap", "krb5-", "bug-8278-krb5")
KINDS = {"sip": "sip", "ldap": "ldap", "krb5": "kerberos"}

Read = Callable[[Record], Any]


def _field(name: str, missing: Any = None) -> Read:
    return lambda event: event.get(name, missing)


def _request(event: Record) -> str | None:
    name: str | None = event.get("kerberos.request")
    return name


def _listed(name: str, at: int) -> Read:
    def read(event: Record) -> Any:
        values = event.get(name) or []
        values = values if isinstance(values, list) else [values]
        return values[at] if at < len(values) else None

    return read


def _last_response(event: Record) -> Any:
    return event.get("ldap.response") or event.get("ldap.operation")


FIELDS: dict[str, Read] = {
    "sip.method": _field("sip.method"),
    "sip.uri": _field("sip.uri"),
    "sip.code": lambda e: str(e["sip.status_code"]) if "sip.status_code" in e else None,
    "sip.reason": _field("sip.status_text"),
    "krb5.msg_type": _field("kerberos.message"),
    "krb5.failed_request": _request,
    "krb5.cname": _field("kerberos.client"),
    "krb5.realm": _field("kerberos.realm"),
    "krb5.sname": _field("kerberos.service"),
    "krb5.encryption": _field("kerberos.cipher", "<none>"),
    "krb5.weak_encryption": _field("kerberos.weak_cipher", False),
    "krb5.ticket_encryption": _field("kerberos.ticket_cipher"),
    "krb5.ticket_weak_encryption": _field("kerberos.weak_cipher", False),
    "ldap.request.message_id": _field("ldap.message_id"),
    "ldap.request.operation": _field("ldap.operation"),
    "ldap.request.compare_request.entry": _field("ldap.dn"),
    "ldap.request.extended_request.name": _field("ldap.oid"),
    "ldap.request.mod_dn_request.entry": _field("ldap.dn"),
    "ldap.request.mod_dn_request.new_rdn": _field("ldap.new_rdn"),
    "ldap.request.mod_dn_request.delete_old_rdn": _field("ldap.delete_old_rdn"),
    "ldap.request.search_request.base_object": _field("ldap.dn"),
    "ldap.request.search_request.scope": _field("ldap.scope"),
    "ldap.request.search_request.deref_alias": _field("ldap.deref_aliases"),
    "ldap.request.search_request.size_limit": _field("ldap.size_limit"),
    "ldap.request.search_request.time_limit": _field("ldap.time_limit"),
    "ldap.request.search_request.types_only": _field("ldap.types_only"),
    "ldap.request.search_request.attributes[0]": _listed("ldap.attributes", 0),
    "ldap.request.search_request.attributes[1]": _listed("ldap.attributes", 1),
    "ldap.responses[0].search_result_entry.base_object": _field("ldap.entry"),
    "ldap.responses[0].message_id": _field("ldap.message_id"),
}
"""Their field -> how ours is read. What ends with one of `RESULTS` is read by that."""

RESULTS: dict[str, Read] = {
    ".result_code": _field("ldap.result_code"),
    ".matched_dn": _field("ldap.matched_dn"),
    ".message": _field("ldap.diagnostic_message"),
    "_response.name": _field("ldap.response_oid"),
    "].operation": _last_response,
}

UNLIKE = {
    "pcap_cnt": "theirs is the packet at which the transaction was logged, ours the one with the request",
    "sip.version": "constant SIP/2.0: nothing else is taken for SIP",
    "sip.request_line": "the method and URI are fields of their own",
    "sip.response_line": "the status and reason are fields of their own",
    "proto": "transport, which the flow tells",
    "ldap.request.compare_request.attribute_value_assertion.description": "in ldap.assertion",
    "ldap.request.compare_request.attribute_value_assertion.value": "in ldap.assertion",
}
"""Fields that are not compared, and why."""

JUDGED: dict[tuple[str, int], str] = {
    ("sip-tcp-method", 1): (
        "two records there, one of the request and one of the answer; here they are one transaction"
    ),
}
"""(folder, number of the check) -> why our count differs."""


def _reader(name: str) -> Read | None:
    if name in FIELDS:
        return FIELDS[name]
    if name.startswith("ldap.responses"):
        if ".attributes[" in name or (name.endswith("].operation") and "[0]" in name):
            # values of an entry are one list, and an entry comes before the result
            return None
        for end, read in RESULTS.items():
            if name.endswith(end):
                return read
    return None


def _checks(corpus: Path) -> list[tuple[Path, int, int, dict[str, Any]]]:
    found = []
    for folder in sorted((corpus / "suricata-verify").iterdir()):
        if not folder.name.startswith(FOLDERS):
            continue
        (capture,) = folder.glob("*.pcap*")
        for number, check in enumerate(yaml.safe_load((folder / "test.yaml").read_text())["checks"]):
            match = check["filter"]["match"]
            if match.get("event_type") in KINDS:
                found.append((capture, number, check["filter"]["count"], match))
    return found


def test_checks(corpus: Path) -> None:
    checks = _checks(corpus)
    assert len(checks) >= 15
    compared = 0
    differences = {}
    for capture, number, count, match in checks:
        protocol = KINDS[match["event_type"]]
        readers = {}
        for name, value in match.items():
            read = _reader(name)
            if read is not None:
                readers[name] = (read, value)
        compared += len(readers)
        events = [e for e in scanned(capture, events="all").events if e.get("network.protocol") == protocol]
        events = [
            e for e in events if e.get("event.action") not in {"login", "credential"} or protocol != "ldap"
        ]
        ours = sum(all(read(e) == value for read, value in readers.values()) for e in events)
        if ours != count:
            differences[(capture.parent.name, number)] = (count, ours, sorted(readers))
    assert compared > 40
    assert set(differences) == set(JUDGED), differences


def test_fields_that_are_not_compared_have_reasons(corpus: Path) -> None:
    names = {name for *_, match in _checks(corpus) for name in match if name != "event_type"}
    unread = {n for n in names if _reader(n) is None and not n.startswith("ldap.responses")}
    assert unread == set(UNLIKE)
