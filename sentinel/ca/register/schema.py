"""Tables of the register, by version. A change of form is a new entry of `MIGRATIONS`."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE certificate (
        number INTEGER PRIMARY KEY, serial BLOB NOT NULL, subject TEXT NOT NULL, issuer TEXT NOT NULL,
        algorithm TEXT NOT NULL, profile TEXT NOT NULL, state TEXT NOT NULL, reason TEXT,
        not_before TEXT NOT NULL, not_after TEXT NOT NULL, revoked_at TEXT, sha256 BLOB NOT NULL,
        spki_sha256 BLOB NOT NULL, pair_id TEXT, asset TEXT, requester TEXT, names TEXT NOT NULL,
        changed INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX certificate_serial ON certificate (serial);
    CREATE INDEX certificate_key ON certificate (spki_sha256);
    CREATE INDEX certificate_subject ON certificate (subject);
    CREATE INDEX certificate_state ON certificate (state, not_after);
    CREATE INDEX certificate_profile ON certificate (profile);
    CREATE INDEX certificate_profile_state ON certificate (profile, state, not_after);
    CREATE INDEX certificate_pair ON certificate (pair_id) WHERE pair_id IS NOT NULL;
    CREATE INDEX certificate_asset ON certificate (asset) WHERE asset IS NOT NULL;
    CREATE INDEX certificate_changed ON certificate (issuer, changed) WHERE changed IS NOT NULL;
    CREATE TABLE hash (
        segment INTEGER, start BLOB, number INTEGER, PRIMARY KEY (segment, start, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE encoded (number INTEGER PRIMARY KEY, der BLOB NOT NULL) STRICT;
    CREATE VIRTUAL TABLE name USING fts5 (
        text, content='', tokenize='trigram', detail='none', columnsize=0
    );
    CREATE TABLE intent (
        id TEXT PRIMARY KEY, at TEXT NOT NULL, action TEXT NOT NULL, details TEXT NOT NULL, outcome TEXT
    ) STRICT;
    CREATE TABLE operator (
        name TEXT PRIMARY KEY, role TEXT NOT NULL, spki BLOB NOT NULL UNIQUE, added TEXT NOT NULL
    ) STRICT;
    CREATE TABLE request (
        id TEXT PRIMARY KEY, at TEXT NOT NULL, operation TEXT NOT NULL, arguments TEXT NOT NULL,
        requester TEXT NOT NULL, size INTEGER NOT NULL, root TEXT NOT NULL, expires TEXT NOT NULL,
        needed INTEGER NOT NULL, state TEXT NOT NULL
    ) STRICT;
    CREATE INDEX request_state ON request (state, at);
    CREATE TABLE approval (
        request TEXT NOT NULL REFERENCES request, operator TEXT NOT NULL, at TEXT NOT NULL,
        algorithm BLOB NOT NULL, signature BLOB NOT NULL, PRIMARY KEY (request, operator)
    ) STRICT;
    CREATE TABLE audit (number INTEGER PRIMARY KEY, entry TEXT NOT NULL) STRICT;
    CREATE TABLE block (number INTEGER PRIMARY KEY, peaks BLOB NOT NULL, leaves BLOB NOT NULL) STRICT;
    CREATE TABLE head (size INTEGER PRIMARY KEY, head TEXT NOT NULL) STRICT;
    """,
    """
    CREATE TABLE acme_account (
        id TEXT PRIMARY KEY, thumbprint TEXT UNIQUE, document BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE acme_order (
        id TEXT PRIMARY KEY, account TEXT NOT NULL, expires TEXT NOT NULL, document BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX acme_order_account ON acme_order (account, expires);
    """,
)
"""SQL that takes a register from version n to n + 1, statements ended by `;`.

Certificates and entries of the audit are numbered from 1 and 0 in the order they were added, and rows of
both are only appended. Serials and hashes are octets. `changed` is the number of the audit's entry that
last changed the state. `encoded` holds the certificates themselves, apart, so that a look through the
rows is short. `hash` holds the first octets of every `sha256`, sorted within segments of 4,096
certificates: an index over all would have one more page written for each certificate, and it is seldom
looked up. `name` finds any three characters of a name. `block` holds 256 hashes of leaves each, and the
peaks of the tree at its end (`sentinel.ca.audit.tree`). Documents of ACME are JSON
(`sentinel.ca.serve.acme`): bounded by accounts that operators make, and orders of each.
"""
