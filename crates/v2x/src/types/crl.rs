//! Lists of revocations (IEEE 1609.2, 7.3; YD/T 3957, CRLBaseTypes).

use super::base::*;
use crate::coer::Type::{self, *};
use crate::coer::{alt, must, opt};

static PRIORITY: Type = Record(&[opt("priority", &UINT8)], Some(&[]));
static HASH_ENTRY: Type = Record(&[must("id", &OCTETS10), must("expiry", &UINT32)], Some(&[]));
static HASH_CRL: Type =
    Record(&[must("crlSerial", &UINT32), must("entries", &List(0, &HASH_ENTRY))], Some(&[]));
static SEEDS: Type = Record(&[must("linkageSeed1", &OCTETS16), must("linkageSeed2", &OCTETS16)], Some(&[]));
static I_MAX: Type = Record(
    &[must("iMax", &UINT16), must("contents", &List(0, &SEEDS))],
    Some(&[opt("singleSeed", &List(0, &OCTETS16))]),
);
static LA_GROUP: Type = Record(
    &[must("la1Id", &OCTETS2), must("la2Id", &OCTETS2), must("contents", &List(0, &I_MAX))],
    Some(&[]),
);
static J_MAX: Type = Record(&[must("jmax", &UINT8), must("contents", &List(0, &LA_GROUP))], Some(&[]));
static GROUP_ENTRY: Type = Record(
    &[
        must("iMax", &UINT16),
        must("la1Id", &OCTETS2),
        must("linkageSeed1", &OCTETS16),
        must("la2Id", &OCTETS2),
        must("linkageSeed2", &OCTETS16),
    ],
    Some(&[]),
);
static SINGLE_SEED: Type = Differs(
    &Record(&[must("iMax", &UINT16), must("laId", &OCTETS2), must("linkageSeed", &OCTETS16)], Some(&[])),
    &Record(&[must("iMax", &UINT16), must("laId", &OCTETS2), must("linkageSeed", &OCTETS16)], None),
);
static LINKED: Type = Record(
    &[
        must("iRev", &UINT16),
        must("indexWithinI", &UINT8),
        opt("individual", &List(0, &J_MAX)),
        opt("groups", &List(0, &GROUP_ENTRY)),
    ],
    Some(&[opt("groupsSingleSeed", &List(0, &SINGLE_SEED))]),
);
static LINKED_WITH_ALGORITHM: Type = Record(
    &[
        must("iRev", &UINT16),
        must("indexWithinI", &UINT8),
        must("seedEvolution", &NULL),
        must("lvGeneration", &NULL),
        opt("individual", &List(0, &J_MAX)),
        opt("groups", &List(0, &GROUP_ENTRY)),
        opt("groupsSingleSeed", &List(0, &SINGLE_SEED)),
    ],
    Some(&[]),
);
pub static CRL: Type = Record(
    &[
        must("version", &VERSION1),
        must("crlSeries", &UINT16),
        must("crlCraca", &OCTETS8),
        must("issueDate", &UINT32),
        must("nextCrl", &UINT32),
        must("priorityInfo", &PRIORITY),
        must(
            "typeSpecific",
            &Choice(
                &[
                    alt("fullHashCrl", &HASH_CRL),
                    alt("deltaHashCrl", &HASH_CRL),
                    alt("fullLinkedCrl", &LINKED),
                    alt("deltaLinkedCrl", &LINKED),
                ],
                Some(&[
                    alt("fullLinkedCrlWithAlg", &LINKED_WITH_ALGORITHM),
                    alt("deltaLinkedCrlWithAlg", &LINKED_WITH_ALGORITHM),
                ]),
            ),
        ),
    ],
    None,
);
pub static CRL_SSP: Type = Record(
    &[
        must("version", &VERSION1),
        must("associatedCraca", &Names(&["isCraca", "issuerIsCraca"], None)),
        must("crls", &List(0, &UINT16)),
    ],
    Some(&[]),
);
