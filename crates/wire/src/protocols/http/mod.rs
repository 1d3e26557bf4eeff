//! HTTP/1.0 and 1.1 (RFC 9110, 9112).
//!
//! Requests are paired with their responses in order, pipelined ones too; bodies are passed over,
//! except the beginnings of those that can hold a log-in, a title or a device's description. After
//! a loss the next head is waited for.

mod action;
pub mod auth;
mod content;
pub(super) mod device;
mod exchange;
mod form;
mod framing;
mod head;
mod outcome;
#[cfg(test)]
mod tests;
pub mod text;
pub mod xml;

use crate::cx::Cx;
use crate::model::*;
use crate::probe::*;
use crate::protocols::ntlm;
use content::{wanted_of_request, wanted_of_response};
use exchange::Exchange;
use framing::{At, Lane};
use head::{Framing, Head, Read};
use std::collections::VecDeque;
use text::cut;

pub static SPEC: Spec = Spec {
    name: "http",
    title: "Hypertext Transfer Protocol 1.x",
    industrial: false,
    transports: &[Transport::Tcp],
    ports: &[80, 8080, 8000, 8081, 8888, 3128, 7547, 5985],
    ethertypes: &[],
    rank: 40,
    identify,
    open: || Box::new(Http::default()),
    pdus: false,
    facts: &[
        "server",
        "realm",
        "title",
        "hostname",
        "user_agent",
        "os",
        "vendor",
        "product",
        "model",
        "firmware",
        "hardware",
        "serial",
        "name",
        "location",
        "id:ga1400",
    ],
    credentials: &["password", "hash", "token", "user"],
    operations: &["firmware_upload", "upload", "put", "delete", "reboot", "factory_default", "set_config"],
    source: "RFC 9110, 9112, 7616, 7617, 6750; UPnP Device Architecture 2.0, ONVIF Core, TR-069",
    level: 5,
    proofs: &["zeek/http"],
};

/// Requests of one connection that may wait for their answer.
const MAX_OPEN: usize = 64;
/// Log-ins of one connection that are remembered as told.
const MAX_TOLD: usize = 32;
/// A Date field has whole seconds, of when the answer was begun.
const TIME_SLACK: Micros = 3_000_000;

fn identify(_: &Hint, data: &[u8]) -> Verdict {
    match head::like_response(data) {
        Some(true) => {
            let status = data.get(9..12).unwrap_or_default();
            return match status {
                [b'1'..=b'5', b, c] if b.is_ascii_digit() && c.is_ascii_digit() => Verdict::Strong(Role::Server),
                _ if data.len() < 12 => Verdict::Need,
                _ => Verdict::Weak(Role::Server),
            };
        }
        None if !data.is_empty() => return Verdict::Need,
        _ => {}
    }
    match (head::request_line(data), head::like_request(data)) {
        (Some(true), _) => Verdict::Strong(Role::Client),
        (Some(false), _) | (None, Some(false)) => Verdict::No,
        // a target longer than what is looked at
        (None, Some(true)) if data.len() >= 2048 => Verdict::Weak(Role::Client),
        (None, _) => Verdict::Need,
    }
}

/// One connection.
#[derive(Default)]
pub struct Http {
    lanes: [Lane; 2],
    open: VecDeque<Exchange>,
    /// Number of the last request, the one whose body is being read.
    serial: u64,
    /// Answers were lost, or the capture began behind some.
    recount: bool,
    /// The server was heard at all.
    heard: bool,
    ntlm: ntlm::Session,
    told: Vec<u64>,
    agent: u64,
    server: u64,
    host: u64,
    realm: u64,
    /// A CONNECT was accepted: what follows is another protocol.
    tunnel: bool,
    /// The server is a proxy: what it forwards says nothing of itself.
    proxy: bool,
    begun: bool,
}

fn lane(side: Side) -> usize {
    usize::from(side == Side::Server)
}

fn hash(text: &str) -> u64 {
    use std::hash::Hasher;
    let mut h = rustc_hash::FxHasher::default();
    h.write(text.as_bytes());
    h.finish() | 1
}

impl Probe for Http {
    fn stream(&mut self, cx: &mut Cx<'_>, data: &[u8]) -> Step {
        if self.tunnel {
            return self.inside(data);
        }
        if !self.begun {
            self.begin(cx, data);
        }
        let from = cx.from();
        match self.lanes[lane(from)].at {
            At::Head => self.head(cx, from, data),
            At::Lost => self.find(cx, from, data),
            At::Length(left) => self.length(cx, from, data, left),
            At::ChunkSize => self.chunk_size(cx, from, data),
            At::Chunk(left) => self.chunk(cx, from, data, left),
            At::ChunkEnd => self.chunk_end(from, data),
            At::Trailer => self.trailer(cx, from, data),
            At::Close => self.close(cx, from, data),
        }
    }

