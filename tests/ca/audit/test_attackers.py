"""Five attackers on the audit. The first three are found from the files, the last two against a head that
was kept elsewhere, and only so."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from sentinel.ca.audit import heads, log, tree, verify
from sentinel.ca.keys import generate
from sentinel.ca.register import Register
from tests.ca.register.made import certificate, encoded, entry, put

TRIALS = int(os.environ.get("SENTINEL_CASES", "40"))
ENTRIES = 300
"""More than a block, so that an attacker has stored hashes to put right as well."""

HEAD_KEY = generate("ed25519")


class Attacked:
    """A register that ran for a while, as it is, and as it was at some moments before."""

    def __init__(self, folder: Path) -> None:
        with Register.create(folder / "register.db") as register:
            register.signer = HEAD_KEY
            random = Random(1)
            done = 0
            kept: list[heads.Head] = []
            register.published = kept.append
            self.earlier: list[tuple[int, bytes]] = []
            """Entries of the audit, and the file with them, from the first certificate to all but the last."""
            while done < ENTRIES:
                count = min(random.randrange(1, 40), ENTRIES - done)
                register.commit_many(
                    [(certificate(n), encoded(n), entry(n)) for n in range(done, done + count)]
                )
                done += count
                if done < ENTRIES:
                    self.earlier.append((done, self._image(register.path)))
        self.now = self._image(register.path)
        self.kept = kept[-1]
        self.heads = kept
        """All that were published, by size."""

    @staticmethod
    def _image(path: Path) -> bytes:
        """The whole file in bytes, with what its log holds."""
        with closing(sqlite3.connect(path)) as db, closing(sqlite3.connect(":memory:")) as copy:
            db.backup(copy)
            image = bytearray(copy.serialize())
        image[18] = image[19] = 1  # no log beside it: SQLite's file format, 1.3.3
        return bytes(image)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    made = Attacked(tmp_path_factory.mktemp("attacked"))
    assert report(made.now).ok
    assert report(made.now, *made.heads).ok
    assert made.kept.size == ENTRIES
    return made


def opened(image: bytes) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.deserialize(image)
    return db


def report(image: bytes | sqlite3.Connection, *kept: heads.Head, key: bytes | None = None) -> verify.Report:
    """What `audit verify` finds."""
    db = opened(image) if isinstance(image, bytes) else image
    with closing(db):
        return verify.check(db, key or HEAD_KEY.spki(), kept)


def rebuild(db: sqlite3.Connection) -> tree.Tree:
    """Make the hashes that are stored fit the entries, as the program itself would."""
    db.execute("DELETE FROM block")
    grown = tree.Tree(tree.hasher("sha256"))
    leaves: list[bytes] = []
    for _, text in log.entries(db, 0, 1 << 60):
        leaves.append(tree.leaf(grown.hash, text))
        grown.add(leaves[-1])
        if len(leaves) == log.BLOCK:
            row = (grown.size // log.BLOCK - 1, b"".join(grown.peaks), b"".join(leaves))
            db.execute("INSERT INTO block VALUES (?, ?, ?)", row)
            leaves.clear()
    return grown


def edit(db: sqlite3.Connection, random: Random) -> None:
    """Change a character of an entry."""
    number = random.randrange(ENTRIES)
    (text,) = db.execute("SELECT entry FROM audit WHERE number = ?", (number,)).fetchone()
    at = random.randrange(len(text))
    changed = text[:at] + chr(ord(text[at]) ^ random.choice((1, 2, 4))) + text[at + 1 :]
    db.execute("UPDATE audit SET entry = ? WHERE number = ?", (changed, number))


def delete(db: sqlite3.Connection, random: Random) -> None:
    """Take entries out, and close the gap; with their certificates or without."""
    first = random.randrange(ENTRIES)
    count = random.randrange(1, min(20, ENTRIES - first) + 1)
    db.execute("DELETE FROM audit WHERE number >= ? AND number < ?", (first, first + count))
    if random.random() < 0.5:
        db.execute("DELETE FROM certificate WHERE number > ? AND number <= ?", (first, first + count))
    if random.random() < 0.7:
        db.execute("UPDATE audit SET number = -number - 1 WHERE number > ?", (first,))
        db.execute("UPDATE audit SET number = -number - 1 - ? WHERE number < 0", (count,))


def reorder(db: sqlite3.Connection, random: Random) -> None:
    """Let two entries change places."""
    one, other = random.sample(range(ENTRIES), 2)
    db.execute("UPDATE audit SET number = -1 WHERE number = ?", (one,))
    db.execute("UPDATE audit SET number = ? WHERE number = ?", (one, other))
    db.execute("UPDATE audit SET number = ? WHERE number = -1", (other,))


def reissue(db: sqlite3.Connection, random: Random) -> None:
    """Put another certificate in the place of one, in the register and the audit alike: the CA's key is there."""
    number, der = random.randrange(ENTRIES), random.randbytes(40)
    digest = hashlib.sha256(der)
    db.execute("UPDATE encoded SET der = ? WHERE number = ?", (der, number + 1))
    (old,) = db.execute("SELECT hex(sha256) FROM certificate WHERE number = ?", (number + 1,)).fetchone()
    db.execute("UPDATE certificate SET sha256 = ? WHERE number = ?", (digest.digest(), number + 1))
    row = (old.lower(), digest.hexdigest(), number)
    db.execute("UPDATE audit SET entry = replace(entry, ?, ?) WHERE number = ?", row)


