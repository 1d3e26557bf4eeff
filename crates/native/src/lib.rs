//! The Python module `sentinel._native`: glue only. Logic is in `sentinel-wire`,
//! `sentinel-inventory` and `sentinel-detect`, tested there; errors cross the border in [`wrong`] alone.

mod batch;
mod chains;
mod crack;
mod evidence;
mod harvest;
mod inventory;
mod live;
mod logs;
mod p256;
mod patterns;
mod probes;
mod rows;
mod scan;
mod serve;
mod shed;
mod sm;
mod tails;
mod v2x;
mod v2x_batch;
mod v2x_bench;
mod v2x_content;
mod v2x_frames;
mod v2x_verify;
mod v2xmsg;
mod watch;
mod x509;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Events live and die by the thousand in other threads than made them: half of the time of the C
/// library's allocator went into that (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One line for a person, as Python's `ValueError`.
fn wrong(why: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(why.to_string())
}

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::batch::EventBatch;
    #[pymodule_export]
    use super::chains::Chains;
    #[pymodule_export]
    use super::crack::{crack, crack_scheme, listed};
    #[pymodule_export]
    use super::evidence::Evidence;
    #[pymodule_export]
    use super::inventory::Inventory;
    #[pymodule_export]
    use super::live::{Live, drop_privileges, small_pages};
    #[pymodule_export]
    use super::logs::{Logs, recognise_log};
    #[pymodule_export]
    use super::p256::{P256Key, p256_verify};
    #[pymodule_export]
    use super::patterns::Patterns;
    #[pymodule_export]
    use super::scan::{Scan, check_filter, native_probes};
    #[pymodule_export]
    use super::serve::{HttpRequest, HttpServer};
    #[pymodule_export]
    use super::sm::{
        Sm2Key, Sm3, sm2_compress, sm2_decompress, sm2_decrypt, sm2_digest, sm2_encrypt, sm2_generate,
        sm2_public, sm2_sign, sm2_sign_digest, sm2_signature_der, sm2_signature_raw, sm2_verify,
        sm2_verify_digest, sm2_verify_many, sm3, sm4_cbc, sm4_ccm_open, sm4_ccm_seal, sm4_ctr, sm4_ecb,
    };
    #[pymodule_export]
    use super::tails::Tails;
    #[pymodule_export]
    use super::v2x::{
        V2xKey, v2x_blind, v2x_certificate, v2x_decode, v2x_encode, v2x_encrypt, v2x_expand, v2x_hash,
        v2x_linkage, v2x_message, v2x_posix, v2x_pre_linkage, v2x_seed, v2x_time32, v2x_time64,
        v2x_unsecured, v2x_verify, v2x_verify_certificate, v2x_verify_structure,
    };
    #[pymodule_export]
    use super::v2x_batch::{V2xCaterpillar, V2xIssuer, v2x_expand_all, v2x_linkage_answer, v2x_open_shared};
    #[pymodule_export]
    use super::v2x_bench::v2x_bench;
    #[pymodule_export]
    use super::v2x_verify::{V2xFrames, V2xVerifier, v2x_sniff};
    #[pymodule_export]
    use super::v2xmsg::{v2x_message_decode, v2x_message_encode, v2x_message_kind, v2x_observation};
    #[pymodule_export]
    use super::watch::{Watch, log_sources};
    #[pymodule_export]
    use super::x509::{pem_decode, pem_encode, plain_requests};
}
