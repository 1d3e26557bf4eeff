"""`sentinel v2x misbehaviour report|list|show|decide` from signed messages to the list of revocations."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.ca import approvals, files
from sentinel.ca.approvals import PendingError
from sentinel.ca.keys import PublicKey, generate
from sentinel.ca.keys.files import write_key
from sentinel.ca.keys.passphrases import Passphrases
from sentinel.ca.v2x import secured
from sentinel.ca.v2x.domain import Domain
from sentinel.ca.v2x.role import KEYS, Role
from sentinel.ca.v2x.station import Station
from sentinel.errors import UserError
from sentinel.v2x import payloads
from sentinel.v2x.geo import Plane
from sentinel.v2x.misbehaviour import evidence, filing, office
from sentinel.v2x.misbehaviour.evidence import Court
from sentinel.v2x.misbehaviour.report import Pdu, Report
from sentinel.v2x.misbehaviour.report import row as report_row
from sentinel.v2x.site import Site
from tests.v2x.test_verify import World, run

PLANE = Plane(31.23, 121.47)
JUMP = 60.0
"""m that the liar's place jumps from message to message."""


class Trial(World):
    """A domain with a liar and an honest vehicle, both with pseudonyms."""

    def __init__(self, folder: Path, profile: str, *more: object) -> None:
        super().__init__(folder, profile, *more)
        self.key = folder / "operator.pem"
        write_key(self.key, generate("p256"), None)

    def domain(self) -> Domain:
        return Domain(self.dir, Passphrases.from_file(self.secret, KEYS))

    def vehicle(self, name: str) -> Path:
        out = self.folder / name
        self.do("enrol", "--dir", self.dir, "--vehicle", name, "--out", out)
        asked = ["--weeks", "1", "--per-week", "2", "--aid", "111"]
        self.do("issue", "--dir", self.dir, "--station", out, "--type", "pseudonym", *asked)
        return out

    def drive(self, station: Path, name: str, jump: float) -> list[Path]:
        """Twenty messages in two seconds, signed: north at 10 m/s, aside by `jump` every other time."""
        begun = datetime.now(UTC)
        out = []
        for n in range(20):
            at = begun + timedelta(seconds=n / 10)
            latitude, longitude = PLANE.degrees(n % 2 * jump, float(n))
            self.payload.write_bytes(
                payloads.bsm(
                    station="00000000" + name.encode().hex()[:8].zfill(8),
                    counter=n,
                    generated=at.timestamp(),
                    latitude=latitude,
                    longitude=longitude,
                    speed=10.0,
                    heading=0.0,
                    acceleration=0.0,
                    accuracy=1.0,
                )
            )
            time = ["--generation-time", at.isoformat(), "--with-cert"]
            out.append(self.sign(station, 111, f"{name}-{n:02}.oer", *time))
        return out

    def case(self, command: str, *arguments: object) -> Any:
        done = self.do("misbehaviour", command, *arguments, "--dir", self.dir, "--format", "json")
        return json.loads(done.stdout)

    def report(self, name: str, messages: list[Path], *more: object) -> Any:
        return self.case("report", *messages, "--out", self.folder / name, *more)


def speed_limit() -> bytes:
    """An RSI that nobody may send without a permission for it."""
    return payloads.rsi_speed_limit(
        station="00" * 8,
        counter=1,
        generated=datetime.now(UTC).timestamp(),
        latitude=31.23,
        longitude=121.47,
        limit=2.0,
    )


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial(tmp_path_factory.mktemp("trial"), "ydt3957")


@pytest.fixture(scope="module")
def witness(trial: Trial) -> Path:
    return trial.vehicle("witness")


def test_a_liar_is_reported_decided_and_revoked(trial: Trial, witness: Path) -> None:
    liar = trial.vehicle("liar")
    messages = trial.drive(liar, "liar", JUMP)
    told = trial.report("r1.oer", messages, "--station", witness)
    assert "position-consistency" in told["reasons"]
    assert told["classes"]["position"] == [4]
    assert "security" not in told["classes"]
    assert told["messages"] == len(messages)
    assert told["posted"]
    # encrypted: what was said of whom is not to be read on the way
    sealed = (trial.folder / "r1.oer").read_bytes()
    assert told["id"].encode() not in sealed
    assert bytes.fromhex(told["id"]) not in sealed

    [case] = trial.case("list")
    assert (case["id"], case["state"], case["belief"], case["reporters"]) == (told["id"], "open", 0.5, 1)
    assert "position-consistency" in case["reasons"]
    # a roadside unit of the domain's own has seen it too
    trial.report("r2.oer", messages)
    shown = trial.case("show", told["id"])
    assert (shown["state"], shown["proposal"], shown["reporters"]) == ("proposed", "revoke", 2)
    assert sorted(one["roadside"] for one in shown["evidence"]) == [False, True]
    assert all(one["reporter"].endswith("************") for one in shown["evidence"])
    assert "31.23" not in json.dumps(shown)

    crl = trial.folder / "before.oer"
    trial.do("crl", "--dir", trial.dir, "--out", crl)
    assert trial.verdict(messages[0], "--crl", crl)[1:] == ("accept", "ok")
    decided = trial.case("decide", told["id"], "--revoke", "--operator", "anna", "--key", trial.key)
    assert (decided["state"], decided["decision"], decided["operator"], decided["kind"]) == (
        "decided",
        "revoke",
        "anna",
        "pseudonym",
    )
    crl = trial.folder / "after.oer"
    trial.do("crl", "--dir", trial.dir, "--out", crl)
    assert trial.verdict(messages[0], "--crl", crl) == (3, "reject", "revoked")
    with pytest.raises(UserError, match="is on the deny list"):
        trial.do("issue", "--dir", trial.dir, "--station", liar, "--type", "pseudonym", "--weeks", "2")
    with pytest.raises(UserError, match="decided already"):
        trial.case("decide", told["id"], "--dismiss", "--operator", "anna", "--key", trial.key)


