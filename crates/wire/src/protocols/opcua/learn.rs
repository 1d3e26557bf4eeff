//! What answers and certificates tell of the applications that sent them.

use super::request::Request;
use super::{OpcUa, report, response, services};
use crate::cx::Cx;
use crate::model::Val;
use crate::protocols::tls::cert::Certificate;

/// Nodes remembered by name.
const MAX_NAMED: usize = 32;
/// Certificates looked at in one connection.
const MAX_CERTIFICATES: usize = 8;

impl OpcUa {
    /// Takes what an answer tells of the server.
    pub(super) fn learn(&mut self, cx: &mut Cx<'_>, request: &Request, body: &response::Body<'_>) {
        report::endpoints(cx, &body.endpoints);
        if let [one] = body.servers.as_slice() {
            report::application(cx, one);
        }
        self.certificate(cx, body.certificate);
        for endpoint in &body.endpoints {
            self.certificate(cx, endpoint.certificate);
        }
        report::server(cx, body);
        for (node, name) in &body.named {
            if let Some(fact) = identity(name)
                && self.named.len() < MAX_NAMED
                && !self.named.iter().any(|(n, _)| n == node)
            {
                self.named.push((node.clone(), fact));
            }
        }
        if request.service.code != services::READ || self.named.is_empty() {
            return;
        }
        for (item, value) in request.items.iter().zip(&body.values) {
            let Some((_, fact)) = self.named.iter().find(|(node, _)| *node == item.node) else { continue };
            // of several devices behind one server no value is the server's own
            let alone = self.named.iter().filter(|(_, f)| f == fact).count() == 1;
            if let (Some(Val::Str(text)), true, Some(services::VALUE)) = (value, alone, item.attribute)
                && !text.trim().is_empty()
            {
                cx.fact(cx.from(), fact, text.trim(), "DeviceType");
            }
        }
    }

    /// Facts of a certificate's holder, once for each certificate.
    pub(super) fn certificate(&mut self, cx: &mut Cx<'_>, der: &[u8]) {
        let Some(tail) = der.last_chunk::<8>() else { return };
        let seen = (der.len(), *tail);
        if self.certificates.len() >= MAX_CERTIFICATES || self.certificates.contains(&seen) {
            return;
        }
        self.certificates.push(seen);
        let certificate = Certificate::read(der);
        if certificate.readable {
            crate::protocols::tls::report::certificate(cx, &certificate);
        }
    }
}

/// Which fact a device's identification property is (OPC 10000-100, 4.5.2).
fn identity(name: &str) -> Option<&'static str> {
    Some(match name {
        "Manufacturer" => "vendor",
        "Model" => "product",
        "ProductCode" => "model",
        "SerialNumber" => "serial",
        "HardwareRevision" => "hardware",
        "SoftwareRevision" => "firmware",
        _ => return None,
    })
}