    fn gap(&mut self, cx: &mut Cx<'_>, from: Side, missing: u64) {
        self.begun = true;
        let at = match self.lanes[lane(from)].at {
            At::Length(left) if missing == left => Some(At::Head),
            At::Length(left) if missing < left => Some(At::Length(left - missing)),
            At::Chunk(left) if missing == left => Some(At::ChunkEnd),
            At::Chunk(left) if missing < left => Some(At::Chunk(left - missing)),
            _ => None,
        };
        if let Some(at) = at {
            // only a piece of a body is missing
            self.body_done(cx, from);
            self.lanes[lane(from)].at = at;
            return;
        }
        let kept = std::mem::take(&mut self.lanes[lane(from)]);
        let close = kept.at == At::Close;
        self.lanes[lane(from)].at = if close { At::Close } else { At::Lost };
        if from == Side::Server {
            self.heard = true;
            self.recount = true;
            self.ntlm.gap();
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>) {
        for side in [Side::Client, Side::Server] {
            self.body_done(cx, side);
        }
        let heard = self.heard;
        for exchange in std::mem::take(&mut self.open) {
            self.unanswered(cx, exchange, heard);
        }
    }
}

impl Http {
    /// First data of the connection: the roles by what they say, a capture that began in the middle.
    fn begin(&mut self, cx: &mut Cx<'_>, data: &[u8]) {
        self.begun = true;
        let says = match (head::like_request(data), head::like_response(data)) {
            (Some(true), _) => Some(Side::Client),
            (_, Some(true)) => Some(Side::Server),
            _ => None,
        };
        if let Some(side) = says {
            cx.sender_is(side);
        }
        if !cx.flow().oriented {
            self.lanes.iter_mut().for_each(|l| l.at = At::Lost);
            self.recount = true;
        }
    }

    /// Behind an accepted CONNECT.
    fn inside(&mut self, data: &[u8]) -> Step {
        match data {
            [0x16, 3, ..] => Step::Become { name: "tls", used: 0 },
            [0x16] => Step::Need,
            _ if data.starts_with(b"SSH-") => Step::Become { name: "ssh", used: 0 },
            _ if data.len() < 4 && b"SSH-".starts_with(data) => Step::Need,
            _ => match head::request_line(data) {
                Some(true) => {
                    self.tunnel = false;
                    self.stream_again()
                }
                None if head::like_request(data) != Some(false) && data.len() < 2048 => Step::Need,
                _ => Step::Done,
            },
        }
    }

    /// Plain HTTP in the tunnel: the same parser again.
    fn stream_again(&mut self) -> Step {
        self.lanes = Default::default();
        Step::Become { name: "http", used: 0 }
    }

    /// Looks for a head at a segment's start.
    fn find(&mut self, cx: &mut Cx<'_>, from: Side, data: &[u8]) -> Step {
        let like = match from {
            Side::Client => head::like_request(data),
            Side::Server => head::like_response(data),
        };
        match like {
            Some(true) => {
                self.lanes[lane(from)].at = At::Head;
                self.head(cx, from, data)
            }
            None => Step::Need,
            Some(false) => {
                self.heard |= from == Side::Server;
                Step::Used(data.len())
            }
        }
    }

    fn lost(&mut self, from: Side) -> Step {
        self.lanes[lane(from)] = Lane { at: At::Lost, ..Lane::default() };
        Step::Bad
    }

    fn head(&mut self, cx: &mut Cx<'_>, from: Side, data: &[u8]) -> Step {
        // blank lines before a message are to be overlooked (RFC 9112 section 2.2)
        let blank = data.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if blank > 0 {
            return Step::Used(blank);
        }
        let read = match from {
            Side::Client => Head::request(data),
            Side::Server => Head::response(data),
        };
        match read {
            Read::Need => Step::Need,
            Read::Bad => {
                self.recount |= from == Side::Server;
                self.lost(from)
            }
            Read::Good(head) => {
                let used = head.length;
                let step = match from {
                    Side::Client => self.request(cx, &head),
                    Side::Server => self.response(cx, &head),
                };
                step.unwrap_or(Step::Used(used))
            }
        }
    }

