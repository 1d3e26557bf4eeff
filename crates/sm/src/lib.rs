//! SM2 (GB/T 32918), SM3 (GB/T 32905) and SM4 (GB/T 32907).
//!
//! Verification works on public data alone, is our own and takes variable time. Private keys go through
//! RustCrypto's constant-time crates; numbers that are used once through `once`, which has no branch.

mod cipher;
mod der;
mod field;
mod many;
mod once;
mod point;
mod scalar;
mod secret;
pub mod sm4;
mod verify;

pub use cipher::Ciphertext;
pub use many::{Case, verify_many};
pub use point::{Affine, PointError};
pub use secret::{SecretError, SecretKey};
pub use sm3;
pub use verify::{PublicKey, Signature, VerifyError, digest, za};

/// Distinguishing identifier where no other was agreed on (GM/T 0009, section 10).
pub const DEFAULT_ID: &[u8] = b"1234567812345678";
