"""What is said of wrong settings: one line that names the receiver and the way out, and no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentinel.collector.forward import Forwarders, check
from sentinel.collector.forward.check import receivers
from sentinel.config.sections import ForwardSettings, Receiver
from sentinel.errors import UserError
from tests.forward.receivers import Certificates, Log


def settings(*receivers: dict[str, Any]) -> ForwardSettings:
    return ForwardSettings(to=tuple(Receiver(**one) for one in receivers))


@pytest.mark.parametrize(
    ("receiver", "said"),
    [
        ({"kind": "syslog", "url": "https://h/"}, "forward.to[1]: url: https is no way to a syslog receiver; write udp:// or tcp:// or tls://"),
        ({"kind": "webhook", "url": "h:80"}, "forward.to[1]: url: h is no way to a webhook receiver; write https:// or http://"),
        ({"kind": "stix", "url": "/folder"}, "forward.to[1]: url: without a scheme is no way to a stix receiver; write file://"),
        ({"kind": "webhook", "url": "http://soc.example/x"}, "forward.to[1]: url: http:// goes to this host only; write https://soc.example"),
        ({"kind": "webhook", "url": "https://u:hidden@soc.example/x"}, "forward.to[1]: url: holds a user or password; secrets stand in files (`secret`)"),
        ({"kind": "syslog", "url": "udp://h:0"}, "forward.to[1]: url: names no host, or port 0"),
        ({"kind": "syslog", "url": "udp://h:99999"}, "forward.to[1]: url: is no URL; syslog needs udp:// or tcp:// or tls://"),
        ({"kind": "cef", "url": "tcp://:601"}, "forward.to[1]: url: names no host, or port 0"),
        ({"kind": "cef", "url": "tcp://h/path"}, "forward.to[1]: url: tcp://host:port has no path"),
        ({"kind": "stix", "url": "file://folder"}, "forward.to[1]: url: file:// needs the absolute path of a folder: file:///folder"),
        ({"kind": "syslog", "url": "tcp://h", "ca": "/ca.pem"}, "forward.to[1] (syslog-h): ca: tcp:// has no TLS; write tls:// or https://"),
        ({"kind": "syslog", "url": "tls://h", "key": "/k.pem"}, "forward.to[1] (syslog-h): key: is the key of no certificate; name that in `certificate`"),
        ({"kind": "syslog", "url": "tls://h", "secret": "/s"}, "forward.to[1] (syslog-h): secret: only a webhook is signed with one"),
        ({"kind": "syslog", "url": "tls://h", "ca": "/nowhere/ca.pem"}, "receiver syslog-h: /nowhere/ca.pem: cannot be read: No such file or directory"),
        ({"kind": "webhook", "url": "https://h", "secret": "/nowhere/s"}, "receiver webhook-h: /nowhere/s: cannot be read: No such file or directory"),
        ({"kind": "stix", "url": "file:///dev/null/x"}, "receiver stix-x: /dev/null: is a file, bundles need a folder"),
    ],
)  # fmt: skip
def test_one_line(receiver: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refused:
        check(settings(receiver))
    assert refused.value.message == said
    assert "hidden" not in said


def test_names(tmp_path: Path) -> None:
    twice = {"kind": "syslog", "url": "udp://h"}
    with pytest.raises(UserError) as refused:
        check(settings(twice, twice))
    assert refused.value.message == (
        "forward.to[2]: a receiver is named syslog-h already; give one of them another `name`"
    )
    known = receivers(settings(twice, twice | {"name": "b"}, {"kind": "stix", "url": "file:///var/x"}))
    assert [one.name for one in known] == ["syslog-h", "b", "stix-x"]
    # names that differ have journals that differ
    pair = settings(twice | {"name": "a/b"}, twice | {"name": "a:b"})
    Forwarders(pair, tmp_path, Log()).stop(0)
    assert len(list((tmp_path / "forward").iterdir())) == 2


def test_files_of_certificates(tmp_path: Path, pems: Certificates) -> None:
    base = {"kind": "syslog", "url": "tls://h", "name": "x"}
    text = tmp_path / "text"
    text.write_text("no certificate")
    for more, said in (
        ({"ca": text}, f"receiver x: {text}: holds no certificate (PEM)"),
        ({"certificate": text}, f"receiver x: {text}: no certificate (PEM) that fits the key"),
        ({"certificate": pems.client, "key": pems.server}, f"receiver x: {pems.client}: no certificate (PEM) that fits the key {pems.server}"),
        ({"certificate": pems.client, "key": pems.locked}, f"receiver x: {pems.locked}: its key has a passphrase; give one without"),
        ({"certificate": pems.client, "key": "/nowhere"}, "receiver x: /nowhere: cannot be read: No such file or directory"),
    ):  # fmt: skip
        with pytest.raises(UserError) as refused:
            check(settings(base | more))
        assert refused.value.message == said
    assert check(settings(base | {"ca": pems.ca, "certificate": pems.client, "key": pems.key})) == []


def test_warnings(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden\n")
    secret.chmod(0o644)
    hook = {"kind": "webhook", "url": "https://h", "name": "x"}
    assert check(settings(hook)) == ["receiver x: deliveries are not signed; name a file in `secret`"]
    assert check(settings(hook | {"secret": secret})) == [
        f"receiver x: {secret}: every user may read it; chmod o-rwx {secret}",
        f"receiver x: {secret}: under 16 octets it is easy to guess",
    ]
    secret.chmod(0o600)
    secret.write_text("\n")
    with pytest.raises(UserError, match="holds no key: it is empty"):
        check(settings(hook | {"secret": secret}))


def test_nothing_is_open_where_a_part_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "forward").write_text("a file")
    with pytest.raises(UserError, match="cannot be written"):
        Forwarders(settings({"kind": "syslog", "url": "udp://h"}), tmp_path, Log())
