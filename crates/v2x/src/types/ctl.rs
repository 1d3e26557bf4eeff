//! Lists of trust: YD/T 3957's root list and domain list, and ETSI's (TS 102 941, annex A, version 2.2.1).

use super::base::*;
use super::data::{CERTIFICATE, CERTIFICATES, ISSUER};
use crate::coer::Type::{self, *};
use crate::coer::{alt, must, opt};

static ROOT_INFO: Type = Record(&[must("rootCertificate", &CERTIFICATE), opt("caListUrl", &URL)], None);
pub static TO_BE_SIGNED_ROOT_CTL: Type = Record(
    &[
        must("version", &VERSION1),
        must("issuer", &ISSUER),
        must("series", &UINT16),
        must("issueDate", &UINT32),
        must("nextRootCtl", &UINT32),
        must("pkiCtlInfoList", &List(0, &ROOT_INFO)),
    ],
    None,
);
pub static ROOT_CTL: Type =
    Record(&[must("toBeSignedRootCtl", &TO_BE_SIGNED_ROOT_CTL), must("signature", &SIGNATURE)], None);
static PKI_INFO: Type =
    Record(&[must("certificate", &CERTIFICATES), opt("crlUrl", &URL), opt("maUrl", &URL)], None);
pub static TO_BE_SIGNED_PKI_CTL: Type = Record(
    &[
        must("version", &VERSION1),
        must("issuer", &ISSUER),
        must("series", &UINT16),
        must("issueDate", &UINT32),
        must("nextPkiCtl", &UINT32),
        must("pkiCertInfoList", &List(0, &PKI_INFO)),
    ],
    None,
);
pub static PKI_CTL: Type =
    Record(&[must("toBeSignedPkiCtl", &TO_BE_SIGNED_PKI_CTL), must("signature", &SIGNATURE)], None);

static IA5: Type = Ascii(2048);
static ROOT_ENTRY: Type =
    Record(&[must("selfsignedRootCa", &CERTIFICATE), opt("successorTo", &CERTIFICATE)], None);
static TLM_ENTRY: Type = Record(
    &[
        must("selfSignedTLMCertificate", &CERTIFICATE),
        opt("linkTLMCertificate", &CERTIFICATE),
        must("accessPoint", &IA5),
    ],
    None,
);
static EA_ENTRY: Type = Record(
    &[must("eaCertificate", &CERTIFICATE), must("aaAccessPoint", &IA5), opt("itsAccessPoint", &IA5)],
    None,
);
static AA_ENTRY: Type = Record(&[must("aaCertificate", &CERTIFICATE), must("accessPoint", &IA5)], None);
static DC_ENTRY: Type = Record(&[must("url", &IA5), must("cert", &HASHED_IDS8)], None);
static ENTRY: Type = Choice(
    &[
        alt("rca", &ROOT_ENTRY),
        alt("ea", &EA_ENTRY),
        alt("aa", &AA_ENTRY),
        alt("dc", &DC_ENTRY),
        alt("tlm", &TLM_ENTRY),
    ],
    Some(&[]),
);
static DELETE: Type = Choice(&[alt("cert", &OCTETS8), alt("dc", &IA5)], Some(&[]));
static COMMAND: Type = Choice(&[alt("add", &ENTRY), alt("delete", &DELETE)], Some(&[]));
static ETSI_CTL: Type = Record(
    &[
        must("version", &Signed),
        must("nextUpdate", &UINT32),
        must("isFullCtl", &Bool),
        must("ctlSequence", &UINT8),
        must("ctlCommands", &List(0, &COMMAND)),
    ],
    Some(&[]),
);
static ETSI_CRL: Type = Record(
    &[
        must("version", &Signed),
        must("thisUpdate", &UINT32),
        must("nextUpdate", &UINT32),
        must("entries", &HASHED_IDS8),
    ],
    Some(&[]),
);
/// Of the contents, those that are lists: the others are refused as unknown.
pub static ETSI_LIST: Type = Record(
    &[
        must("version", &VERSION1),
        must(
            "content",
            &Choice(
                &[
                    alt("enrolmentRequest", &NEVER),
                    alt("enrolmentResponse", &NEVER),
                    alt("authorizationRequest", &NEVER),
                    alt("authorizationResponse", &NEVER),
                    alt("certificateRevocationList", &ETSI_CRL),
                    alt("certificateTrustListTlm", &ETSI_CTL),
                    alt("certificateTrustListRca", &ETSI_CTL),
                ],
                None,
            ),
        ),
    ],
    None,
);
/// No encoding is of this type.
static NEVER: Type = Names(&[], None);
