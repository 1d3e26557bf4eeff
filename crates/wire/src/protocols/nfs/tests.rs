use super::*;
use crate::testkit::Dialogue;

fn words(list: &[u32]) -> Vec<u8> {
    list.iter().flat_map(|n| n.to_be_bytes()).collect()
}
fn text(t: &str) -> Vec<u8> {
    let mut out = (t.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(t.as_bytes());
    out.resize(out.len().div_ceil(4) * 4, 0);
    out
}
fn call(xid: u32, program: u32, version: u32, procedure: u32, arguments: &[u8]) -> Vec<u8> {
    let auth = [words(&[7]), text("hmi7"), words(&[0, 0, 0])].concat();
    let head = words(&[xid, 0, 2, program, version, procedure, 1, auth.len() as u32]);
    [head, auth, words(&[0, 0]), arguments.to_vec()].concat()
}
fn reply(xid: u32, results: &[u8]) -> Vec<u8> {
    [words(&[xid, 1, 0, 0, 0, 0]), results.to_vec()].concat()
}
fn record(m: Vec<u8>) -> Vec<u8> {
    [(0x8000_0000 | m.len() as u32).to_be_bytes().to_vec(), m].concat()
}

#[test]
fn mounts_looks_up_and_writes() {
    let (root, file) = (text("ROOTHNDL"), text("FILEHNDL"));
    let seen = Dialogue::tcp(&SPEC, 2049)
        .client(&record(call(1, rpc::MOUNT, 3, 1, &text("/export"))))
        .server(&record(reply(1, &[words(&[0]), root.clone(), words(&[0])].concat())))
        .client(&record(call(2, rpc::NFS, 3, 3, &[root.clone(), text("plc.bin")].concat())))
        .server(&record(reply(2, &[words(&[0]), file.clone()].concat())))
        .client(&record(call(3, rpc::NFS, 3, 7, &[file, words(&[0, 0, 4, 2])].concat())))
        .server(&record(reply(3, &words(&[13]))))
        .client(&record(call(4, rpc::NFS, 3, 12, &[root, text("old")].concat())))
        .end();
    assert_eq!(
        seen.ops(),
        ["nfs mount accepted x1", "nfs lookup accepted x1", "nfs write refused x1", "nfs remove no-answer x1"]
    );
    assert_eq!(seen.facts(), ["client hostname=hmi7"]);
}

#[test]
fn a_portmapper_lists_programs() {
    let list = words(&[1, 100_003, 3, 6, 2049, 1, 395_183, 1, 17, 700, 0]);
    let d = Dialogue::udp(&SPEC, 111);
    assert_eq!(d.identify(true, &call(9, rpc::PORTMAP, 2, 4, &[])), Verdict::Strong(Role::Client));
    let seen = d.client(&call(9, rpc::PORTMAP, 2, 4, &[])).server(&reply(9, &list)).end();
    assert_eq!(
        seen.facts(),
        ["client hostname=hmi7", "server rpc_program=nfs tcp/2049", "server rpc_program=vxi11 udp/700"]
    );
}

proptest::proptest! {
    #[test]
    fn never_panics(data: Vec<u8>, at in 0usize..90, byte: u8, cut in 1usize..60) {
        let mut a = call(2, rpc::NFS, 4, 1, &[text(""), words(&[0, 3, 24, 15]), text("x"), words(&[28]), text("y")].concat());
        let mut b = reply(2, &words(&[0, 1, 2]));
        for v in [&mut a, &mut b] {
            if let Some(x) = v.get_mut(at) { *x = byte; }
        }
        let d = Dialogue::udp(&SPEC, 2049);
        let _ = (d.identify(true, &data), d.identify(true, &a));
        d.client(&a).server(&b).client(&data).server(&data).end();
        Dialogue::tcp(&SPEC, 2049).client_split(&record(a), cut).server_split(&record(b), cut).gap(false, 2).client(&data).end();
    }
}

#[test]
fn what_it_keeps_is_bounded() {
    let mut p = Nfs::default();
    let mut d = Dialogue::udp(&SPEC, 2049);
    for n in 0..2000 {
        d = d.client(&call(n, rpc::NFS, 3, 12, &[text("ROOT"), text("x")].concat()));
    }
    assert_eq!(d.end().ops(), ["nfs remove unknown x1936", "nfs remove no-answer x64"]);
    let open = |n: u32| Open {
        program: rpc::NFS,
        version: 3,
        asked: Asked { action: Action::Read, name: "lookup", target: Some(n.to_string()), handle: None },
        at: Stamp::default(),
    };
    for n in 0..100_000u32 {
        p.keep(&(n % 9000).to_be_bytes(), &open(n));
    }
    assert!(p.handles.len() <= MAX_HANDLES);
}
