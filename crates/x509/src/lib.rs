//! What the certificate authority does with every request, as far as the request is plain.
//!
//! The reader of all requests is `sentinel.ca.x509.request`: it says what is wrong with one. Here is what a
//! device sends ordinarily, read and proven in one go; whatever is not of that form, or is not proven, is left
//! to that reader, so that there is one place that refuses.

mod der;
mod name;
pub mod pem;
mod request;

pub use name::{ATTRIBUTES, Name};
pub use request::{Algorithm, Request};
