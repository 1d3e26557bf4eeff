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
    """
    CREATE TABLE v2x_denied (
        station BLOB PRIMARY KEY, at TEXT NOT NULL, why TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE v2x_order (
        id BLOB PRIMARY KEY, station BLOB, request BLOB NOT NULL, count INTEGER NOT NULL, chains BLOB
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX v2x_order_station ON v2x_order (station);
    CREATE TABLE v2x_request (
        hash BLOB PRIMARY KEY, vehicle BLOB NOT NULL, i INTEGER NOT NULL, j INTEGER NOT NULL,
        pdu BLOB, answer BLOB,
        UNIQUE (vehicle, i, j)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX v2x_request_open ON v2x_request (vehicle) WHERE answer IS NULL;
    CREATE TABLE v2x_pseudonym (
        request BLOB PRIMARY KEY, serial BLOB NOT NULL, i INTEGER NOT NULL, linkage BLOB NOT NULL,
        one BLOB NOT NULL, other BLOB NOT NULL, answer BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX v2x_pseudonym_linkage ON v2x_pseudonym (linkage);
    CREATE TABLE v2x_chain (id BLOB PRIMARY KEY, first INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE v2x_seed (
        number INTEGER PRIMARY KEY, i INTEGER NOT NULL, one BLOB NOT NULL, other BLOB NOT NULL,
        last INTEGER NOT NULL,
        count INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE v2x_revoked (
        number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, series INTEGER NOT NULL, expiry INTEGER NOT NULL
    ) STRICT;
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
(`sentinel.ca.serve.acme`): bounded by accounts that operators make, and orders of each. Tables of `v2x_` are
those of roles of the PKI for vehicles (`sentinel.ca.v2x`), each used by one role.
"""
