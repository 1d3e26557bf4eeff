//! Tables of the structures, by name.

pub mod base;
pub mod crl;
pub mod ctl;
pub mod data;
pub mod pdu;

use crate::coer::Type;

/// Structures that can be read and written for themselves: name, table.
pub static NAMED: [(&str, &Type); 20] = [
    ("Certificate", &data::CERTIFICATE),
    ("ToBeSignedCertificate", &data::TO_BE_SIGNED_CERTIFICATE),
    ("Data", &data::DATA),
    ("ToBeSignedData", &data::TO_BE_SIGNED_DATA),
    ("HeaderInfo", &data::HEADER),
    ("EncryptedData", &data::ENCRYPTED_DATA),
    ("Signature", &base::SIGNATURE),
    ("PublicVerificationKey", &base::VERIFY_KEY),
    ("PublicEncryptionKey", &base::PUBLIC_ENCRYPTION_KEY),
    ("GeographicRegion", &base::REGION),
    ("CrlContents", &crl::CRL),
    ("CrlSsp", &crl::CRL_SSP),
    ("RootCtl", &ctl::ROOT_CTL),
    ("ToBeSignedRootCtl", &ctl::TO_BE_SIGNED_ROOT_CTL),
    ("PkiCtl", &ctl::PKI_CTL),
    ("ToBeSignedPkiCtl", &ctl::TO_BE_SIGNED_PKI_CTL),
    ("EtsiList", &ctl::ETSI_LIST),
    ("ScmsPdu", &pdu::SCMS_PDU),
    ("SignedCertificateRequest", &pdu::SIGNED_REQUEST),
    ("ScmsSsp", &pdu::SCMS_SSP),
];

/// The table of a structure.
pub fn named(name: &str) -> Option<&'static Type> {
    NAMED.iter().find(|(n, _)| *n == name).map(|(_, kind)| *kind)
}
