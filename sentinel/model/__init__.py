"""The data model: records, their words, and the contract of a store.

Names are those tools see in `--format json`; docs/reference/records.md is made from them. Times are
RFC 3339 UTC text with microseconds, addresses are text in canonical form, sizes are bytes. Absent or
null means unknown.
"""

from sentinel.model.records import (
    RECORDS,
    AddressRange,
    Asset,
    Conversation,
    Credential,
    Document,
    Endpoint,
    Evidence,
    Exposure,
    Fact,
    Hashcat,
    Operation,
    OtherAddress,
    Record,
    Role,
    Service,
    Source,
)
from sentinel.model.words import (
    ACTIONS,
    ASSET_TYPES,
    CATEGORIES,
    CREDENTIAL_KINDS,
    EXPOSURES,
    INDUSTRIAL,
    LOGIN_OUTCOMES,
    OTHER_PROTOCOLS,
    OUTCOMES,
    PROTOCOLS,
    SEVERITIES,
    WEAKNESSES,
)

__all__ = [
    "ACTIONS",
    "ASSET_TYPES",
    "CATEGORIES",
    "CREDENTIAL_KINDS",
    "EXPOSURES",
    "INDUSTRIAL",
    "LOGIN_OUTCOMES",
    "OTHER_PROTOCOLS",
    "OUTCOMES",
    "PROTOCOLS",
    "RECORDS",
    "SEVERITIES",
    "WEAKNESSES",
    "AddressRange",
    "Asset",
    "Conversation",
    "Credential",
    "Document",
    "Endpoint",
    "Evidence",
    "Exposure",
    "Fact",
    "Hashcat",
    "Operation",
    "OtherAddress",
    "Record",
    "Role",
    "Service",
    "Source",
]