def test_who_tells_the_truth_is_not_reported(trial: Trial, witness: Path, tmp_path: Path) -> None:
    honest = trial.drive(trial.vehicle("honest"), "honest", 0.0)
    with pytest.raises(UserError, match="nothing to report"):
        trial.report("none.oer", honest)
    # nor by a witness who says that he stands where no honest vehicle could be heard
    site = tmp_path / "site.json"
    far = {"latitude": 31.23, "longitude": 121.47, "x": 5e4, "y": 0.0, "range": 10.0, "lanes": []}
    site.write_text(json.dumps(far))
    told = trial.report("framed.oer", honest, "--station", witness, "--site", site)
    assert told["reasons"] == ["range"]
    case = trial.case("show", told["id"])
    assert (case["state"], case["belief"], case["reasons"], case["reports"]) == ("open", 0.0, [], 1)
    done = trial.case("decide", told["id"], "--dismiss", "--operator", "bert", "--key", trial.key)
    assert (done["decision"], done["kind"]) == ("dismiss", None)
    assert trial.verdict(honest[0])[1:] == ("accept", "ok")


def test_a_message_that_its_certificate_does_not_permit_is_evidence(trial: Trial, witness: Path) -> None:
    rsu = trial.station("rsu", "3620")
    trial.payload.write_bytes(speed_limit())
    message = trial.sign(rsu, 3620, "rsi.oer", "--with-cert")
    assert trial.verdict(message)[2] == "ssp-insufficient"
    told = trial.report("r3.oer", [message], "--station", witness)
    assert (told["reasons"], told["classes"]) == (["ssp-insufficient"], {"security": [4]})
    assert trial.case("show", told["id"])["reasons"] == ["ssp-insufficient"]
    decided = trial.case("decide", told["id"], "--revoke", "--operator", "anna", "--key", trial.key)
    assert decided["kind"] == "application"
    crl = trial.folder / "rsi-crl.oer"
    trial.do("crl", "--dir", trial.dir, "--out", crl)
    assert trial.verdict(message, "--crl", crl)[2] == "revoked"


def test_what_is_wrong_is_said_in_a_line(trial: Trial, witness: Path) -> None:
    with pytest.raises(UserError, match="no case of this certificate"):
        trial.case("show", "00" * 8)
    message = trial.sign(witness, 111, "changed.oer", "--with-cert")
    changed = bytearray(message.read_bytes())
    changed[-1] ^= 1
    broken = trial.folder / "broken.oer"
    broken.write_bytes(changed)
    with pytest.raises(UserError, match="is no evidence"):
        trial.report("r4.oer", [broken], "--station", witness)
    (trial.folder / "other").mkdir()
    other = World(trial.folder / "other", trial.profile)
    foreign = other.sign(other.station("rogue", "111"), 111, "foreign.oer", "--with-cert")
    with pytest.raises(UserError, match="no authority of this domain"):
        trial.report("r5.oer", [foreign], "--station", witness)
    # what comes from outside and is no report is dropped, and said
    inbox = trial.dir / "ma" / "inbox"
    inbox.mkdir(exist_ok=True)
    (inbox / "noise.oer").write_bytes(b"\x03\x80\x00")
    done = run("misbehaviour", "list", "--dir", trial.dir, "--passphrase-file", trial.secret)
    assert done.exit_code == 0
    assert "report noise" in done.stderr
    assert not [*inbox.iterdir()]
    assert all(case["id"] in done.stdout for case in trial.case("list"))


