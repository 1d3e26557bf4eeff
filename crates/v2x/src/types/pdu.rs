//! What the roles of a PKI send each other (IEEE 1609.2.1; YD/T 3957, ScmsPdu and the interfaces in it).
//!
//! Interfaces that YD/T 3957 leaves open (vehicle and MA, ACA and MA, MA and RA, ACA and LA) are octets here:
//! it has NULL, which these are when they are empty.

use super::base::*;
use super::data::*;
use crate::coer::Type::{self, *};
use crate::coer::{alt, must, opt};

static ACA_EE_RESPONSE: Type = Record(
    &[
        must("version", &VERSION1),
        must("generationTime", &UINT32),
        must("certificate", &CERTIFICATE),
        opt("privateKeyInfo", &OCTETS32),
    ],
    Some(&[]),
);
static ACA_EE: Type = Choice(&[alt("acaEeCertResponse", &ACA_EE_RESPONSE)], Some(&[]));

static ENCRYPTED_LINKAGE: Type =
    Record(&[must("version", &VERSION1), must("laId", &OCTETS2), must("enc-lv", &ENCRYPTED_DATA)], None);
/// YD/T 3957 has one, where the reader of two linkage authorities' values wants two: see `RaAcaCertRequest`.
static RA_ACA_REQUEST: Type = Record(
    &[
        must("version", &VERSION1),
        must("generationTime", &UINT32),
        must("flags", &BITS8), // 80 butterflyExplicit, 40 useCubk
        opt("linkageInfo", &ENCRYPTED_LINKAGE),
        opt("certEncKey", &PUBLIC_ENCRYPTION_KEY),
        must("tbsCert", &TO_BE_SIGNED_CERTIFICATE),
    ],
    Some(&[opt("linkageInfo2", &ENCRYPTED_LINKAGE)]),
);
static ACA_RA_RESPONSE: Type = Record(
    &[
        must("version", &VERSION1),
        must("generationTime", &UINT32),
        must("requestHash", &OCTETS8),
        must(
            "acaResponse",
            &Choice(&[alt("plain", &DATA), alt("private", &DATA), alt("cubk", &DATA)], Some(&[])),
        ),
    ],
    Some(&[]),
);
static ACA_RA: Type = Choice(
    &[alt("raAcaCertRequest", &RA_ACA_REQUEST), alt("acaRaCertResponse", &ACA_RA_RESPONSE)],
    Some(&[]),
);

static EE_ECA_REQUEST: Type = Record(
    &[
        must("version", &VERSION1),
        must("generationTime", &UINT32),
        must("type", &CERTIFICATE_TYPE),
        must("tbsCert", &TO_BE_SIGNED_CERTIFICATE),
        opt("canonicalId", &Ascii(255)),
    ],
    Some(&[]),
);
static ECA_EE_RESPONSE: Type = Record(
    &[
        must("version", &VERSION1),
        must("requestHash", &OCTETS8),
        must("ecaCertChain", &CERTIFICATES),
        must("certificate", &CERTIFICATE),
        opt("privateKeyInfo", &OCTETS32),
    ],
    Some(&[]),
);
static ECA_EE: Type = Choice(
    &[alt("eeEcaCertRequest", &EE_ECA_REQUEST), alt("ecaEeCertResponse", &ECA_EE_RESPONSE)],
    Some(&[]),
);

static EXPANSION: Type = Choice(&[alt("aes128", &OCTETS16)], Some(&[alt("sm4", &OCTETS16)]));
static ORIGINAL: Type = Record(
    &[
        must("signingExpansion", &EXPANSION),
        must("encryptionKey", &PUBLIC_ENCRYPTION_KEY),
        must("encryptionExpansion", &EXPANSION),
    ],
    None,
);
static ADDITIONAL: Type = Choice(
    &[
        alt("original", &ORIGINAL),
        alt("unified", &EXPANSION),
        alt("compactUnified", &EXPANSION),
        alt("encryptionKey", &PUBLIC_ENCRYPTION_KEY),
    ],
    Some(&[]),
);
static AAA: Type = Record(&[must("aaaAuthorizationInfo", &OPAQUE), opt("aaaUrl", &URL)], None);
static EE_RA_REQUEST: Type = Record(
    &[
        must("version", &VERSION1),
        must("generationTime", &UINT32),
        must("type", &CERTIFICATE_TYPE),
        must("tbsCert", &TO_BE_SIGNED_CERTIFICATE),
        opt("additionalParams", &ADDITIONAL),
    ],
    Some(&[opt("aaaAuthorizationInfoList", &List(0, &AAA))]),
);
static RA_EE_INFO: Type = Record(
    &[
        must("version", &VERSION1),
        must("generationTime", &UINT32),
        must("currentI", &UINT16),
        must("requestHash", &OCTETS8),
        must("nextDlTime", &UINT32),
    ],
    Some(&[]),
);
static RA_EE_ACK: Type = Record(
    &[
        must("version", &VERSION1),
        must("generationTime", &UINT32),
        must("requestHash", &OCTETS8),
        must("nextDlTime", &UINT32),
    ],
    Some(&[]),
);
static DOWNLOAD: Type = Record(&[must("generationTime", &UINT32), must("filename", &HOSTNAME)], Some(&[]));
static EE_RA: Type = Choice(
    &[
        alt("eeRaCertRequest", &EE_RA_REQUEST),
        alt("raEeCertAck", &RA_EE_ACK),
        alt("raEeCertInfo", &RA_EE_INFO),
        alt("eeRaDownloadRequest", &DOWNLOAD),
        alt("eeRaSuccessorEnrollmentCertRequest", &DATA),
    ],
    Some(&[]),
);