@pytest.mark.parametrize("attack", [edit, delete, reorder])
@pytest.mark.parametrize("careful", [False, True], ids=["entries", "hashes-too"])
def test_found_from_the_files(
    attacked: Attacked, attack: Callable[[sqlite3.Connection, Random], None], careful: bool
) -> None:
    random = Random(20260601)
    for trial in range(TRIALS):
        db = opened(attacked.now)
        attack(db, random)
        if careful:
            rebuild(db)
        found = report(db)
        assert not found.ok, (attack.__name__, trial)
        assert found.bad
        assert all(0 <= bad.index <= ENTRIES for bad in found.bad)


def test_what_was_done_is_named(attacked: Attacked) -> None:
    db = opened(attacked.now)
    db.execute("UPDATE audit SET entry = replace(entry, 'alice', 'mallory') WHERE number = 17")
    assert (17, "edited") in {(bad.index, bad.kind) for bad in report(db).bad}
    db = opened(attacked.now)
    db.execute("DELETE FROM audit WHERE number = 99")
    assert (99, "deleted") in {(bad.index, bad.kind) for bad in report(db).bad}
    db = opened(attacked.now)
    for old, new in ((10, -1), (20, 10), (-1, 20)):
        db.execute("UPDATE audit SET number = ? WHERE number = ?", (new, old))
    assert {(10, "reordered"), (20, "reordered")} <= {(bad.index, bad.kind) for bad in report(db).bad}


def test_rolled_back_together_is_found_against_a_head(attacked: Attacked) -> None:
    """Register and log as they were at a moment before; or cut back to where a head was published, with that
    head and all that is stored beside it, as somebody without an old copy would do it."""
    random = Random(20260603)
    for trial in range(TRIALS):
        if trial % 4 == 0:
            size, image = attacked.earlier[random.randrange(len(attacked.earlier))]
        else:
            head = random.choice(attacked.heads[:-1])
            size, image = head.size, cut_back(attacked.now, head)
        assert report(image).ok, "from the files nothing can be seen"
        later = [head for head in attacked.heads if head.size > size]
        found = report(image, random.choice(later))
        assert [bad.kind for bad in found.bad] == ["deleted"], trial
        earlier = [head for head in attacked.heads if head.size <= size]
        assert not earlier or report(image, random.choice(earlier)).ok, "this head is of before"


