//! What every scheme of challenge and response offers.

/// Work in blocks of 64 octets hashed by MD5, about a tenth of a microsecond each. An estimate: it
/// bounds a run to the same words on every machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Of [`Scheme::derive`].
    pub derive: u32,
    /// Of [`Scheme::check`].
    pub check: u32,
}

/// One line: the challenge, the response, and how a password makes one of the other.
pub trait Scheme: Send + Sync {
    /// Name of the scheme, for counts and measurements.
    fn name(&self) -> &'static str;

    fn cost(&self) -> Cost;

    /// Lines of one name whose `shared` is equal share what [`Scheme::derive`] makes.
    fn shared(&self) -> Vec<u8> {
        Vec::new()
    }

    /// False if no password of this form is accepted by the protocol: it costs nothing.
    fn possible(&self, password: &[u8]) -> bool {
        let _ = password;
        true
    }

    /// Works out what depends on the password and [`Scheme::shared`] only.
    fn derive(&self, password: &[u8], key: &mut Vec<u8>) {
        key.extend_from_slice(password);
    }

    /// True if the response is that of the password `key` was derived from.
    fn check(&self, key: &[u8]) -> bool;
}
