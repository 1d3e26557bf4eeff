"""ACME by a client of others (`acme` of certbot), against a server of each kind."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import josepy
import pytest
import requests
import requests.adapters
from acme import challenges, client, crypto_util, errors, messages, standalone
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sentinel.ca.serve.acme import accounts, http01
from tests.ca.serve.made import Served, context


def made(served: Served, *names: str, name: str = "web", profile: str = "tls-server") -> accounts.Account:
    with served.authority.register.transaction() as change:
        return accounts.make(change, name=name, profile=profile, names=names, days=1, by="tests")


def fresh_key(kind: str = "p256") -> josepy.JWK:
    if kind == "rsa":
        return josepy.JWKRSA(key=rsa.generate_private_key(65537, 2048))
    return josepy.JWKEC(key=ec.generate_private_key(ec.SECP256R1()))


class Trusting(requests.adapters.HTTPAdapter):
    """TLS that trusts the server's certificate itself, as no client checks a chain in SM2."""

    def __init__(self, trusted: Path) -> None:
        self._trusted = trusted
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named, ssl_context=context(self._trusted))


def network(served: Served, kind: str = "p256") -> client.ClientV2:
    """A client with a key and no account."""
    key = fresh_key(kind)
    net = client.ClientNetwork(key, alg=josepy.RS256 if kind == "rsa" else josepy.ES256, timeout=30)
    net.session.trust_env = False
    net.session.mount("https://", Trusting(served.trusted))
    directory = client.ClientV2.get_directory(f"https://{served.https}/acme/directory", net)
    return client.ClientV2(directory, net)


def joined(served: Served, account: accounts.Account, kind: str = "p256") -> client.ClientV2:
    acme = network(served, kind)
    assert acme.external_account_required()
    binding = messages.ExternalAccountBinding.from_data(
        acme.net.key.public_key(), account.id, account.secret, acme.directory
    )
    wanted = messages.NewRegistration(contact=("mailto:ops@plant.example",), external_account_binding=binding)
    acme.new_account(wanted)
    return acme


def request(*names: str, addresses: tuple[Any, ...] = ()) -> tuple[bytes, bytes]:
    """Key and request in PEM."""
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return key, crypto_util.make_csr(key, names, ipaddrs=addresses or None)


def chain(order: messages.OrderResource) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(order.fullchain_pem.encode())


@pytest.fixture
def web(served: Served) -> Iterator[client.ClientV2]:
    yield joined(served, made(served, "dns:web.plant.example", "ip:10.1.2.3"))


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_names_of_the_account_need_no_challenge(served: Served, kind: str) -> None:
    acme = joined(served, made(served, "dns:a.plant.example", "dns:b.plant.example"), kind)
    _, csr = request("a.plant.example", "b.plant.example")
    order = acme.poll_and_finalize(acme.new_order(csr))
    leaf, *others = chain(order)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.plant.example", "b.plant.example"]
    assert [one.subject for one in others] == [leaf.issuer]
    row = served.authority.register.certificate(f"{leaf.serial_number:040x}")
    assert row is not None
    assert row.requester == f"acme:{acme.net.account.uri.rpartition('/')[2]}"
    window, _ = acme.renewal_time(order.fullchain_pem.encode())
    assert window is not None
    assert leaf.not_valid_before_utc < window < leaf.not_valid_after_utc
    acme.revoke(leaf, 4)
    row = served.authority.register.certificate(row.serial)
    assert row is not None
    assert (row.state, row.reason) == ("revoked", "superseded")
    with pytest.raises(messages.Error, match="alreadyRevoked"):
        acme.revoke(leaf, 4)
    late, _ = acme.renewal_time(order.fullchain_pem.encode())
    assert late is not None
    assert late < datetime.datetime.now(datetime.UTC)
