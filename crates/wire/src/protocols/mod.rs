//! The list of native probes: one file and one line each. Order is by name; ties in identification
//! go by `rank`, never by place in this list.

use crate::probe::Spec;

mod files;
mod json;
pub mod ntlm;

macro_rules! probes {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every native probe.
        pub static ALL: &[&Spec] = &[$(&$module::SPEC),*];
    };
}

probes! {
    ftp,
    http,
    mqtt,
    telnet,
}

/// The probe with this protocol name.
pub fn by_name(name: &str) -> Option<&'static Spec> {
    ALL.iter().copied().find(|s| s.name == name)
}
