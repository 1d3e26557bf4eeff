//! What a certificate says of its holder, kept apart from the octets it stands in.

use super::region::Region;
use super::verdict::Reason;
use crate::Profile;
use crate::coer::{Limits, Value, decode};
use crate::hash::{Digest, Hash};
use crate::types::data;
use crate::view::{CertificateId, CertificateView, Curve, Issuer, Ssp};

/// What may be signed: an aid, and the SSP's octets.
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    pub aid: u64,
    pub ssp: Option<Box<[u8]>>,
}

/// Of one certificate. Times are Time64.
#[derive(Clone, Debug)]
pub struct Claims {
    pub digest: Digest,
    pub id8: [u8; 8],
    /// HashedId8 of the issuer's certificate; None: it signs itself.
    pub issuer: Option<[u8; 8]>,
    /// The function that `issuer` is said to be made with. It is not signed: with another one the certificate
    /// would have another name, so it has to be the issuer's own.
    pub issuer_hash: Hash,
    /// The function its own names are made with.
    pub hash: Hash,
    /// HashedId10 with the other signature that ECDSA allows: of (r, s) and (r, n - s) whoever has one can
    /// make the other, and who was revoked by his certificate's hash would have a new one.
    pub twin: Option<[u8; 10]>,
    pub start: u64,
    /// First moment after it.
    pub end: u64,
    pub region: Option<Region>,
    pub granted: Box<[Granted]>,
    /// Period and linkage value.
    pub linkage: Option<(u16, [u8; 9])>,
    /// Its key is one of SM2.
    pub national: bool,
}

/// More permissions than this are in no certificate of an end entity.
const MOST: usize = 64;

impl Claims {
    /// Reads them; why not is said with a reason.
    pub fn of(view: &CertificateView<'_>) -> Result<Claims, (Reason, &'static str)> {
        let digest = view.hash().ok_or((Reason::Malformed, "a point is not on its curve"))?;
        let region = match &view.region {
            Some(range) => Some(
                Region::read(&view.octets[range.clone()])
                    .map_err(|_| (Reason::Malformed, "its region has too many parts"))?,
            ),
            None => None,
        };
        let mut granted = Vec::new();
        for permission in view.permissions() {
            let ssp = match permission.ssp {
                None => None,
                Some(Ssp::Opaque(octets) | Ssp::Bitmap(octets)) => Some(octets.into()),
                // of a kind that is not known: nothing within the aid is permitted by it
                Some(Ssp::Other(_)) => Some(Box::from([0xff])),
            };
            granted.push(Granted { aid: permission.psid, ssp });
            if granted.len() > MOST {
                return Err((Reason::Malformed, "it has more than 64 permissions"));
            }
        }
        let start = u64::from(view.start) * 1_000_000;
        Ok(Claims {
            id8: digest.id8(),
            digest,
            issuer: match view.issuer {
                Issuer::Digest(_, id) => Some(id),
                Issuer::Own(_) => None,
            },
            issuer_hash: match view.issuer {
                Issuer::Digest(hash, _) | Issuer::Own(hash) => hash,
            },
            hash: view.hash_function(),
            twin: twin(view),
            start,
            end: start.saturating_add(view.duration.microseconds()),
            region,
            granted: granted.into(),
            linkage: match view.id {
                CertificateId::Linkage { i, value, .. } => Some((i, value)),
                _ => None,
            },
            national: view.curve() == Some(Curve::Sm2),
        })
    }

    /// Whether it is valid at a moment.
    pub fn timely(&self, at: u64) -> Result<(), Reason> {
        match () {
            () if at < self.start => Err(Reason::NotYetValid),
            () if at >= self.end => Err(Reason::Expired),
            () => Ok(()),
        }
    }

    /// The permission for an aid.
    pub fn permission(&self, aid: u64) -> Option<&Granted> {
        self.granted.iter().find(|granted| granted.aid == aid)
    }
}

/// Orders of the curves' groups (SEC 2, 2.4 and 2.5; RFC 5639, 3.4 and 3.6), in hexadecimal.
fn order(curve: Curve) -> Option<&'static str> {
    Some(match curve {
        Curve::P256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        Curve::BrainpoolP256 => "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
        Curve::P384 => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        Curve::BrainpoolP384 => {
            "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565"
        }
        Curve::Sm2 => return None,
    })
}

/// HashedId10 of the certificate with n - s for s.
fn twin(view: &CertificateView<'_>) -> Option<[u8; 10]> {
    let signature = view.signature.as_ref()?;
    let order = order(signature.curve)?;
    let mut octets = view.canonical()?.into_owned();
    let from = octets.len().checked_sub(signature.s.len())?;
    let mut borrow = 0;
    for (i, octet) in octets[from..].iter_mut().enumerate().rev() {
        let n = i16::from(u8::from_str_radix(order.get(2 * i..2 * i + 2)?, 16).ok()?);
        let left = n - i16::from(*octet) - borrow;
        borrow = i16::from(left < 0);
        *octet = left.rem_euclid(256) as u8;
    }
    Some(view.hash_function().of(&[&octets]).last())
}

