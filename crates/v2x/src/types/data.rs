//! Certificates and secured messages (IEEE 1609.2, 6.3 and 6.4; YD/T 3957, annex A).
//!
//! YD/T 3957 has the same structures, with `aid` for `psid`: the names here are IEEE's in both. What it has
//! more or otherwise is marked.

use super::base::*;
use crate::coer::Type::{self, *};
use crate::coer::{alt, must, opt};

static SUBJECT: Type = Choice(&[alt("explicit", &List(0, &PSID_SSP_RANGE)), alt("all", &NULL)], Some(&[]));
static GROUP: Type = Record(
    &[
        must("subjectPermissions", &SUBJECT),
        opt("minChainLength", &Signed),   // 1
        opt("chainLengthRange", &Signed), // 0
        opt("eeType", &BITS8),            // 80: app
    ],
    None,
);
static GROUPS: Type = List(0, &GROUP);
pub static CERTIFICATE_ID: Type = Choice(
    &[
        alt("linkageData", &LINKAGE),
        alt("name", &HOSTNAME),
        alt("binaryId", &Octets(1, 64)),
        alt("none", &NULL),
    ],
    Some(&[]),
);
pub static KEY_INDICATOR: Type =
    Choice(&[alt("verificationKey", &VERIFY_KEY), alt("reconstructionValue", &POINT256)], Some(&[]));

// the extensions' contents are open types: they are kept as they are
static APP_EXTENSION: Type = Record(&[must("id", &UINT8), must("content", &OPAQUE)], None);
static ISSUE_EXTENSION: Type = Record(
    &[must("id", &UINT8), must("permissions", &Choice(&[alt("specific", &OPAQUE), alt("all", &NULL)], None))],
    None,
);
static REQUEST_EXTENSION: Type = Record(
    &[must("id", &UINT8), must("permissions", &Choice(&[alt("content", &OPAQUE), alt("all", &NULL)], None))],
    None,
);

pub static APP_PERMISSIONS: Type = List(0, &PSID_SSP);
pub static GROUP_PERMISSIONS: Type = List(0, &GROUP);
pub static TO_BE_SIGNED_CERTIFICATE: Type = Record(
    &[
        must("id", &CERTIFICATE_ID),
        must("cracaId", &OCTETS3),
        must("crlSeries", &UINT16),
        must("validityPeriod", &VALIDITY),
        opt("region", &REGION),
        opt("assuranceLevel", &BITS8),
        opt("appPermissions", &APP_PERMISSIONS),
        opt("certIssuePermissions", &GROUPS),
        opt("certRequestPermissions", &GROUPS),
        opt("canRequestRollover", &NULL),
        opt("encryptionKey", &PUBLIC_ENCRYPTION_KEY),
        must("verifyKeyIndicator", &KEY_INDICATOR),
    ],
    Some(&[
        opt("flags", CERTIFICATE_ADDITIONS[0]),
        opt("appExtensions", CERTIFICATE_ADDITIONS[1]),
        opt("certIssueExtensions", CERTIFICATE_ADDITIONS[2]),
        opt("certRequestExtension", CERTIFICATE_ADDITIONS[3]),
    ]),
);
/// Types of what was added to it after 2016, in their order.
pub static CERTIFICATE_ADDITIONS: [&Type; 4] =
    [&BITS8, &List(1, &APP_EXTENSION), &List(1, &ISSUE_EXTENSION), &List(1, &REQUEST_EXTENSION)];
/// YD/T 3957 reserves what is `implicit` in IEEE 1609.2.
pub static CERTIFICATE_TYPE: Type = Names(&["explicit", "implicit"], Some(&[]));
pub static ISSUER: Type = Choice(
    &[alt("sha256AndDigest", &OCTETS8), alt("self", &HASH)],
    Some(&[alt("sha384AndDigest", &OCTETS8), alt("sm3AndDigest", &OCTETS8)]),
);
pub static CERTIFICATE: Type = Record(
    &[
        must("version", &VERSION3),
        must("type", &CERTIFICATE_TYPE),
        must("issuer", &ISSUER),
        must("toBeSigned", &TO_BE_SIGNED_CERTIFICATE),
        opt("signature", &SIGNATURE),
    ],
    None,
);
pub static CERTIFICATES: Type = List(0, &CERTIFICATE);

