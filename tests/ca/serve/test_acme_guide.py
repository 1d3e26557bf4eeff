"""docs/guides/ca-serve.md: its commands for ACME are run as they stand there, by certbot."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from cryptography import x509

from tests.ca.test_guide import run
from tests.conftest import ROOT

GUIDE = ROOT / "docs" / "guides" / "ca-serve.md"
BEFORE = [
    """umask 077
export SENTINEL_CA__DIR=plant-ca
echo 'a passphrase' > words
sentinel ca init --name Plant --algorithm p256 --passphrase-file words
""",
    """sentinel ca serve --listen 127.0.0.1:8443 --ready-file ready.json --passphrase-file words &
until [ -e ready.json ]; do kill -0 $! && sleep 0.2 || break; done
""",
]
AFTER = [
    "sentinel ca list --profile tls-server --format json\n",
    "sentinel ca acme\n",
    "kill $! && wait $!\n",
]


def test_certbot_gets_a_certificate(tmp_path: Path) -> None:
    if shutil.which("certbot") is None:
        pytest.skip("certbot is not installed")
    section = GUIDE.read_text(encoding="utf-8").partition("## ACME")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 2
    said = run(tmp_path, [*BEFORE, *blocks, *AFTER])
    live = tmp_path / "certbot" / "live" / "web.plant.example"
    leaf, *above = x509.load_pem_x509_certificates((live / "fullchain.pem").read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["web.plant.example"]
    assert [one.subject for one in above] == [leaf.issuer]
    assert f"{leaf.serial_number:040x}" in said[4]
    assert "valid" in said[5]
    secret = (tmp_path / "web.account").read_text().split()[1]
    assert (tmp_path / "certbot.ini").stat().st_mode & 0o077 == 0
    assert not any(secret in text for text in said)
