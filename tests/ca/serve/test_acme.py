"""ACME by a client of others (`acme` of certbot), against a server of each kind."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import requests.adapters
from acme import client, crypto_util, errors, jws, messages, standalone
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from josepy.errors import DeserializationError
from josepy.jwa import ES256, RS256
from josepy.jwk import JWK, JWKEC, JWKRSA

from sentinel.ca.serve.acme import accounts, http01, nonces
from sentinel.errors import UserError
from tests.ca.serve.made import Served, context


def made(served: Served, *names: str, name: str = "web", profile: str = "tls-server") -> accounts.Account:
    with served.authority.register.transaction() as change:
        return accounts.make(change, name=name, profile=profile, names=names, days=1, by="tests")


def fresh_key(kind: str = "p256") -> JWK:
    if kind == "rsa":
        return JWKRSA(key=rsa.generate_private_key(65537, 2048))
    return JWKEC(key=ec.generate_private_key(ec.SECP256R1()))


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
    net = client.ClientNetwork(key, alg=RS256 if kind == "rsa" else ES256, timeout=30)
    net.session.trust_env = False
    net.session.mount("https://", Trusting(served.trusted))
    directory = client.ClientV2.get_directory(f"https://{served.https}/acme/directory", net)
    return client.ClientV2(directory, net)


def joined(served: Served, account: accounts.Account, kind: str = "p256") -> client.ClientV2:
    acme = network(served, kind)
    assert acme.net.key is not None
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
    return key, crypto_util.make_csr(key, list(names), ipaddrs=list(addresses) or None)


def chain(order: messages.OrderResource) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(order.fullchain_pem.encode())


@pytest.fixture
def web(served: Served) -> client.ClientV2:
    return joined(served, made(served, "dns:web.plant.example", "ip:10.1.2.3"))


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
    assert row.requester == f"acme:{acme.net.account.uri.rpartition('/')[2]}"  # type: ignore[union-attr]
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


def test_joining_takes_the_operators_secret_once(served: Served) -> None:
    account = made(served, "dns:x.plant.example")
    acme = network(served)
    assert acme.net.key is not None
    with pytest.raises(messages.Error, match="externalAccountRequired"):
        acme.new_account(messages.NewRegistration())
    for id, secret in ((account.id, account.secret[::-1]), ("0" * 16, account.secret)):
        binding = messages.ExternalAccountBinding.from_data(
            acme.net.key.public_key(), id, secret.replace("=", ""), acme.directory
        )
        with pytest.raises((messages.Error, DeserializationError)):
            acme.new_account(messages.NewRegistration(external_account_binding=binding))
    joined(served, account)
    with pytest.raises(messages.Error, match="unauthorized"):
        joined(served, account)
    kept = accounts.find(served.authority.register, account.id)
    assert kept is not None
    assert (kept.status, kept.secret) == ("valid", "")


def test_an_account_changes_and_ends(served: Served, web: client.ClientV2) -> None:
    known: Any = web.net.account
    assert web.query_registration(known).uri == known.uri
    changed = web.update_registration(
        known, messages.Registration.from_json({"contact": ["mailto:a@plant.example"]})
    )
    assert changed.body.contact == ("mailto:a@plant.example",)
    old: Any = web.net.key
    new = fresh_key()
    inner = {"account": known.uri, "oldKey": old.public_key().to_json()}
    url = web.directory["keyChange"]
    signed = signed_by(new, inner, url)
    web._post(url, signed)
    with pytest.raises(messages.Error, match="accountDoesNotExist"):
        web.query_registration(known)
    web.net.key = new
    assert web.query_registration(known).uri == known.uri
    assert web.deactivate_registration(known).body.status == "deactivated"
    with pytest.raises(messages.Error, match="unauthorized"):
        web.new_order(request("web.plant.example")[1])


def signed_by(key: JWK, payload: dict[str, Any], url: str) -> jws.JWS:
    """What a change of keys holds: signed by the new key, without a nonce."""
    made: jws.JWS = jws.JWS.sign(json.dumps(payload).encode(), key=key, alg=ES256, nonce=None, url=url)
    return made


def test_names_that_are_not_the_accounts(served: Served, web: client.ClientV2) -> None:
    with pytest.raises(messages.Error, match="rejectedIdentifier"):
        web.new_order(request("other.plant.example")[1])
    order = web.new_order(request("web.plant.example")[1])
    for names in (("other.plant.example",), ("web.plant.example", "other.plant.example")):
        with pytest.raises(messages.Error, match="badCSR"):
            web.begin_finalization(order.update(csr_pem=request(*names)[1]))
    done = web.poll_and_finalize(order)
    with pytest.raises(messages.Error, match="orderNotReady"):
        web.begin_finalization(order)
    other = joined(served, made(served, "dns:web.plant.example"))
    for url in (order.uri, done.body.certificate, order.body.authorizations[0]):
        with pytest.raises(messages.Error, match="no such"):
            other._post_as_get(url)
    with pytest.raises(messages.Error, match="not of this account"):
        other.revoke(chain(done)[0], 0)


def test_the_key_of_a_certificate_revokes_it_and_renewal_keeps_one(
    served: Served, web: client.ClientV2
) -> None:
    secret, csr = request("web.plant.example")
    first = chain(web.poll_and_finalize(web.new_order(csr)))[0]
    again = chain(web.poll_and_finalize(web.new_order(csr)))[0]
    assert first.serial_number != again.serial_number
    assert first.public_key() == again.public_key()
    holder = network(served)
    holder.net.key = JWKEC(key=load_pem_private_key(secret, None))
    holder.revoke(again, 1)
    row = served.authority.register.certificate(f"{again.serial_number:040x}")
    assert row is not None
    assert row.reason == "keyCompromise"
    with pytest.raises(messages.Error, match="another key"):
        network(served).revoke(first, 1)


def test_an_address_and_an_account_that_was_removed(served: Served) -> None:
    account = made(served, "ip:10.1.2.3")
    acme = joined(served, account)
    _, csr = request(addresses=(ipaddress.ip_address("10.1.2.3"),))
    leaf = chain(acme.poll_and_finalize(acme.new_order(csr)))[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("10.1.2.3")]
    with served.authority.register.transaction() as change:
        accounts.remove(change, account.id, who="tests")
    with pytest.raises(messages.Error, match="accountDoesNotExist"):
        acme.new_order(csr)


@pytest.fixture
def device(served: Served) -> Iterator[set[Any]]:
    """What a device's HTTP server shows, where http-01 finds it for the time of the test."""
    resources: set[Any] = set()
    server = standalone.HTTP01Server(("127.0.0.1", 0), resources)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    tried = served.http01()
    before = tried.networks, tried.port
    tried.open(http01.networks(["127.0.0.0/8", "::1/128"]), server.server_address[1])
    yield resources
    tried.stop()
    tried.open(*before)
    server.shutdown()
    thread.join()
    server.server_close()