static HASHED_DATA: Type = Choice(
    &[alt("sha256HashedData", &OCTETS32)],
    Some(&[alt("sha384HashedData", &OCTETS48), alt("sm3HashedData", &OCTETS32)]),
);
pub static MISSING_CRL: Type = Record(&[must("cracaId", &OCTETS3), must("crlSeries", &UINT16)], Some(&[]));
static EXTENSION_BLOCK: Type =
    Record(&[must("contributorId", &UINT8), must("extns", &List(1, &OPAQUE))], None);
pub static HEADER: Type = Record(
    &[
        must("psid", &Unsigned),
        opt("generationTime", &UINT64),
        opt("expiryTime", &UINT64),
        opt("generationLocation", &LOCATION3),
        opt("p2pcdLearningRequest", &OCTETS3),
        opt("missingCrlIdentifier", &MISSING_CRL),
        opt("encryptionKey", &ENCRYPTION_KEY),
    ],
    Some(&[
        opt("inlineP2pcdRequest", HEADER_ADDITIONS[0]),
        opt("requestedCertificate", HEADER_ADDITIONS[1]),
        opt("pduFunctionalType", HEADER_ADDITIONS[2]),
        opt("contributedExtensions", HEADER_ADDITIONS[3]),
    ]),
);
/// Types of what was added to it, in their order.
pub static HEADER_ADDITIONS: [&Type; 4] = [&HASHED_IDS3, &CERTIFICATE, &UINT8, &List(1, &EXTENSION_BLOCK)];
static PAYLOAD: Type =
    Record(&[opt("data", &DATA), opt("extDataHash", &HASHED_DATA)], Some(&[opt("omitted", &NULL)]));
pub static TO_BE_SIGNED_DATA: Type = Record(&[must("payload", &PAYLOAD), must("headerInfo", &HEADER)], None);
pub static SIGNER: Type = Differs(
    &Choice(&[alt("digest", &OCTETS8), alt("certificate", &CERTIFICATES), alt("self", &NULL)], Some(&[])),
    &Choice(
        &[alt("digest", &OCTETS8), alt("certificate", &CERTIFICATES), alt("self", &NULL)],
        Some(&[alt("x509", &OPAQUE)]),
    ),
);
pub static SIGNED_DATA: Type = Record(
    &[
        must("hashId", &HASH),
        must("tbsData", &TO_BE_SIGNED_DATA),
        must("signer", &SIGNER),
        must("signature", &SIGNATURE),
    ],
    None,
);

static SYMMETRIC_RECIPIENT: Type =
    Record(&[must("recipientId", &OCTETS8), must("encKey", &CIPHERTEXT)], None);
static RECIPIENT: Type = Record(&[must("recipientId", &OCTETS8), must("encKey", &ENCRYPTED_KEY)], None);
static RECIPIENT_INFO: Type = Choice(
    &[
        alt("pskRecipInfo", &OCTETS8),
        alt("symmRecipInfo", &SYMMETRIC_RECIPIENT),
        alt("certRecipInfo", &RECIPIENT),
        alt("signedDataRecipInfo", &RECIPIENT),
        alt("rekRecipInfo", &RECIPIENT),
    ],
    None,
);
pub static ENCRYPTED_DATA: Type =
    Record(&[must("recipients", &List(0, &RECIPIENT_INFO)), must("ciphertext", &CIPHERTEXT)], None);

pub static DATA: Type = Record(
    &[
        must("protocolVersion", &VERSION3),
        must(
            "content",
            &Choice(
                &[
                    alt("unsecuredData", &OPAQUE),
                    alt("signedData", &SIGNED_DATA),
                    alt("encryptedData", &ENCRYPTED_DATA),
                    alt("signedCertificateRequest", &OPAQUE),
                ],
                Some(&[alt("signedX509CertificateRequest", &OPAQUE)]),
            ),
        ),
    ],
    None,
);
