//! Publishers of a group through the whole engine: who forges a stream sends from another address, and
//! is told from the owner however the work is divided.

use sentinel_wire::engine::{Config, Engine};
use sentinel_wire::model::Action;
use sentinel_wire::obs::EventMode;
use std::path::PathBuf;
use std::time::Duration;

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, body.len() as u8];
    out.extend(body);
    out
}

/// A GOOSE frame to a group, from the station with this number.
fn goose(station: u8, state: u8, repetition: u8) -> Vec<u8> {
    let body = [
        tlv(0x80, b"BAY1LD0/LLN0$GO$gcb01"),
        tlv(0x81, &[0x7f, 0xff]),
        tlv(0x82, b"BAY1LD0/LLN0$Trip"),
        tlv(0x84, &[0x65, 0, 0, state, 0, 0, 0, 0]),
        tlv(0x85, &[state]),
        tlv(0x86, &[repetition]),
        tlv(0x88, &[1]),
        tlv(0x8a, &[1]),
        tlv(0xab, &[0x83, 1, state & 1]),
    ]
    .concat();
    let apdu = tlv(0x61, &body);
    let mut out = vec![1, 0x0c, 0xcd, 1, 0, 1, 2, 0, 0, 0, 0, station, 0x88, 0xb8, 0, 1];
    out.extend(((apdu.len() + 8) as u16).to_be_bytes());
    out.extend([0; 4]);
    out.extend(apdu);
    out
}

fn capture(name: &str, frames: &[Vec<u8>]) -> PathBuf {
    let mut out =
        [&0xa1b2_c3d4u32.to_le_bytes()[..], &[2, 0, 4, 0], &[0; 8], &[0, 0, 4, 0, 1, 0, 0, 0]].concat();
    for (i, frame) in frames.iter().enumerate() {
        for word in [1_700_000_000 + i as u32, 0, frame.len() as u32, frame.len() as u32] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(frame);
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.pcap", std::process::id()));
    std::fs::write(&path, out).expect("a file to write");
    path
}

/// Events as they are written, and the injections by (client, server).
fn run(path: &PathBuf, workers: usize, batch: usize) -> (String, Vec<(String, String)>) {
    let config = Config { workers, batch, events: EventMode::Notable, ..Config::default() };
    let mut engine = Engine::open(std::slice::from_ref(path), Vec::new(), config).expect("a run");
    let mut out = Vec::new();
    let mut done = false;
    while !done {
        done = engine.step(Duration::from_millis(50));
        for e in engine.take_events() {
            sentinel_wire::events::write(&mut out, &e, "x", true, false);
            out.push(b'\n');
        }
    }
    let mut injected = Vec::new();
    for obs in engine.finish() {
        let name = |id: sentinel_wire::obs::HostId| obs.hosts[id.0 as usize].0.addr.to_string();
        for (key, _) in obs.operations.iter().filter(|(_, s)| s.action == Action::Inject) {
            injected.push((name(key.client), name(key.server)));
        }
    }
    (String::from_utf8_lossy(&out).into_owned(), injected)
}

#[test]
fn a_forger_is_told_from_the_owner_for_any_division_of_work() {
    // stations whose pairs with the group lie in several shards
    for forger in 2..12 {
        let frames =
            [goose(1, 5, 7), goose(1, 5, 8), goose(forger, 6, 0), goose(1, 5, 9), goose(forger, 7, 0)];
        let path = capture(&format!("forged-{forger}"), &frames);
        let one = run(&path, 1, 4096);
        assert_eq!(one, run(&path, 3, 1));
        std::fs::remove_file(&path).expect("the file to go");
        let (events, injected) = one;
        assert_eq!(injected, [(format!("02:00:00:00:00:{forger:02x}"), "02:00:00:00:00:01".to_owned())]);
        let count = |action: &str| events.matches(&format!("\"event.action\":\"{action}\"")).count();
        let found = ["new_publisher", "second_publisher", "publish", "state_change"].map(count);
        assert_eq!(found, [1, 2, 2, 1], "{events}");
    }
}
