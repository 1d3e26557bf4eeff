//! IEEE 1609.2-2022 and YD/T 3957-2021: certificates and secured messages of vehicles and roadside units.
//!
//! [`coer`] reads and writes every structure of [`types`]; [`view`] finds the parts of what was received
//! without copying it; [`sign`], [`cipher`], [`butterfly`], [`linkage`] and [`implicit`] are the
//! cryptography. Nothing here keeps a state.

pub mod build;
pub mod butterfly;
pub mod canonical;
pub mod cipher;
pub mod coer;
pub mod hash;
pub mod implicit;
pub mod key;
pub mod link;
pub mod linkage;
pub mod load;
pub mod opened;
pub mod pki;
pub mod sign;
pub mod time;
pub mod types;
pub mod verify;
pub mod view;

/// Which standard's rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// IEEE 1609.2: ECDSA, ECIES, AES.
    Ieee1609,
    /// YD/T 3957: SM2, SM3, SM4.
    Ydt3957,
}
