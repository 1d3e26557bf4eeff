//! Messages of ETSI: CAM and DENM.

pub mod cam;
pub mod common;
pub mod denm;
pub mod details;
pub mod special;
