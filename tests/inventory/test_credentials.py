"""What is weak about credentials, and that nothing of them shows."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import UserError
from sentinel.inventory import masking
from sentinel.inventory.credentials import Assessment, Assessor, Seen, assess
from sentinel.model.words import CREDENTIAL_KINDS, WEAKNESSES

KEY = bytes(range(32))


def judge(protocol: str, username: str | None, secret: str | None, **more: Any) -> Assessment:
    seen = Seen(protocol, more.pop("kind", "password"), username, secret, more.pop("cleartext", True), **more)
    return Assessor(key=KEY).judge(seen)


class TestWeaknesses:
    @pytest.mark.parametrize(
        ("protocol", "username", "secret", "kind", "weaknesses"),
        [
            ("http", "jane", "Vq7#mLw0_xTz", "password", ["cleartext"]),
            ("ads", "Administrator", "1", "password", ["cleartext", "default", "common", "short"]),
            ("s7comm", None, "toor", "password", ["cleartext", "common", "short"]),
            ("http", "admin", "12345", "password", ["cleartext", "default", "common", "short"]),
            ("telnet", "root", "xc3511", "password", ["cleartext", "default", "short"]),
            ("ftp", "sysdiag", "factorycast@schneider", "password", ["cleartext", "default"]),
            ("http", "operator", "rotarepo", "password", ["cleartext", "same-as-user"]),
            ("http", "Turbine7", "turbine7", "password", ["cleartext", "same-as-user"]),
            ("snmp", None, "public", "community", ["cleartext", "default", "common", "short"]),
            ("snmp", None, "K3rnel-Ro4d", "community", ["cleartext"]),
            ("dlt645", None, "000000", "pin", ["cleartext", "default", "common"]),
            ("dlt645", None, "4711", "pin", ["cleartext", "short"]),
            ("http", "u", "eyJhbGciOi", "token", ["cleartext"]),
            ("ftp", "anonymous", "ftp@example.com", "password", []),
            ("ftp", "anonymous", "", "password", []),
            ("smtp", "bob", "", "password", ["short"]),
        ],
    )
    def test_found(
        self, protocol: str, username: str | None, secret: str, kind: str, weaknesses: list[str]
    ) -> None:
        assert judge(protocol, username, secret, kind=kind).weaknesses == weaknesses

    def test_default_needs_the_right_name_and_protocol(self) -> None:
        assert judge("http", "admin", "wago").default_of == ["WAGO"]
        assert judge("http", "jane", "wago").default_of == []
        assert judge("smtp", "admin", "wago").default_of == []

    def test_every_maker_is_no_vendor(self) -> None:
        found = judge("snmp", None, "write", kind="community")
        assert "default" in found.weaknesses
        assert found.default_of == []

    def test_encrypted_is_not_cleartext(self) -> None:
        assert judge("smb", "jane", "Vq7#mLw0_xTz", cleartext=False).weaknesses == []

    def test_hashes_are_not_judged_by_their_text(self) -> None:
        line = "bob::DOM:1122334455667788:" + "ab" * 16 + ":0101"
        found = judge("ntlm", "bob", line, kind="hash", cleartext=False, hashcat_mode=5600, hashcat_line=line)
        assert found.weaknesses == []

    def test_a_name_without_a_secret(self) -> None:
        found = judge("mqtt", "dev7", None, kind="user")
        assert found == Assessment(weaknesses=[], default_of=[])


class TestOwnList:
    def test_words_and_pairs(self, tmp_path: Path) -> None:
        path = tmp_path / "list.txt"
        path.write_text("Vq7#mLw0_xTz\njane:Str0ng:Enough\n\n")
        asked = [
            Seen("http", "password", "x", "Vq7#mLw0_xTz"),
            Seen("http", "password", "jane", "Str0ng:Enough"),
            Seen("http", "password", "bob", "Str0ng:Enough"),
        ]
        said = json.loads(Assessor(passwords=path).assess(msgspec.json.encode(asked)))
        assert ["common" in each["weaknesses"] for each in said] == [True, True, False]

    def test_missing_file_is_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="password list cannot be read") as error:
            Assessor(passwords=tmp_path / "none.txt")
        assert "\n" not in error.value.message


class TestIds:
    def test_equal_secrets_compare_equal(self) -> None:
        first = judge("http", "a", "Vq7#mLw0_xTz").secret_id
        assert first == judge("ftp", "b", "Vq7#mLw0_xTz").secret_id
        assert first is not None
        assert len(first) == 32
        assert first != judge("http", "a", "Vq7#mLw0_xTy").secret_id

    def test_another_key_gives_another_id(self) -> None:
        seen = Seen("http", "password", "a", "Vq7#mLw0_xTz")
        assert Assessor(key=b"1" * 32).judge(seen).secret_id != Assessor(key=b"2" * 32).judge(seen).secret_id

    def test_without_a_key_there_is_none(self) -> None:
        assert Assessor().judge(Seen("http", "password", "a", "b")).secret_id is None


class TestMasks:
    @pytest.mark.parametrize(
        ("secret", "masked"),
        [("admin123", "a•••••"), ("toor", "t•••••"), ("abc", "•••••"), ("1", "•••••"), ("", "•••••"),
         ("aaaaaaaa", "•••••"), ("\x00\x01\x02\x03\x04", "•••••"), (" lead", "•••••")],
    )  # fmt: skip
    def test_secret(self, secret: str, masked: str) -> None:
        assert masking.secret(secret) == masked

    @pytest.mark.parametrize(
        ("line", "user", "masked"),
        [
            ("bob::DOM:1122334455667788:" + "ab" * 16 + ":0101" + "cd" * 20, "bob",
             "bob::DOM:•••••:•••••:•••••"),
            ("$sip$*a*b*bob*realm*REGISTER*sip*10.0.0.1**" + "ab" * 9 + "*1*2*auth*MD5*" + "cd" * 16, "bob",
             "$sip$*a*b*bob*realm*REGISTER*sip*10.0.0.1**•••••*1*2*auth*MD5*•••••"),
            ("$SNMPv3$0$42$" + "30" * 40 + "$" + "80" * 12 + "$" + "ef" * 12, None,
             "$SNMPv3$0$42$•••••$•••••$•••••"),
            ("$krb5tgs$23$*svc$REALM$host/web*$" + "ab" * 16 + "$" + "cd" * 60, None,
             "$krb5tgs$23$*svc$REALM$host/web*$•••••$•••••"),
            ("secret", "secret", "•••••"),
        ],
    )  # fmt: skip
    def test_hash_line(self, line: str, user: str | None, masked: str) -> None:
        assert masking.hash_line(line, user) == masked

    @given(st.text(min_size=4, max_size=40), st.sampled_from(CREDENTIAL_KINDS))
    def test_no_more_than_the_first_character_shows(self, secret: str, kind: str) -> None:
        masked = Assessor(key=KEY).judge(Seen("http", kind, None, secret)).masked
        assert masked is not None
        assert secret not in masked
        if kind != "hash":
            assert masked in (masking.DOTS, secret[0] + masking.DOTS)

    def test_revealed_on_request(self) -> None:
        line = "bob::D:" + "11" * 8 + ":" + "ab" * 16 + ":0101"
        seen = Seen("ntlm", "hash", "bob", line, hashcat_mode=5600, hashcat_line=line)
        shown = Assessor(reveal=True).judge(seen)
        assert (shown.masked, shown.line) == (line, line)


class TestBorder:
    def test_same_order_and_length(self) -> None:
        items: list[dict[str, Any]] = [
            {"protocol": "ftp", "kind": "password", "username": "a", "secret": "b", "cleartext": True},
            {"protocol": "mqtt", "kind": "user", "username": "c", "cleartext": False, "outcome": "success"},
        ]
        first, second = json.loads(assess(json.dumps(items).encode()))
        assert first["masked"] == masking.DOTS
        assert second["masked"] is None
        assert set(first) == {
            "masked", "line", "secret_id", "weaknesses", "default_of", "found", "password",
        }  # fmt: skip

    @given(
        st.lists(
            st.fixed_dictionaries({
                "protocol": st.sampled_from(["http", "snmp", "ads", "ntlm", "odd"]),
                "kind": st.sampled_from(CREDENTIAL_KINDS),
                "username": st.none() | st.text(max_size=20),
                "secret": st.none() | st.text(max_size=80) | st.sampled_from(["admin", "public", "$a$*b:c"]),
                "cleartext": st.booleans(),
                "outcome": st.sampled_from(["success", "failure", "unknown"]),
                "hashcat_line": st.none() | st.text(max_size=80),
            }),
            max_size=8,
        )
    )  # fmt: skip
    def test_any_credential_is_answered(self, items: list[dict[str, Any]]) -> None:
        answers = json.loads(assess(json.dumps(items).encode(), key=KEY))
        assert len(answers) == len(items)
        for answer in answers:
            assert set(answer["weaknesses"]) <= set(WEAKNESSES)
            assert len(set(answer["weaknesses"])) == len(answer["weaknesses"])
