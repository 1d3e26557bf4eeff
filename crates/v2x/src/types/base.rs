//! What the other structures are made of (IEEE 1609.2, 6.3.4 and 6.4; YD/T 3957, annex A).

use crate::coer::Type::{self, *};
use crate::coer::{alt, must, opt};

pub(super) const MAX: usize = u32::MAX as usize;

pub static NULL: Type = Null;
pub static UINT8: Type = Int(0, 255);
pub static UINT16: Type = Int(0, 65_535);
pub static UINT32: Type = Int(0, 0xffff_ffff);
pub static UINT64: Type = Int(0, u64::MAX as i128);
pub static OPAQUE: Type = Octets(0, MAX);
pub static OCTETS2: Type = Octets(2, 2);
pub static OCTETS3: Type = Octets(3, 3);
pub static OCTETS4: Type = Octets(4, 4);
pub static OCTETS8: Type = Octets(8, 8);
pub static OCTETS9: Type = Octets(9, 9);
pub static OCTETS10: Type = Octets(10, 10);
pub static OCTETS12: Type = Octets(12, 12);
pub static OCTETS16: Type = Octets(16, 16);
pub static OCTETS32: Type = Octets(32, 32);
pub static OCTETS48: Type = Octets(48, 48);
pub static HASHED_IDS3: Type = List(0, &OCTETS3);
pub static HASHED_IDS8: Type = List(0, &OCTETS8);
pub static HOSTNAME: Type = Text(0, 255);
pub static URL: Type = Text(0, 511);
/// A bit string of eight bits is encoded as one octet.
pub static BITS8: Type = Octets(1, 1);

pub static VERSION1: Type = Int(1, 1);
pub static VERSION3: Type = Int(3, 3);

pub static DURATION: Type = Choice(
    &[
        alt("microseconds", &UINT16),
        alt("milliseconds", &UINT16),
        alt("seconds", &UINT16),
        alt("minutes", &UINT16),
        alt("hours", &UINT16),
        alt("sixtyHours", &UINT16),
        alt("years", &UINT16),
    ],
    None,
);
pub static VALIDITY: Type = Record(&[must("start", &UINT32), must("duration", &DURATION)], None);

pub static LATITUDE: Type = Int(-900_000_000, 900_000_001);
pub static LONGITUDE: Type = Int(-1_799_999_999, 1_800_000_001);
pub static LOCATION2: Type = Record(&[must("latitude", &LATITUDE), must("longitude", &LONGITUDE)], None);
pub static LOCATION3: Type =
    Record(&[must("latitude", &LATITUDE), must("longitude", &LONGITUDE), must("elevation", &UINT16)], None);
static RECTANGLE: Type = Record(&[must("northWest", &LOCATION2), must("southEast", &LOCATION2)], None);
static REGIONS: Type = Record(&[must("countryOnly", &UINT16), must("regions", &List(0, &UINT8))], None);
static SUBREGION: Type = Record(&[must("region", &UINT8), must("subregions", &List(0, &UINT16))], None);
static SUBREGIONS: Type =
    Record(&[must("countryOnly", &UINT16), must("regionAndSubregions", &List(0, &SUBREGION))], None);
static IDENTIFIED: Type = Choice(
    &[
        alt("countryOnly", &UINT16),
        alt("countryAndRegions", &REGIONS),
        alt("countryAndSubregions", &SUBREGIONS),
    ],
    Some(&[]),
);
static CIRCLE: Type = Record(&[must("center", &LOCATION2), must("radius", &UINT16)], None);
pub static REGION: Type = Choice(
    &[
        alt("circularRegion", &CIRCLE),
        alt("rectangularRegion", &List(0, &RECTANGLE)),
        alt("polygonalRegion", &List(3, &LOCATION2)),
        alt("identifiedRegion", &List(0, &IDENTIFIED)),
    ],
    Some(&[]),
);

