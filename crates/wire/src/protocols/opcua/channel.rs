//! The secure channel: how what goes through it is protected.

use super::request::Fields;
use crate::cx::Cx;
use crate::model::Val;

/// What is known of the secure channel.
#[derive(Debug, Default)]
pub struct Channel {
    pub policy: Option<String>,
    pub mode: Option<&'static str>,
    pub noted: bool,
}

impl Channel {
    /// Fields that say how what is reported was protected.
    pub fn fields(&self) -> Fields {
        let mut f = Fields::new();
        if let Some(policy) = &self.policy {
            f.push(("opcua.security_policy", Val::from(policy.as_str())));
        }
        if let Some(mode) = self.mode {
            f.push(("opcua.security_mode", Val::Static(mode)));
        }
        f
    }

    /// Bytes of the signature at the end of each chunk that is signed and not encrypted
    /// (OPC 10000-7, 6.6.161: HMAC-SHA1 in the two old policies, HMAC-SHA256 in the others).
    pub fn signature(&self) -> usize {
        match self.policy.as_deref() {
            None | Some("None") => 0,
            Some("Basic128Rsa15" | "Basic256") => 20,
            Some(_) => 32,
        }
    }

    /// Notes once how a session's channel is protected. Discovery is always unprotected (OPC
    /// 10000-4, 5.5.1), so that a channel without a session says nothing.
    pub fn protection(&mut self, cx: &mut Cx<'_>) {
        if self.noted {
            return;
        }
        if let (Some(policy), Some(mode)) = (&self.policy, self.mode) {
            self.noted = true;
            cx.service_info("security_policy", policy.as_str());
            cx.service_info("security_mode", mode);
            if mode == "none" {
                cx.service_info("protection", "none");
            }
        }
    }
}
