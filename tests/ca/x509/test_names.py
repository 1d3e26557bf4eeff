"""sentinel/ca/x509: names and alternative names, to DER and back."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from sentinel.ca.x509 import altnames, der, names
from sentinel.errors import UserError

PRINTABLE = "ABCabc019 '()+,-./:=?"
WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60)
ATTRIBUTES = st.one_of(
    st.tuples(st.sampled_from(["CN", "O", "OU", "L", "ST", "STREET", "title"]), WORDS),
    st.tuples(st.just("serialNumber"), st.text(PRINTABLE.replace(" ", ""), min_size=1, max_size=64)),
    st.tuples(st.just("C"), st.text("ABCXYZ", min_size=2, max_size=2)),
    st.tuples(st.just("DC"), st.text("abc019-", min_size=1, max_size=63)),
)
NAMES = st.lists(ATTRIBUTES, min_size=1, max_size=6).map(tuple)


@given(NAMES)
def test_a_name_is_read_back_from_der_and_from_text(name: names.Name) -> None:
    assert names.decode(names.encode(name)) == name
    assert names.parse(names.text(name)) == name


@given(NAMES)
def test_a_name_is_what_cryptography_writes(name: names.Name) -> None:
    other = x509.Name(
        [
            x509.NameAttribute(
                x509.ObjectIdentifier(names._ATTRIBUTES[key][0]),
                value,
                {
                    "C": x509.name._ASN1Type.PrintableString,
                    "serialNumber": x509.name._ASN1Type.PrintableString,
                    "DC": x509.name._ASN1Type.IA5String,
                }.get(key),
                _validate=False,
            )
            for key, value in name
        ]
    )
    assert names.encode(name) == other.public_bytes()


@given(st.binary(max_size=120))
def test_any_octets_are_a_name_or_refused(data: bytes) -> None:
    for read in (names.decode, altnames.decode):
        said = ""
        try:
            read(data)
        except UserError as error:
            said = error.message
        assert "\n" not in said


def test_a_common_name_alone_needs_no_mark() -> None:
    assert names.parse("plc 7") == (("CN", "plc 7"),)
    assert names.parse(r"cn=a\,b, o = Works") == (("CN", "a,b"), ("O", "Works"))


REFUSED = {
    "": "CN of 0 characters",
    "x" * 65: "CN of 65 characters; 1 to 64",
    "a\x00b": "cannot be shown",
    "CN=a,C=cn": "two capital letters",
    "CN=a,X=b": "attribute X; one of CN",
    "CN=a,serialNumber=M_1": "serialNumber 'M_1'",
    "CN=a,DC=ä": "DC 'ä'",
    "CN=a,,O=b": "unreadable from character",
}


@pytest.mark.parametrize("text", REFUSED)
def test_other_names_are_refused_with_the_reason(text: str) -> None:
    with pytest.raises(UserError) as refused:
        names.parse(text)
    assert REFUSED[text] in refused.value.message


def test_several_values_in_one_place_are_refused() -> None:
    pair = der.sequence(der.oid("2.5.4.3"), der.utf8("a"))
    both = der.sequence(der.set_of(pair, der.sequence(der.oid("2.5.4.10"), der.utf8("b"))))
    with pytest.raises(UserError, match="left over"):
        names.decode(both)


HOSTS = st.from_regex(r"(\*\.)?[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z0-9]{1,8}){0,3}", fullmatch=True)
ALT = st.one_of(
    st.tuples(st.just("dns"), HOSTS),
    st.tuples(
        st.just("ip"),
        st.ip_addresses().map(
            lambda ip: socket.inet_ntop(socket.AF_INET if ip.version == 4 else socket.AF_INET6, ip.packed)
        ),
    ),
    st.tuples(
        st.just("uri"), st.sampled_from(["urn:plant:ua:plc", "https://plc.example/x?y=1", "opc.tcp://h:4840"])
    ),
    st.tuples(st.just("email"), st.just("a.b@plant.example")),
    st.tuples(st.just("hw"), st.tuples(st.just("1.3.6.1.4.1.32473.1"), WORDS).map(":".join)),
)


@given(st.lists(ALT, min_size=1, max_size=8).map(tuple))
def test_alternative_names_are_read_back(given_names: tuple[altnames.AltName, ...]) -> None:
    data = altnames.encode(given_names)
    assert altnames.decode(data) == given_names
    assert tuple(map(altnames.parse, map(altnames.text, given_names))) == given_names
    value = (
        x509.load_der_x509_csr(_request_with(data))
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value
    )
    kinds = {
        "dns": x509.DNSName,
        "ip": x509.IPAddress,
        "uri": x509.UniformResourceIdentifier,
        "email": x509.RFC822Name,
        "hw": x509.OtherName,
    }
    assert [type(one) for one in value] == [kinds[kind] for kind, _ in given_names]
    for one, (kind, text) in zip(value, given_names, strict=True):
        if kind == "ip":
            assert one.value == ipaddress.ip_address(text)
        elif kind != "hw":
            assert one.value == text


def _request_with(data: bytes) -> bytes:
    from sentinel.ca.x509 import extensions, request
    from tests.ca.x509.test_keys import KEYS

    key = KEYS["ed25519"]
    wanted = der.sequence(extensions.extension(extensions.ALT_NAME, data))
    attributes = der.sequence(der.oid(request.EXTENSION_REQUEST), der.set_of(wanted))
    info = der.sequence(der.integer(0), names.encode((("CN", "x"),)), key.spki(), der.explicit(0, attributes))
    return der.sequence(info, key.signature_algorithm(), der.bits(key.sign(info)))


@pytest.mark.parametrize(
    "text",
    ["dns:", "dns:a b", "dns:-a.example", "dns:a..b", "dns:*", "dns:a.*.b", "dns:under_score", "dns:ä.example",
     "ip:10.0.0", "ip:10.0.0.256", "ip:10.0.0.0/8", "uri:plain", "uri:http://a b", "email:nobody", "hw:1.2", "hw:x:1", "rid:1.2.3", "plain"],
)  # fmt: skip
def test_other_alternative_names_are_refused(text: str) -> None:
    with pytest.raises(UserError) as refused:
        altnames.parse(text)
    assert text.partition(":")[0] in refused.value.message


def test_a_common_name_may_stand_for_a_host() -> None:
    assert altnames.host_or_address("10.0.0.1") == ("ip", "10.0.0.1")
    assert altnames.host_or_address("PLC.example") == ("dns", "plc.example")
    assert altnames.host_or_address("The PLC") is None