static PAIR256: Type = Record(&[must("x", &OCTETS32), must("y", &OCTETS32)], None);
static PAIR384: Type = Record(&[must("x", &OCTETS48), must("y", &OCTETS48)], None);
pub static POINT256: Type = Choice(
    &[
        alt("x-only", &OCTETS32),
        alt("fill", &NULL),
        alt("compressed-y-0", &OCTETS32),
        alt("compressed-y-1", &OCTETS32),
        alt("uncompressedP256", &PAIR256),
    ],
    None,
);
pub static POINT384: Type = Choice(
    &[
        alt("x-only", &OCTETS48),
        alt("fill", &NULL),
        alt("compressed-y-0", &OCTETS48),
        alt("compressed-y-1", &OCTETS48),
        alt("uncompressedP384", &PAIR384),
    ],
    None,
);
static ECDSA256: Type = Record(&[must("rSig", &POINT256), must("sSig", &OCTETS32)], None);
static ECDSA384: Type = Record(&[must("rSig", &POINT384), must("sSig", &OCTETS48)], None);
static SM2: Type = Record(&[must("rSig", &OCTETS32), must("sSig", &OCTETS32)], None);
pub static SIGNATURE: Type = Choice(
    &[alt("ecdsaNistP256Signature", &ECDSA256), alt("ecdsaBrainpoolP256r1Signature", &ECDSA256)],
    Some(&[
        alt("ecdsaBrainpoolP384r1Signature", &ECDSA384),
        alt("ecdsaNistP384Signature", &ECDSA384),
        alt("sm2Signature", &SM2),
    ]),
);
pub static VERIFY_KEY: Type = Choice(
    &[alt("ecdsaNistP256", &POINT256), alt("ecdsaBrainpoolP256r1", &POINT256)],
    Some(&[
        alt("ecdsaBrainpoolP384r1", &POINT384),
        alt("ecdsaNistP384", &POINT384),
        alt("ecsigSm2", &POINT256),
    ]),
);
static ENCRYPT_KEY: Type = Choice(
    &[alt("eciesNistP256", &POINT256), alt("eciesBrainpoolP256r1", &POINT256)],
    Some(&[alt("ecencSm2", &POINT256)]),
);
static SYMMETRIC: Type = Names(&["aes128Ccm"], Some(&["sm4Ccm"]));
pub static HASH: Type = Names(&["sha256"], Some(&["sha384", "sm3"]));
pub static PUBLIC_ENCRYPTION_KEY: Type =
    Record(&[must("supportedSymmAlg", &SYMMETRIC), must("publicKey", &ENCRYPT_KEY)], None);
static SYMMETRIC_KEY: Type = Choice(&[alt("aes128Ccm", &OCTETS16)], Some(&[alt("sm4Ccm", &OCTETS16)]));
pub static ENCRYPTION_KEY: Type =
    Choice(&[alt("public", &PUBLIC_ENCRYPTION_KEY), alt("symmetric", &SYMMETRIC_KEY)], None);

static ECIES_KEY: Type = Record(&[must("v", &POINT256), must("c", &OCTETS16), must("t", &OCTETS16)], None);
/// SM2 encryption has its digest, C3, in `t`; YD/T 3957 has it in front of C2.
static SM2_KEY: Type = Differs(
    &Record(&[must("v", &POINT256), must("c", &OCTETS16), must("t", &OCTETS32)], None),
    &Record(&[must("v", &POINT256), must("t", &OCTETS32), must("c", &OCTETS16)], None),
);
pub static ENCRYPTED_KEY: Type = Choice(
    &[alt("eciesNistP256", &ECIES_KEY), alt("eciesBrainpoolP256r1", &ECIES_KEY)],
    Some(&[alt("ecencSm2256", &SM2_KEY)]),
);
static CCM: Type = Record(&[must("nonce", &OCTETS12), must("ccmCiphertext", &OPAQUE)], None);
pub static CIPHERTEXT: Type = Choice(&[alt("aes128ccm", &CCM)], Some(&[alt("sm4Ccm", &CCM)]));

pub static PSIDS: Type = List(0, &Unsigned);
static SSP: Type = Choice(&[alt("opaque", &OPAQUE)], Some(&[alt("bitmapSsp", &Octets(0, 31))]));
pub static PSID_SSP: Type = Record(&[must("psid", &Unsigned), opt("ssp", &SSP)], None);
static BITMAP_RANGE: Type =
    Record(&[must("sspValue", &Octets(1, 32)), must("sspBitmask", &Octets(1, 32))], None);
static SSP_RANGE: Type = Choice(
    &[alt("opaque", &List(0, &OPAQUE)), alt("all", &NULL)],
    Some(&[alt("bitmapSspRange", &BITMAP_RANGE)]),
);
pub static PSID_SSP_RANGE: Type = Record(&[must("psid", &Unsigned), opt("sspRange", &SSP_RANGE)], None);

static GROUP_LINKAGE: Type = Record(&[must("jValue", &OCTETS4), must("value", &OCTETS9)], None);
pub static LINKAGE: Type = Record(
    &[must("iCert", &UINT16), must("linkage-value", &OCTETS9), opt("group-linkage-value", &GROUP_LINKAGE)],
    None,
);