def test_a_decision_needs_its_operator_and_the_approvals(tmp_path: Path) -> None:
    keys = {name: generate("p256") for name in ("ada", "bo")}
    named: list[object] = ["--approvals", "1"]
    for name, key in keys.items():
        write_key(tmp_path / f"{name}.pem", key, None)
        (tmp_path / f"{name}.pub").write_bytes(files.pem("PUBLIC KEY", key.spki()))
        named += ["--operator", f"{name}={tmp_path / f'{name}.pub'}"]
    trial = Trial(tmp_path, "1609.2", *named)
    rsu = trial.station("rsu", "3620")
    trial.payload.write_bytes(speed_limit())
    message = trial.sign(rsu, 3620, "rsi.oer", "--with-cert")
    # the domain's own reporter
    told = trial.report("report.oer", [message])
    assert trial.case("show", told["id"])["state"] == "proposed"

    def decide(name: str, key: str, what: str = "--revoke") -> Any:
        return run(
            *("misbehaviour", "decide", told["id"], what, "--operator", name, "--dir", trial.dir),
            *("--key", tmp_path / f"{key}.pem", "--passphrase-file", trial.secret),
        )

    with pytest.raises(UserError, match="the key is not his"):
        decide("ada", "bo")
    with pytest.raises(UserError, match="knows none of this name"):
        decide("eve", "ada")
    with pytest.raises(PendingError) as waits:
        decide("ada", "ada")
    assert waits.value.exit_code == 4
    assert trial.case("show", told["id"])["state"] == "proposed"
    with Role.open(trial.dir / "ma", Passphrases.from_file(trial.secret, KEYS)) as ma:
        approvals.approve(ma.register, waits.value.request, "bo", keys["bo"])
    assert decide("ada", "ada").exit_code == 0
    assert trial.case("show", told["id"])["decision"] == "revoke"
    crl = tmp_path / "crl.oer"
    trial.do("crl", "--dir", trial.dir, "--out", crl)
    assert trial.verdict(message, "--crl", crl)[2] == "revoked"
    # what he signed is in the audit
    with Role.open(trial.dir / "ma", readonly=True) as ma:
        origin = ma.register.origin
        rows = ma.register.query("SELECT CAST(entry AS BLOB) FROM audit ORDER BY number")
    entries = [json.loads(octets) for (octets,) in rows]
    [entry] = [one for one in entries if one["action"] == "v2x-decide"]
    details = entry["details"]
    said = office.statement(origin, told["id"], "revoke", "ada", [told["report"]])
    public = PublicKey(keys["ada"].spki())
    assert (details["key"], details["reports"]) == (public.sha256(), [told["report"]])
    algorithm, signature = bytes.fromhex(details["algorithm"]), bytes.fromhex(details["signature"])
    assert public.verify(algorithm, said, signature)
    assert not public.verify(algorithm, said.replace(b"revoke", b"dismiss"), signature)


def test_the_authority_believes_no_sender(trial: Trial, witness: Path) -> None:
    messages = trial.drive(trial.vehicle("victim"), "victim", 0.0)
    with trial.domain() as domain:
        court = Court(trial.dir / "public", domain.suite)
        heard = court.look(evidence.heard(messages, None, domain.suite))
        station = Station.open(witness)
        by = office.reporter(station)
        target = heard[0].signer.id8
        now = datetime.now(UTC).timestamp()
        assert heard[0].said is not None
        site = Site(filing.bare(heard))
        pdus = [Pdu(octets=o.pdu.octets, certificate=o.pdu.certificate, received=o.received) for o in heard]
        true = Report(
            id="",
            at=now,
            reporter=by.certificate.id8,
            roadside=True,
            target=target,
            station="",
            reasons=["position-consistency", "range"],
            site=site.layout,
            evidence=[],
            pdus=pdus,
        )
        change = msgspec.structs.replace
        bent = bytearray(pdus[0].octets)
        bent[-1] ^= 1
        hostile = {
            "names another reporter": change(true, reporter="00" * 8),
            "without messages": change(true, pdus=[], evidence=[report_row(heard[0].said)]),
            "is no evidence": change(true, pdus=[change(pdus[0], octets=bytes(bent))]),
            "is signed by": change(true, pdus=[change(pdus[0], certificate=by.certificate.octets)]),
            "received after the report": change(true, pdus=[change(pdus[0], received=now + 3600)]),
            "too long ago": change(true, at=now - 30 * 86_400),
        }
        role, time = domain.role("ma"), station.now() * 1_000_000

        def examine(report: Report) -> tuple[Report, list[str]]:
            named = change(report, id=report.digest())
            octets = filing.sealed(named, by, domain.public("ma"), domain.suite, time)
            return filing.examined(octets, role, court, now, "it")

        for says, report in hostile.items():
            with pytest.raises(UserError, match=says):
                examine(report)
        with pytest.raises(UserError, match="another number"):
            filing.examined(
                filing.sealed(change(true, id="1" * 32), by, domain.public("ma"), domain.suite, time),
                *(role, court, now, "it"),
            )
        taken, reasons = examine(true)
        # he says that he is a roadside unit, and what he claims is not to be seen
        assert (taken.roadside, reasons) == (False, [])

        @given(st.binary(max_size=300))
        @settings(max_examples=60, deadline=None)
        def noise(octets: bytes) -> None:
            sealed = secured.seal(octets, domain.public("ma"), domain.suite)
            for each in (octets, sealed):
                with pytest.raises(UserError):
                    filing.examined(each, role, court, now, "it")

        noise()