def cut_back(image: bytes, head: heads.Head) -> bytes:
    """A register that ends where a head was signed, with nothing that tells of more."""
    db = opened(image)
    db.execute("DELETE FROM audit WHERE number >= ?", (head.size,))
    db.execute("DELETE FROM encoded WHERE number > ?", (head.size,))
    db.execute("DELETE FROM certificate WHERE number > ?", (head.size,))
    db.execute("DELETE FROM head")
    db.execute("INSERT INTO head VALUES (?, ?)", (head.size, head.json()))
    rebuild(db)
    data = db.serialize()
    db.close()
    return data


def test_all_rewritten_is_found_against_a_head(attacked: Attacked) -> None:
    random = Random(20260602)
    for trial in range(TRIALS):
        forger = generate("ed25519")
        db = opened(attacked.now)
        attack = (edit, reorder, reissue)[trial % 3]
        attack(db, random)
        made = rebuild(db)
        db.execute("DELETE FROM head")
        forged = heads.sign(
            forger,
            origin=attacked.kept.origin,
            size=made.size,
            root=made.root(),
            digest="sha256",
            time=attacked.kept.time,
        )
        db.execute("INSERT INTO head VALUES (?, ?)", (made.size, forged.json()))
        image = db.serialize()
        db.close()
        alone = report(image, key=forger.spki())  # the key in the CA's folder was exchanged too
        assert {bad.kind for bad in alone.bad} <= ({"certificate"} if attack is not reissue else set())
        assert not report(image, attacked.kept, key=forger.spki()).ok
        assert "key" in {bad.kind for bad in report(image).bad}  # the key that the reader knows


def test_a_forged_head_is_no_proof(attacked: Attacked) -> None:
    other = heads.parse(attacked.kept.json().replace(attacked.kept.root, "00" * 32), "test")
    assert not report(attacked.now, other).ok


def test_a_certificate_without_entry_is_found(attacked: Attacked) -> None:
    for sql in (
        "DELETE FROM certificate WHERE number = 5",
        "UPDATE certificate SET sha256 = zeroblob(32) WHERE number = 5",
        "UPDATE encoded SET der = x'00' WHERE number = 5",
        "INSERT INTO certificate SELECT 9999, zeroblob(20), subject, issuer, algorithm, profile, state, reason, "
        "not_before, not_after, revoked_at, sha256, spki_sha256, pair_id, asset, requester, names, changed "
        "FROM certificate WHERE number = 1",
    ):
        db = opened(attacked.now)
        db.execute(sql)
        found = report(db)
        assert {bad.kind for bad in found.bad} == {"certificate"}, sql


def test_a_state_that_no_entry_tells_of_is_found(tmp_path: Path) -> None:
    with Register.create(tmp_path / "register.db") as register:
        register.signer = HEAD_KEY
        put(register, 3)
        first, second, third = (certificate(n).serial for n in range(3))
        with register.transaction() as change:
            change.revoke(first, "superseded")
            change.revoke(second, "superseded")
            details = {"reason": "superseded", "pair_serial": second}
            change.audit("revoke", who="alice", subject=first, details=details)
        with register.transaction() as change:
            change.hold(third)
            change.audit("hold", who="alice", subject=third)
        with register.transaction() as change:
            change.resume(third)
            change.audit("resume", who="alice", subject=third)
        image = Attacked._image(register.path)
    assert report(image).ok
    for sql in (
        "UPDATE certificate SET state = 'valid', reason = NULL WHERE number = 1",
        "UPDATE certificate SET reason = 'keyCompromise' WHERE number = 2",
        "UPDATE certificate SET state = 'held', reason = 'certificateHold' WHERE number = 3",
    ):
        db = opened(image)
        db.execute(sql)
        assert {bad.kind for bad in report(db).bad} == {"state"}, sql


def test_garbage_is_a_fault_and_no_traceback(tmp_path: Path, attacked: Attacked) -> None:
    path = tmp_path / "register.db"
    random = Random(7)
    path.write_bytes(b"SQLite format 3\0" + random.randbytes(5000))
    assert not verify.verify(path).ok
    found = 0
    for _ in range(30):
        image = bytearray(attacked.now)
        for _ in range(50):
            image[random.randrange(100, len(image))] = random.randrange(256)
        path.write_bytes(image)
        found += not verify.verify(path).ok
    assert found == 30