/// SSPs that an issuer may put into certificates.
#[derive(Clone, Debug, PartialEq)]
enum Ssps {
    None,
    All,
    Opaque(Vec<Vec<u8>>),
    Bits { value: Vec<u8>, mask: Vec<u8> },
}

impl Ssps {
    fn permit(&self, ssp: Option<&[u8]>) -> bool {
        match (self, ssp) {
            (Ssps::All, _) => true,
            (Ssps::None, ssp) => ssp.is_none_or(<[u8]>::is_empty),
            (Ssps::Opaque(all), ssp) => all.iter().any(|one| one == ssp.unwrap_or_default()),
            (Ssps::Bits { value, mask }, Some(ssp)) => {
                ssp.len() == value.len()
                    && mask.len() == value.len()
                    && ssp.iter().zip(value).zip(mask).all(|((s, v), m)| (s ^ v) & m == 0)
            }
            (Ssps::Bits { .. }, None) => false,
        }
    }
}

/// What an authority may issue (IEEE 1609.2, 6.4.30 PsidGroupPermissions).
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// None: any aid.
    aids: Option<Vec<(u64, Ssps)>>,
    /// Certificates below it down to the end entity: least, and how many more (-1: any number).
    least: i128,
    more: i128,
    application: bool,
}

impl Group {
    /// Reads `certIssuePermissions`.
    pub fn read(view: &CertificateView<'_>, profile: Profile) -> Option<Vec<Group>> {
        let Some(range) = &view.issue_permissions else { return Some(Vec::new()) };
        let octets = &view.octets[range.clone()];
        let value = decode(octets, &data::GROUP_PERMISSIONS, profile, Limits::MESSAGE).ok()?;
        value.as_list()?.iter().map(Group::of).collect()
    }

    fn of(value: &Value) -> Option<Group> {
        let number = |name, default| value.get(name).and_then(Value::as_int).unwrap_or(default);
        let aids = match value.get("subjectPermissions")?.as_choice()? {
            ("all", _) => None,
            (_, list) => Some(list.as_list()?.iter().map(range).collect::<Option<Vec<_>>>()?),
        };
        let kinds = value.get("eeType").and_then(Value::as_octets).and_then(|o| o.first()).copied();
        Some(Group {
            aids,
            least: number("minChainLength", 1),
            more: number("chainLengthRange", 0),
            application: kinds.unwrap_or(0x80) & 0x80 != 0,
        })
    }

    /// Whether a certificate so many certificates below may have a permission.
    pub fn permits(&self, granted: &Granted, below: i128) -> bool {
        let near = self.least <= below && (self.more < 0 || below <= self.least + self.more);
        let covered = match &self.aids {
            None => true,
            Some(aids) => {
                aids.iter().any(|(aid, ssps)| *aid == granted.aid && ssps.permit(granted.ssp.as_deref()))
            }
        };
        self.application && near && covered
    }
}

fn range(value: &Value) -> Option<(u64, Ssps)> {
    let aid = u64::try_from(value.get("psid")?.as_int()?).ok()?;
    let ssps = match value.get("sspRange").and_then(Value::as_choice) {
        None => Ssps::None,
        Some(("all", _)) => Ssps::All,
        Some(("opaque", list)) => {
            let octets = |v: &Value| v.as_octets().map(<[u8]>::to_vec);
            Ssps::Opaque(list.as_list()?.iter().map(octets).collect::<Option<_>>()?)
        }
        Some(("bitmapSspRange", range)) => Ssps::Bits {
            value: range.get("sspValue")?.as_octets()?.to_vec(),
            mask: range.get("sspBitmask")?.as_octets()?.to_vec(),
        },
        Some(_) => return None,
    };
    Some((aid, ssps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssp_ranges_permit_what_they_say() {
        assert!(Ssps::All.permit(Some(&[1, 2])) && Ssps::All.permit(None));
        assert!(Ssps::None.permit(None) && !Ssps::None.permit(Some(&[1])));
        let some = Ssps::Opaque(vec![vec![1, 0x80], vec![]]);
        assert!(some.permit(Some(&[1, 0x80])) && some.permit(None) && !some.permit(Some(&[1, 0xc0])));
        let bits = Ssps::Bits { value: vec![1, 0], mask: vec![0xff, 0x0f] };
        assert!(bits.permit(Some(&[1, 0xf0])) && !bits.permit(Some(&[1, 1])) && !bits.permit(Some(&[1])));
    }

    #[test]
    fn the_length_of_the_chain_counts() {
        let granted = Granted { aid: 111, ssp: None };
        let group = |least, more| Group { aids: None, least, more, application: true };
        assert!(group(1, 0).permits(&granted, 1) && !group(1, 0).permits(&granted, 2));
        assert!(group(1, 1).permits(&granted, 2) && group(2, -1).permits(&granted, 7));
        assert!(!group(2, 0).permits(&granted, 1));
        let other = Group { aids: Some(vec![(112, Ssps::All)]), least: 1, more: 0, application: true };
        assert!(!other.permits(&granted, 1));
    }
}
