//! What a device says of itself: Read Device Identification and Report Server ID.
//!
//! Source: MODBUS Application Protocol Specification V1.1b3, sections 6.13 and 6.21.

use crate::bytes::{Reader, text};
use crate::cx::Cx;
use crate::model::Side;

/// Objects looked at in one answer.
const MAX_OBJECTS: u8 = 64;

/// The fact an object of the basic and regular categories gives, and the object's name.
fn object(id: u8) -> Option<(&'static str, &'static str)> {
    Some(match id {
        0 => ("vendor", "device_identification.vendor_name"),
        1 => ("model", "device_identification.product_code"),
        2 => ("firmware", "device_identification.major_minor_revision"),
        3 => ("url", "device_identification.vendor_url"),
        4 => ("product", "device_identification.product_name"),
        5 => ("model", "device_identification.model_name"),
        6 => ("application", "device_identification.user_application_name"),
        0x80..=0xff => ("extended_object", "device_identification.private_object"),
        _ => return None,
    })
}

/// Calls `each` with number and text of every object of an answer (its bytes from the MEI type on).
/// `None` if the answer is cut or malformed; the objects before that were given.
pub fn objects(body: &[u8], mut each: impl FnMut(u8, &str)) -> Option<()> {
    let mut r = Reader::new(body);
    // MEI type, read device id code, conformity level, more follows, next object id
    r.skip(5)?;
    for _ in 0..r.u8()?.min(MAX_OBJECTS) {
        let (id, n) = (r.u8()?, r.u8()?);
        each(id, &text(r.take(usize::from(n))?));
    }
    Some(())
}

/// Notes the objects as facts of `device`.
pub fn device_identification(cx: &mut Cx<'_>, device: Side, body: &[u8]) {
    let whole = objects(body, |id, value| {
        if let Some((name, field)) = object(id) {
            cx.fact(device, name, value, field);
        }
    });
    if whole.is_none() {
        cx.malformed();
    }
}

/// Report Server ID: the layout is the device's own, but many put their name into it. Notes the
/// longest run of printable characters, from six on.
pub fn server_id(cx: &mut Cx<'_>, device: Side, body: &[u8]) {
    if let Some(name) = server_id_text(body) {
        cx.fact(device, "server_id", name, "report_server_id.server_id");
    }
}

/// See [`server_id`].
pub fn server_id_text(body: &[u8]) -> Option<&str> {
    let run = body.get(1..)?.split(|b| !(b' '..=b'~').contains(b)).max_by_key(|run| run.len())?;
    if run.len() < 6 {
        return None;
    }
    std::str::from_utf8(run).ok()
}