static INDIVIDUAL_VALUE: Type = Record(&[must("iValue", &UINT16), must("lv", &OCTETS9)], None);
static GROUP_VALUE: Type = Record(&[must("iValue", &UINT16), must("j", &UINT32), must("lv", &OCTETS9)], None);
static SEED_REQUEST: Type = Record(
    &[
        must("maId", &Octets(0, 255)),
        must("individualLVs", &List(0, &INDIVIDUAL_VALUE)),
        must("groupLVs", &List(0, &GROUP_VALUE)),
    ],
    None,
);
static INDIVIDUAL_SEED: Type =
    Record(&[must("i", &UINT16), must("lv", &OCTETS9), must("ls", &OCTETS16)], None);
static GROUP_SEED: Type =
    Record(&[must("i", &UINT16), must("j", &UINT32), must("lv", &OCTETS9), must("ls", &OCTETS16)], None);
static SEED_RESPONSE: Type = Record(
    &[
        must("requestHash", &OCTETS8),
        must("laId", &OCTETS2),
        must("individualLSInfos", &List(0, &INDIVIDUAL_SEED)),
        must("groupLSInfos", &List(0, &GROUP_SEED)),
    ],
    None,
);
static LA_MA: Type = Choice(
    &[alt("maLaLinkageSeedRequest", &SEED_REQUEST), alt("laMaLinkageSeedResponse", &SEED_RESPONSE)],
    Some(&[]),
);

static HEADER_LA: Type = Record(
    &[must("iMin", &UINT16), must("iMax", &UINT16), must("praId", &HOSTNAME), must("pcaId", &HOSTNAME)],
    None,
);
static INDIVIDUAL_REQUEST: Type = Record(
    &[
        must("header", &HEADER_LA),
        must("jMax", &UINT8),
        opt("numberOfFreshInd", &UINT32),
        opt("continuationsInd", &List(0, &ENCRYPTED_DATA)),
    ],
    None,
);
static GROUP_REQUEST: Type =
    Record(&[must("header", &HEADER_LA), must("jMax", &UINT32), must("groupIdentifier", &OCTETS4)], None);
static VALUES: Type = List(0, &List(0, &ENCRYPTED_LINKAGE));
static INDIVIDUAL_CHAIN: Type =
    Record(&[must("jMax", &UINT8), must("values", &VALUES), must("linkageChainId", &ENCRYPTED_DATA)], None);
static GROUP_CHAIN: Type =
    Record(&[must("jMax", &UINT32), must("values", &VALUES), must("groupIdentifier", &OCTETS4)], None);
static VALUE_RESPONSE: Type = Record(
    &[
        must("iMin", &UINT16),
        must("iMax", &UINT16),
        must("individualLVs", &List(0, &INDIVIDUAL_CHAIN)),
        must("groupLVs", &List(0, &GROUP_CHAIN)),
    ],
    None,
);
static LA_RA: Type = Choice(
    &[
        alt(
            "praLaLinkageValueRequest",
            &Choice(
                &[alt("individualLVRequest", &INDIVIDUAL_REQUEST), alt("groupLVRequest", &GROUP_REQUEST)],
                None,
            ),
        ),
        alt("laPraLinkageValueResponse", &VALUE_RESPONSE),
    ],
    Some(&[]),
);

static MANAGEMENT: Type = Choice(
    &[
        alt("compositeCrl", &Record(&[must("crl", &List(0, &DATA))], Some(&[]))),
        alt("certificateChain", &Record(&[must("others", &CERTIFICATES)], Some(&[]))),
    ],
    Some(&[]),
);

pub static SCMS_PDU: Type = Record(
    &[
        must("version", &VERSION1),
        must(
            "content",
            &Choice(
                &[
                    alt("aca-ee", &ACA_EE),
                    alt("aca-la", &NULL),
                    alt("aca-ma", &NULL),
                    alt("aca-ra", &ACA_RA),
                    alt("cert", &MANAGEMENT),
                    alt("eca-ee", &ECA_EE),
                    alt("ee-ma", &NULL),
                    alt("ee-ra", &EE_RA),
                    alt("la-ma", &LA_MA),
                    alt("la-ra", &LA_RA),
                    alt("ma-ra", &NULL),
                ],
                Some(&[]),
            ),
        ),
    ],
    None,
);
pub static SIGNED_REQUEST: Type = Record(
    &[
        must("hashAlgorithmId", &HASH),
        must("tbsRequest", &SCMS_PDU),
        must("signer", &SIGNER),
        must("signature", &SIGNATURE),
    ],
    None,
);

static SSP1: Type = Record(&[must("version", &VERSION1)], Some(&[]));
static MA_SSP: Type = Record(&[must("version", &VERSION1), must("relevantPsids", &PSIDS)], Some(&[]));
static LA_SSP: Type = Record(&[must("version", &VERSION1), must("laId", &UINT16)], Some(&[]));
pub static SCMS_SSP: Type = Choice(
    &[
        alt("root", &SSP1),
        alt("ma", &MA_SSP),
        alt("pg", &SSP1),
        alt("ica", &SSP1),
        alt("eca", &SSP1),
        alt("cra", &SSP1),
        alt("dcm", &SSP1),
        alt("aca", &SSP1),
        alt("la", &LA_SSP),
        alt("ra", &SSP1),
        alt("ee", &SSP1),
    ],
    Some(&[]),
);