def test_http01_within_the_listed_networks(served: Served, device: set[Any]) -> None:
    acme = joined(served, made(served))
    with pytest.raises(messages.Error, match="rejectedIdentifier"):
        acme.new_order(request(addresses=(ipaddress.ip_address("10.9.9.9"),))[1])
    own = (ipaddress.ip_address("127.0.0.1"),)
    order = acme.new_order(request(addresses=own)[1])
    [found] = order.authorizations
    [shown] = found.body.challenges
    response, validation = shown.response_and_validation(acme.net.key)
    resource = standalone.HTTP01RequestHandler.HTTP01Resource(
        chall=shown.chall, response=response, validation=validation
    )
    device.add(resource)
    acme.answer_challenge(shown, response)
    leaf = chain(acme.poll_and_finalize(order))[0]
    assert leaf.subject.rfc4514_string() == "CN=127.0.0.1"

    order = acme.new_order(request(addresses=own)[1])
    [shown] = order.authorizations[0].body.challenges
    acme.answer_challenge(shown, shown.response(acme.net.key))
    with pytest.raises(errors.ValidationError) as refused:
        acme.poll_authorizations(order, datetime.datetime.now() + datetime.timedelta(seconds=30))  # noqa: DTZ005  as the client compares
    [failed] = refused.value.failed_authzrs
    fault: Any = failed.body.challenges[0].error
    assert fault.code == "connection"
    assert "something else than HTTP" in fault.detail  # that server closes without a word


def test_every_address_of_a_name_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the resolver says is held against the networks, and nothing else is connected to."""
    trial = http01.Http01(http01.networks(["127.0.0.0/8"]))
    told: list[Any] = []
    found = ["127.0.0.9", "10.0.0.1"]

    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        assert host == "web.plant.example."
        return [(0, 0, 0, "", (one, 80)) for one in found]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    trial.start("a", "web.plant.example", "t", "x", told.append)
    trial.stop()
    [fault] = told
    assert fault is not None
    assert (fault.kind, "10.0.0.1 is in no listed network" in fault.message) == ("rejectedIdentifier", True)
    with pytest.raises(UserError, match=r"10\.1\.0\.1/16"):
        http01.networks(["10.1.0.1/16"])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n", "status 302"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000, "more than 4,096 octets"),
        (b"220 ftp\r\n", "something else than HTTP"),
        (None, "timed out"),
    ],
)
def test_what_a_device_may_answer_is_bounded(
    answer: bytes | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http01, "SECONDS", 0.2 if answer is None else 20.0)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def work() -> None:
            with listening.accept()[0] as one:
                one.recv(4096)
                if answer is not None:
                    one.sendall(answer)
                    one.shutdown(socket.SHUT_WR)
                one.recv(1)

        thread = threading.Thread(target=work)
        thread.start()
        with pytest.raises(OSError, match=reason):
            http01.fetch("127.0.0.1", listening.getsockname()[1], "127.0.0.1", "/x")
        thread.join()


def test_nonces_are_good_once_and_few_are_kept() -> None:
    known = nonces.Nonces(most=3)
    first, *others = (known.new() for _ in range(6))
    assert known.use(others[0])
    assert not known.use(others[0])
    assert not known.use(others[1][:-1] + ("A" if others[1][-1] != "A" else "B"))
    assert not nonces.Nonces().use(first)
    assert all(known.use(one) for one in others[1:])
    assert not known.use(first), "older than those kept"
    assert not any(known.use(one) for one in others)
