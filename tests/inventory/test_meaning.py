"""What profiles mean: identity, type, level, exposures."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.inventory import meaning as meaning_of
from sentinel.inventory.meaning import describe, describe_all
from sentinel.inventory.profile import Exposure, Meaning, Profile
from sentinel.model.words import ASSET_TYPES, EXPOSURES, SEVERITIES


def fact(name: str, value: str, protocol: str, by: str = "self") -> dict[str, Any]:
    return {"name": name, "value": value, "protocol": protocol, "field": "x", "by": by}


def serves(protocol: str, port: int = 0, **info: Any) -> dict[str, Any]:
    return {"protocol": protocol, "port": port, "transport": "tcp", "confidence": 100, "info": info}


def tls(**info: Any) -> dict[str, Any]:
    return {**serves("tls", 443), "info": {f"tls.{name}": value for name, value in info.items()}}


def op(protocol: str, action: str, outcome: str = "accepted") -> dict[str, Any]:
    return {"protocol": protocol, "action": action, "category": "control", "outcome": outcome}


def used(*protocols: str) -> list[dict[str, Any]]:
    return [{"protocol": protocol, "port": 1, "transport": "tcp"} for protocol in protocols]


def means(until: str | None = None, **profile: Any) -> Meaning:
    return describe(msgspec.convert(profile, Profile), until)


def kinds(meaning: Meaning) -> dict[str, Exposure]:
    return {exposure.kind: exposure for exposure in meaning.exposures}


S7 = [
    fact("model", "6ES7 315-2EH14-0AB0 ", "s7comm"),
    fact("product", "CPU 315-2 PN/DP", "s7comm"),
    fact("serial", "S C-B1U393142011", "s7comm"),
    fact("name", "S7300/ET200M station_1", "s7comm"),
    fact("vendor", "Siemens", "s7comm"),
]


class TestIdentity:
    def test_controller_says_what_it_is(self) -> None:
        meaning = means(oui=["Siemens AG"], facts=S7, services=[serves("s7comm", 102)])
        assert meaning.vendor == "Siemens"
        assert meaning.model == "6ES7 315-2EH14-0AB0"
        assert meaning.product == "CPU 315-2 PN/DP"
        assert meaning.serial == "S C-B1U393142011"
        assert meaning.name == "S7300/ET200M station_1"
        assert (meaning.type, meaning.level) == ("plc", 1)
        assert meaning.because["model"] == ["f0"]

    def test_specific_protocol_beats_banner_whatever_the_order(self) -> None:
        facts = [fact("server", "Hikvision-Webs", "http"), *S7]
        for order in (facts, facts[::-1]):
            assert means(facts=order).vendor == "Siemens"

    def test_self_beats_other(self) -> None:
        facts = [fact("model", "WRONG", "s7comm", by="other"), fact("model", "RIGHT", "http")]
        assert means(facts=facts).model == "RIGHT"

    def test_conflicts_are_kept(self) -> None:
        facts = [
            fact("firmware", "2.0", "cip"),
            fact("firmware", "1.9", "http"),
            fact("firmware", "2.0", "snmp"),
        ]
        meaning = means(facts=facts)
        assert meaning.firmware == "2.0"
        assert meaning.conflicts == {"firmware": ["1.9"]}

    def test_first_wins_among_equals(self) -> None:
        assert means(facts=[fact("name", "A", "snmp"), fact("name", "B", "snmp")]).name == "A"

    @pytest.mark.parametrize(
        ("protocol", "value", "vendor"),
        [
            ("enip", "1", "Rockwell Automation"),
            ("cip", "0x0001", "Rockwell Automation"),
            ("bacnet", "36", "Tridium"),
            ("profinet-dcp", "0x002A", "Siemens"),
            ("hart-ip", "17", "Endress+Hauser"),
            ("ethercat", "2", "Beckhoff"),
            ("bacnet", "64999", None),
            ("modbus", "1", None),
            ("enip", "one", None),
        ],
    )
    def test_vendor_numbers(self, protocol: str, value: str, vendor: str | None) -> None:
        assert means(facts=[fact("vendor_id", value, protocol)]).vendor == vendor

    def test_names_are_read_with_either_dash(self) -> None:
        assert means(facts=[fact("vendor-id", "36", "bacnet")]).vendor == "Tridium"

    def test_free_text_vendor_does_not_beat_a_known_one(self) -> None:
        facts = [
            fact("vendor", "Jane of the workshop", "snmp"),
            fact("description", "Hirschmann MACH", "lldp"),
        ]
        assert means(facts=facts).vendor == "Hirschmann"

    def test_network_card_comes_last(self) -> None:
        assert means(oui=["Intel Corporate"], facts=[fact("brand", "vykon", "fox")]).vendor == "Tridium"
        meaning = means(oui=["Intel Corporate"])
        assert meaning.vendor == "Intel"
        assert meaning.because["vendor"] == ["network card made by Intel Corporate"]

    @pytest.mark.parametrize("value", ["", "-", "To be filled by O.E.M.", "\x00\x00", "unknown", "  "])
    def test_blank_values_are_none(self, value: str) -> None:
        meaning = means(facts=[fact("model", value, "snmp"), fact("location", value, "snmp")])
        assert meaning.model is None
        assert meaning.location is None

    @pytest.mark.parametrize("value", ["00000000", "1234567890", "FFFFFFFF", "0", "0.0.0"])
    def test_constant_serials_are_none(self, value: str) -> None:
        assert means(facts=[fact("serial", value, "snmp")]).serial is None

    def test_control_and_direction_characters_are_taken_out(self) -> None:
        assert means(facts=[fact("name", "a\x1b[31m\u202eb\nc", "snmp")]).name == "a [31m b c"

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("10.0.17763", "Windows 10 1809 or Server 2019"),
            ("Windows 6.1 (build 7601)", "Windows 7 or Server 2008 R2"),
            ("Windows 10 or Server 2016", "Windows 10 or Server 2016"),
            ("QNX 6.4.1", "QNX 6.4.1"),
        ],
    )
    def test_os(self, value: str, expected: str) -> None:
        assert means(facts=[fact("os", value, "ntlm")]).os == expected

    def test_hostname_is_the_name_where_there_is_no_other(self) -> None:
        assert means(facts=[fact("hostname", "press-4.local.", "mdns")]).name == "press-4"
        assert means(facts=[fact("hostname", "*.example.com", "tls")]).name is None
        facts = [fact("hostname", "press-4", "dhcp"), fact("name", "Press 4", "snmp")]
        assert means(facts=facts).name == "Press 4"

    def test_company_number_in_a_certificate_is_no_serial(self) -> None:
        facts = [fact("serial", "3014267", "tls")]
        assert means(facts=facts, address={"v4": "public"}).serial is None
        assert means(facts=facts, address={"v4": "private"}).serial == "3014267"


class TestRoles:
    @pytest.mark.parametrize(
        ("profile", "kind", "level"),
        [
            ({"services": [serves("modbus", 502)]}, "plc", 1),
            ({"services": [serves("iec104", 2404)]}, "rtu", 1),
            ({"services": [serves("dnp3", 20000)]}, "rtu", 1),
            ({"services": [serves("bacnet", 47808)]}, "building-controller", 1),
            ({"services": [serves("dlt645")]}, "power-meter", 1),
            ({"services": [serves("goose")]}, "ied", 1),
            ({"services": [serves("rtsp", 554), serves("onvif", 80)]}, "camera", None),
            ({"clients": used("modbus"), "did": [op("modbus", "write")]}, "hmi", 2),
            ({"clients": used("iec104")}, "scada-server", 2),
            ({"clients": used("modbus")}, "scada-server", 2),
            ({"clients": used("s7comm"), "did": [op("s7comm", "download")]}, "engineering-workstation", 2),
            ({"clients": used("s7comm"), "did": [op("s7comm", "stop"), op("s7comm", "write")]}, "hmi", 2),
            ({"clients": used("s7comm"), "did": [op("s7comm", "download", "refused")]}, "hmi", 2),
            ({"clients": used("profinet-io"), "services": [serves("s7comm")]}, "plc", 1),
            ({"facts": [fact("device_type", "14", "enip")], "services": [serves("enip")]}, "plc", 1),
            ({"facts": [fact("device_type", "AC Drive", "cip")], "services": [serves("enip")]}, "drive", 0),
            ({"facts": [fact("product", "RSLinx Server", "enip")], "services": [serves("enip")]},
             "engineering-workstation", 2),
            ({"facts": [fact("model", "6AV2 124-0MC01-0AX0", "profinet-dcp")]}, "hmi", 2),
            ({"facts": [fact("model", "6GK5 208-0BA10-2AA3", "profinet-dcp")]}, "switch", None),
            ({"facts": [fact("model", "DS-7608NI-E2", "sadp")], "services": [serves("sadp")]}, "nvr", None),
            ({"facts": [fact("role", "robot", "opcua")], "services": [serves("opcua")]}, "robot", 1),
            ({"oui": ["Axis Communications AB"]}, "camera", None),
            ({"address": {"v4": "private", "router": True}}, "router", None),
            ({"clients": used("jt808")}, "vehicle-terminal", None),
            ({"services": [serves("kerberos"), serves("ldap"), serves("smb")]}, "domain-controller", None),
            ({"services": [serves("mssql")]}, "server", None),
            ({"services": [serves("mssql")], "clients": used("opcua", "modbus")}, "scada-server", 2),
            ({"facts": [fact("role", "workstation", "nbns"), fact("os", "Windows 6.1", "nbns")],
              "clients": used("enip"), "did": [op("cip", "stop"), op("cip", "change-mode")]},
             "engineering-workstation", 2),
            ({}, None, None),
            ({"clients": used("dns", "http")}, None, None),
        ],
    )  # fmt: skip
    def test_type_and_level(self, profile: dict[str, Any], kind: str | None, level: float | None) -> None:
        meaning = means(**profile)
        assert (meaning.type, meaning.level) == (kind, level), meaning.roles

    def test_votes_keep_their_evidence(self) -> None:
        meaning = means(facts=S7, services=[serves("s7comm", 102)])
        assert meaning.roles[0].role == "plc"
        assert {"f0", "s0"} <= set(meaning.roles[0].because)

    def test_the_same_kind_of_evidence_counts_once(self) -> None:
        one = means(services=[serves("enip", 44818)]).roles[0].score
        assert means(services=[serves("enip", 44818), serves("enip", 2222)]).roles[0].score == one

    def test_public_addresses_get_no_type_from_ephemeral_evidence(self) -> None:
        public = {"v4": "public"}
        assert means(address=public, services=[serves("kerberos"), serves("smb")]).type is None
        assert means(address=public, facts=[fact("user_agent", "X11; Linux", "http")]).type is None
        meaning = means(address=public, facts=[fact("description", "FortiGate 60E", "snmp")])
        assert (meaning.type, meaning.level) == ("firewall", None)
        meaning = means(address=public, services=[serves("modbus", 502)])
        assert (meaning.type, meaning.level) == ("plc", 1)

    def test_order_of_evidence_does_not_matter(self) -> None:
        services = [serves("bacnet"), serves("modbus"), serves("opcua")]
        first = [(r.role, r.score) for r in means(services=services).roles]
        assert [(r.role, r.score) for r in means(services=services[::-1]).roles] == first


class TestExposures:
    def test_accepted_changes_without_authentication(self) -> None:
        meaning = means(
            services=[serves("modbus", 502)], served=[op("modbus", "write"), op("modbus", "read")]
        )
        exposure = kinds(meaning)["no-authentication"]
        assert (exposure.severity, exposure.evidence) == ("high", ["v0"])

    @pytest.mark.parametrize(
        ("served", "severity"),
        [
            ([op("modbus", "write", "refused")], "low"),
            ([op("modbus", "write", "unknown")], "medium"),
            ([op("modbus", "write", "no-answer")], "medium"),
            ([op("modbus", "read")], "low"),
            ([], "low"),
        ],
    )
    def test_how_sure_it_is(self, served: list[dict[str, Any]], severity: str) -> None:
        meaning = means(services=[serves("modbus", 502)], served=served)
        assert kinds(meaning)["no-authentication"].severity == severity

    def test_a_controller_that_asks_for_a_password_is_not_open(self) -> None:
        served = [op("s7comm", "authenticate"), op("s7comm", "write")]
        assert "no-authentication" not in kinds(means(services=[serves("s7comm")], served=served))

    def test_it_protocols_are_no_controllers(self) -> None:
        assert "no-authentication" not in kinds(
            means(services=[serves("tftp")], served=[op("tftp", "write")])
        )

    @pytest.mark.parametrize(
        ("service", "kind"),
        [
            (serves("telnet"), "legacy-protocol"),
            (serves("ftp"), "legacy-protocol"),
            (serves("snmp", version="v2c"), "legacy-protocol"),
            (serves("ftp", anonymous=True), "anonymous-access"),
            (serves("mqtt", anonymous=True), "anonymous-access"),
            (tls(version="TLS 1.0"), "weak-tls"),
            (tls(version="1.0", version_protocol="tls"), "weak-tls"),
            (tls(version="3.0", version_protocol="ssl"), "weak-tls"),
            (tls(version="SSLv3"), "weak-tls"),
            (tls(cipher="TLS_RSA_WITH_RC4_128_SHA"), "weak-tls"),
            (tls(cipher="TLS_RSA_WITH_RC4_128_MD5"), "weak-tls"),
            (tls(key="RSA 1024"), "weak-tls"),
            (tls(expired=True), "expired-certificate"),
            (
                tls(subject="CN=UBNT, O=Ubiquiti", self_signed=True),
                "default-certificate",
            ),
        ],
    )
    def test_services(self, service: dict[str, Any], kind: str) -> None:
        exposure = kinds(means(services=[service]))[kind]
        assert exposure.evidence == ["s0"]

    @pytest.mark.parametrize(
        "service",
        [
            serves("snmp", version="v3"),
            serves("ssh"),
            serves("mqtt"),
            tls(version="TLS 1.3", cipher="TLS_AES_128_GCM_SHA256", key="RSA 2048"),
            tls(subject="CN=UBNT, O=Ubiquiti", issuer="CN=Plant CA"),
            tls(version="1.1", version_protocol="tlcp"),
        ],
    )  # fmt: skip
    def test_sound_services(self, service: dict[str, Any]) -> None:
        assert means(services=[service]).exposures == []

    def test_expiry_is_held_to_the_time_of_the_capture(self) -> None:
        service = tls(not_after="2020-06-01T00:00:00Z", not_before="2019-06-01T00:00:00Z")
        assert means("2020-05-01T00:00:00Z", services=[service]).exposures == []
        assert "expired-certificate" in kinds(means("2020-07-01T00:00:00Z", services=[service]))
        assert "expired-certificate" in kinds(means("2018-07-01T00:00:00Z", services=[service]))

    def test_internet(self) -> None:
        public = means(services=[serves("modbus", 502)], address={"v4": "public"})
        assert kinds(public)["internet-exposed"].severity == "high"
        reached = means(services=[serves("modbus", 502)], address={"v4": "private", "public_peers": 1})
        assert kinds(reached)["internet-exposed"].severity == "critical"
        inside = means(services=[serves("modbus", 502)], address={"v4": "public", "public_peers": 2})
        assert kinds(inside)["internet-exposed"].severity == "high"
        assert "internet-exposed" not in kinds(means(services=[serves("http")], address={"v4": "public"}))

    @pytest.mark.parametrize(
        ("model", "firmware", "vulnerable"),
        [
            ("6ES7 214-1AG40-0XB0", "V4.2.1", True),
            ("6ES7 214-1AG40-0XB0", "V4.5.0", False),
            ("6ES7 214-1AG40-0XB0", "4", False),
            ("6ES7 516-3AN01-0AB0", "V2.8.3", True),
            ("6ES7 315-2EH14-0AB0", "V2.8.3", False),
        ],
    )
    def test_vulnerabilities(self, model: str, firmware: str, vulnerable: bool) -> None:
        facts = [fact("model", model, "s7comm-plus"), fact("firmware", firmware, "s7comm-plus")]
        assert ("known-vulnerability" in kinds(means(facts=facts))) is vulnerable

    def test_credentials(self) -> None:
        creds = [
            {"protocol": "http", "username": "admin", "outcome": "success",
             "weaknesses": ["cleartext", "default", "common"], "default_of": ["Hikvision"]},
            {"protocol": "telnet", "username": "root", "outcome": "failure",
             "weaknesses": ["cleartext", "common"]},
            {"protocol": "ssh", "username": "bob", "outcome": "unknown", "weaknesses": ["same-as-user"]},
        ]  # fmt: skip
        meaning = means(oui=["Hikvision"], creds=creds)
        found = kinds(meaning)
        assert found["default-password"].severity == "critical"
        assert found["default-password"].evidence == ["k0"]
        assert "Hikvision" in found["default-password"].title
        assert found["weak-password"].evidence == ["k2"]
        assert sum(e.kind == "cleartext-credentials" for e in meaning.exposures) == 2

    def test_worst_first(self) -> None:
        meaning = means(
            services=[serves("telnet"), serves("modbus"), serves("snmp", version="v1")],
            served=[op("modbus", "write")],
        )
        ranks = [SEVERITIES.index(e.severity) for e in meaning.exposures]
        assert ranks == sorted(ranks, reverse=True)


class TestBorder:
    def test_same_order_and_length(self) -> None:
        profiles = [{"services": [serves("modbus")]}, {}, {"facts": S7}, {}]
        answers = json.loads(describe_all(json.dumps(profiles).encode()))
        assert [a["type"] for a in answers] == ["plc", None, "plc", None]

    def test_absent_is_null(self) -> None:
        (answer,) = json.loads(describe_all(b"[{}]"))
        assert answer["vendor"] is None
        assert answer["level"] is None
        assert answer["roles"] == []

    def test_unknown_keys_are_passed_over(self) -> None:
        (answer,) = json.loads(
            describe_all(b'[{"later": 1, "services": [{"protocol": "s7comm", "new": 2}]}]')
        )
        assert answer["type"] == "plc"

    def test_what_is_remembered_is_bounded_and_does_not_change_answers(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(meaning_of, "_REMEMBERED", 3)
        profiles = json.dumps([{"oui": [f"Maker {i}"]} for i in range(20)]).encode()
        first = describe_all(profiles)
        assert len(meaning_of._seen) <= 3
        assert describe_all(profiles) == first

    def test_certificates_are_judged_anew_at_another_time(self) -> None:
        service = tls(not_after="2020-06-01T00:00:00Z")
        question = json.dumps([{"services": [service]}]).encode()
        assert json.loads(describe_all(question, "2020-01-01T00:00:00Z"))[0]["exposures"] == []
        assert json.loads(describe_all(question, "2021-01-01T00:00:00Z"))[0]["exposures"]

    @pytest.mark.parametrize("bad", [b"", b"{}", b"[1]", b'[{"oui": 3}]', b"[{}"])
    def test_bytes_that_are_no_profiles(self, bad: bytes) -> None:
        with pytest.raises(ValueError, match=r".+"):
            describe_all(bad)


WORD = st.sampled_from(
    """
    modbus s7comm enip cip snmp http tls ssh dhcp mdns bacnet ftp telnet model vendor firmware description
    name os serial hostname device_type vendor_id role product banner server tls.version tls.subject tls.key
    version anonymous write download stop authenticate accepted refused unknown self other
    """.split()
)
TEXT = st.one_of(
    WORD, st.text(max_size=60), st.sampled_from(["6ES7 315-2EH14-0AB0", "1", "0x1", "DS-2CD2032-I"])
)
RECORD = {
    "facts": st.fixed_dictionaries({
        "name": WORD, "value": TEXT, "protocol": WORD, "field": TEXT, "by": WORD,
    }),
    "services": st.fixed_dictionaries({
        "protocol": WORD, "port": st.integers(0, 65535), "transport": WORD, "confidence": st.integers(0, 100),
        "info": st.dictionaries(
            WORD, st.one_of(TEXT, st.booleans(), st.integers(), st.lists(TEXT, max_size=2))
        ),
    }),
    "clients": st.fixed_dictionaries({"protocol": WORD, "port": st.integers(0, 65535), "transport": WORD}),
    "did": st.fixed_dictionaries({"protocol": WORD, "action": WORD, "category": WORD, "outcome": WORD}),
    "served": st.fixed_dictionaries({"protocol": WORD, "action": WORD, "category": WORD, "outcome": WORD}),
    "creds": st.fixed_dictionaries({
        "protocol": WORD, "kind": WORD, "username": TEXT, "outcome": WORD,
        "weaknesses": st.lists(st.sampled_from(["default", "common", "cleartext", "short"])),
        "default_of": st.lists(TEXT, max_size=2),
    }),
}  # fmt: skip
PROFILES = st.fixed_dictionaries(
    {key: st.lists(record, max_size=6) for key, record in RECORD.items()}
    | {
        "oui": st.lists(TEXT, max_size=2),
        "address": st.fixed_dictionaries({"v4": st.sampled_from(["private", "public", "none"])}),
    }
)


@given(PROFILES)
def test_any_profile_is_answered(profile: dict[str, Any]) -> None:
    """Never raises; gives only words of the data model, references that exist, and no blank texts."""
    meaning = means("2020-01-01T00:00:00Z", **profile)
    assert meaning.type is None or meaning.type in ASSET_TYPES
    for key in ("vendor", "product", "model", "firmware", "serial", "os", "name", "location"):
        value = getattr(meaning, key)
        assert value is None or (value == value.strip() != "")
    places = {"f": "facts", "s": "services", "c": "clients", "d": "did", "v": "served", "k": "creds"}
    refs = [ref for role in meaning.roles for ref in role.because]
    for exposure in meaning.exposures:
        assert exposure.kind in EXPOSURES
        assert exposure.severity in SEVERITIES
        assert exposure.evidence
        refs += exposure.evidence
    for ref in refs:
        if ref[1:].isdigit():
            assert int(ref[1:]) < len(profile[places[ref[0]]])
    assert json.loads(describe_all(json.dumps([profile]).encode())) is not None