    fn request(&mut self, cx: &mut Cx<'_>, head: &Head<'_>) -> Option<Step> {
        self.serial += 1;
        let mut exchange = Exchange::new(cx, head, self.serial);
        self.proxy |= exchange.proxied;
        if let Some(agent) = head.get("user-agent")
            && hash(agent) != self.agent
        {
            self.agent = hash(agent);
            device::agent(cx, agent);
        }
        // who reports to a video and image library (GA/T 1400.4, 6.2): 20 digits, the parts of GB/T 28181's codes
        let id = head.get("user-identify").filter(|id| id.len() == 20 && id.bytes().all(|b| b.is_ascii_digit()));
        if let Some(id) = id
            && head.target.contains("/VIID/")
        {
            cx.also("ga1400");
            cx.fact(Side::Client, "id:ga1400", id, "User-Identify");
        }
        if !self.proxy {
            self.host(cx, head);
        }
        for field in auth::fields(head, head.method) {
            match field {
                auth::Field::Login(login) => exchange.logins.push(login),
                auth::Field::Ntlm(blob) => {
                    if let Some(ntlm::Token::Authenticate(login)) =
                        self.ntlm.token(cx, Side::Client, &blob)
                    {
                        exchange.ntlm = login;
                    }
                }
            }
        }
        exchange.deed = action::request(head.method, head.target, &head.media_type());
        let lane = &mut self.lanes[0];
        lane.body.clear();
        lane.at = match head.framing() {
            Framing::Length(0) | Framing::Close => At::Head,
            Framing::Length(n) => At::Length(n),
            Framing::Chunked => At::ChunkSize,
        };
        lane.want = if lane.at == At::Head { None } else { wanted_of_request(head) };
        if self.open.len() >= MAX_OPEN
            && let Some(oldest) = self.open.pop_front()
        {
            cx.dropped("http_requests");
            self.unanswered(cx, oldest, false);
        }
        self.open.push_back(exchange);
        None
    }

    /// The name others call the server by.
    fn host(&mut self, cx: &mut Cx<'_>, head: &Head<'_>) {
        let Some(host) = head.get("host").filter(|h| hash(h) != self.host) else { return };
        self.host = hash(host);
        let name = exchange::host_name(host);
        let shape = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let numeric = name.chars().all(|c| c.is_ascii_digit() || c == '.');
        if !name.is_empty() && !numeric && name.chars().all(shape) {
            cx.fact(Side::Server, "hostname", name, "Host");
        }
    }

    fn response(&mut self, cx: &mut Cx<'_>, head: &Head<'_>) -> Option<Step> {
        self.heard = true;
        let status = head.status;
        if (100..200).contains(&status) && status != 101 {
            return None;
        }
        let exchange = self.asked(cx);
        let connect = exchange.as_ref().is_some_and(|e| e.connect);
        let bodiless = exchange.as_ref().is_some_and(|e| e.head) || matches!(status, 101 | 204 | 304);
        let path = exchange.as_ref().map(|e| e.path.clone()).unwrap_or_default();
        let stale = self.challenges(cx, head);
        if !self.proxy
            && cx.wants_events()
            && let Some(time) = head.get("date").and_then(device::date)
        {
            cx.says_time(Side::Server, "", time, TIME_SLACK);
        }
        if !self.proxy
            && let Some(server) = head.get("server").filter(|s| hash(s) != self.server)
        {
            self.server = hash(server);
            cx.fact(Side::Server, "server", cut(server, 250), "Server");
            let (product, version) = device::product(server);
            cx.service_info("product", product);
            if !version.is_empty() {
                cx.service_info("version", version);
            }
        }
        match exchange {
            Some(exchange) => self.answered(cx, exchange, head, stale),
            None => exchange::event(cx, None, Some(head)),
        }
        if status == 101 {
            let secure = head.get("upgrade").is_some_and(|u| u.to_ascii_uppercase().starts_with("TLS/"));
            return Some(if secure { Step::Become { name: "tls", used: head.length } } else { Step::Done });
        }
        if connect && (200..300).contains(&status) {
            self.tunnel = true;
            return None;
        }
        let lane = &mut self.lanes[1];
        lane.body.clear();
        lane.at = match head.framing() {
            _ if bodiless => At::Head,
            Framing::Length(0) => At::Head,
            Framing::Length(n) => At::Length(n),
            Framing::Chunked => At::ChunkSize,
            Framing::Close => At::Close,
        };
        let none = lane.at == At::Head || self.proxy;
        lane.want = if none { None } else { wanted_of_response(head, &path) };
        None
    }

    /// The request that the response at hand answers. Behind a loss it is the last one that was
    /// asked before it: who asks again has had an answer, only that it was not seen.
    fn asked(&mut self, cx: &mut Cx<'_>) -> Option<Exchange> {
        let now = cx.at();
        let before = self.open.iter().take_while(|e| e.asked <= now).count();
        if std::mem::take(&mut self.recount) {
            for _ in 1..before {
                if let Some(lost) = self.open.pop_front() {
                    self.unanswered(cx, lost, false);
                }
            }
        }
        if before == 0 { None } else { self.open.pop_front() }
    }
}
