//! Declared signatures (interim).
use crate::model::Transport;
use crate::probe::{Hint, Role, Verdict};

#[derive(Clone, Debug, Default)]
pub struct Signature {
    pub transports: Vec<Transport>,
    pub ports: Vec<u16>,
    pub rank: u16,
}
impl Signature {
    pub fn matches(&self, _hint: &Hint, _data: &[u8]) -> Verdict {
        let _ = Role::Unknown;
        Verdict::No
    }
}
