use super::*;
use proptest::prelude::*;

fn pattern(offset: usize, bytes: &[u8], mask: &[u8]) -> Pattern {
    Pattern { offset, bytes: bytes.to_vec(), mask: mask.to_vec() }
}
/// A meter protocol: filler FE, 68 … 68 C L data CS 16.
fn meter() -> Signature {
    let shape = Shape {
        patterns: vec![pattern(0, &[0x68], &[]), pattern(7, &[0x68], &[])],
        skip: Some((0xfe, 4)),
        length: Some(Length { offset: 9, width: 1, add: 12, ..Length::default() }),
        last: Some(0x16),
        check: Some(Check { sum: Sum::Sum8, from: 0, back: 2, ..Check::default() }),
        min_len: 12,
        strong: true,
        client: Some(pattern(8, &[0], &[0x80])),
        server: Some(pattern(8, &[0x80], &[0x80])),
        escape: None,
    };
    Signature {
        transports: vec![Transport::Tcp, Transport::Udp],
        shapes: vec![shape],
        ..Signature::default()
    }
}
fn hint(transport: Transport) -> Hint {
    Hint { transport, src_port: 1000, dst_port: 2000, ethertype: 0 }
}
const FRAME: [u8; 16] = [0x68, 1, 0, 0, 0, 0, 0, 0x68, 0x11, 4, 0x33, 0x33, 0x34, 0x33, 0xb3, 0x16];

#[test]
fn a_frame_with_its_filler_is_found_in_any_cut() {
    let meter = meter();
    assert_eq!(meter.check(), Ok(()));
    for filler in 0..=4 {
        let mut data = vec![0xfe; filler];
        data.extend(FRAME);
        assert_eq!(meter.matches(&hint(Transport::Tcp), &data), Verdict::Strong(Role::Client));
        assert_eq!(meter.matches(&hint(Transport::Udp), &data), Verdict::Strong(Role::Client));
        for n in 0..data.len() {
            assert_eq!(meter.matches(&hint(Transport::Tcp), &data[..n]), Verdict::Need, "{n}");
            assert_eq!(meter.matches(&hint(Transport::Udp), &data[..n]), Verdict::No, "{n}");
        }
    }
    assert_eq!(meter.matches(&hint(Transport::L2), &FRAME), Verdict::No);
    assert_eq!(meter.matches(&hint(Transport::Tcp), &[[0xfe; 5].as_slice(), &FRAME].concat()), Verdict::No);
}

#[test]
fn the_sender_is_told_by_a_masked_bit() {
    let mut answer = FRAME;
    answer[8] = 0x91;
    answer[14] = 0x33;
    assert_eq!(meter().matches(&hint(Transport::Tcp), &answer), Verdict::Strong(Role::Server));
}

#[test]
fn every_condition_counts() {
    for at in [0, 7, 14, 15] {
        let mut frame = FRAME;
        frame[at] ^= 0x40;
        assert_eq!(meter().matches(&hint(Transport::Tcp), &frame), Verdict::No, "byte {at}");
    }
    // another length: the frame is not complete, or its end is elsewhere
    let mut frame = FRAME;
    frame[9] = 200;
    assert_eq!(meter().matches(&hint(Transport::Udp), &frame), Verdict::No);
    frame[9] = 3;
    assert_eq!(meter().matches(&hint(Transport::Udp), &frame), Verdict::No);
}

#[test]
fn a_datagram_is_filled_by_its_frames() {
    let two = [&[0xfe, 0xfe][..], &FRAME, &[0xfe], &FRAME].concat();
    assert_eq!(meter().matches(&hint(Transport::Udp), &two), Verdict::Strong(Role::Client));
    let more = [&FRAME[..], &[1, 2, 3]].concat();
    assert_eq!(meter().matches(&hint(Transport::Udp), &more), Verdict::No);
    assert_eq!(meter().matches(&hint(Transport::Tcp), &more), Verdict::Strong(Role::Client));
}

#[test]
fn the_best_shape_decides() {
    let weak = Shape { patterns: vec![pattern(0, &[1, 0], &[])], min_len: 4, ..Shape::default() };
    let strong = Shape {
        patterns: vec![pattern(0, &[1, 0], &[]), pattern(4, &[1, 0, 6], &[])],
        length: Some(Length { offset: 2, width: 2, big_endian: true, add: 4, ..Length::default() }),
        strong: true,
        ..Shape::default()
    };
    let signature =
        Signature { transports: vec![Transport::Udp], shapes: vec![weak, strong], ..Signature::default() };
    assert_eq!(signature.check(), Ok(()));
    let hint = hint(Transport::Udp);
    assert_eq!(signature.matches(&hint, &[1, 0, 0, 0]), Verdict::Weak(Role::Unknown));
    assert_eq!(signature.matches(&hint, &[1, 0, 0, 3, 1, 0, 6]), Verdict::Strong(Role::Unknown));
    assert_eq!(signature.matches(&hint, &[1, 0, 0, 9, 1, 0, 6]), Verdict::Weak(Role::Unknown));
    assert_eq!(signature.matches(&hint, &[1, 0, 0]), Verdict::No);
}

#[test]
fn bad_declarations_are_refused_by_name() {
    let says = |change: fn(&mut Signature), word: &str| {
        let mut s = meter();
        change(&mut s);
        let why = s.check().unwrap_err();
        assert!(why.contains(word), "{why}");
    };
    says(|s| s.transports.clear(), "no transport");
    says(|s| s.shapes.clear(), "shapes");
    says(|s| s.ports = vec![1; 65], "ports");
    says(|s| s.shapes[0].patterns.clear(), "no pattern");
    says(|s| s.shapes[0].patterns[0].bytes.clear(), "no bytes");
    says(|s| s.shapes[0].patterns[0].mask = vec![1, 2], "mask of 2");
    says(|s| s.shapes[0].patterns[0].offset = 5000, "beyond");
    says(|s| s.shapes[0].length = None, "need length");
    says(|s| s.shapes[0].check = Some(Check { back: 0, ..Check::default() }), "counts back");
    says(|s| s.shapes[0].length = Some(Length { width: 5, ..Length::default() }), "1 to 4");
    says(
        |s| {
            s.shapes[0] = Shape { patterns: vec![pattern(0, &[0x68], &[])], strong: true, ..Shape::default() }
        },
        "fixes 8 bits",
    );
}

proptest! {
    #[test]
    fn no_declaration_and_no_payload_makes_it_panic(
        data in proptest::collection::vec(any::<u8>(), 0..64), offset in any::<usize>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..4),
        mask in proptest::collection::vec(any::<u8>(), 0..6), width in any::<u8>(),
        add in any::<usize>(), back in any::<usize>(), most in any::<usize>(),
    ) {
        let p = Pattern { offset, bytes, mask };
        let shape = Shape {
            patterns: vec![p.clone()],
            skip: Some((0xfe, most)),
            length: Some(Length { offset: offset % 70, width, big_endian: most % 2 == 0, add: add % 80, ascii: back % 2 == 0, mask: add as u32, shift: width }),
            last: data.last().copied(),
            check: Some(Check { sum: Sum::ALL[back % Sum::ALL.len()].1, from: most % 9, back, big_endian: back % 3 == 0, hex: most % 3 == 0 }),
            escape: (most % 4 == 0).then(|| Escape { mark: 0x7e, escape: 0x7d, pairs: vec![(1, 0x7d), (2, 0x7e)] }),
            min_len: back % 9,
            strong: true,
            client: Some(p.clone()),
            server: Some(p),
        };
        let far = Shape { length: Some(Length { offset, width, big_endian: true, add, ..Length::default() }), ..shape.clone() };
        let s = Signature { transports: vec![Transport::Tcp, Transport::Udp], shapes: vec![shape, far], ..Signature::default() };
        for t in [Transport::Tcp, Transport::Udp] {
            s.matches(&hint(t), &data);
        }
        let _ = s.check();
    }
}

#[test]
fn a_length_in_digits_and_a_checksum_in_hex() {
    // HJ 212-2017, appendix A: "##0101QN=...4C41"-like frame of our own
    let body = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&";
    let sum = Sum::Crc16Hj212.of(body);
    let frame =
        [format!("##{:04}", body.len()).as_bytes(), body, format!("{sum:04X}\r\n").as_bytes()].concat();
    assert_eq!(sum, 0x1C80);
    let shape = Shape {
        patterns: vec![pattern(0, b"##", &[])],
        length: Some(Length { offset: 2, width: 4, ascii: true, add: 12, ..Length::default() }),
        check: Some(Check { sum: Sum::Crc16Hj212, from: 6, back: 6, hex: true, ..Check::default() }),
        strong: true,
        ..Shape::default()
    };
    let s = Signature { transports: vec![Transport::Tcp], shapes: vec![shape], ..Signature::default() };
    assert_eq!(s.check(), Ok(()));
    for n in 0..frame.len() {
        assert_eq!(s.matches(&hint(Transport::Tcp), &frame[..n]), Verdict::Need, "{n}");
    }
    assert_eq!(s.matches(&hint(Transport::Tcp), &frame), Verdict::Strong(Role::Unknown));
    for at in [2, 10, frame.len() - 4] {
        let mut bad = frame.clone();
        bad[at] = b'x';
        assert_eq!(s.matches(&hint(Transport::Tcp), &bad), Verdict::No, "{at}");
    }
}

#[test]
fn an_escaped_frame_is_measured_by_its_content() {
    let shape = Shape {
        patterns: vec![pattern(2, &[0], &[0xe0])],
        length: Some(Length {
            offset: 2,
            width: 2,
            big_endian: true,
            mask: 0x3ff,
            add: 13,
            ..Length::default()
        }),
        check: Some(Check { sum: Sum::Xor8, from: 0, back: 1, ..Check::default() }),
        escape: Some(Escape { mark: 0x7e, escape: 0x7d, pairs: vec![(1, 0x7d), (2, 0x7e)] }),
        strong: true,
        ..Shape::default()
    };
    let s = Signature {
        transports: vec![Transport::Tcp, Transport::Udp],
        shapes: vec![shape],
        ..Signature::default()
    };
    assert_eq!(s.check(), Ok(()));
    // id, properties, phone, serial, two bytes of body that must be escaped
    let mut content = vec![0x09, 0, 0, 2, 1, 0x23, 0x45, 0x67, 0x89, 1, 0, 1, 0x7e, 0x7d];
    content.push(content.iter().fold(0, |x, b| x ^ b));
    let mut frame = vec![0x7e];
    for b in content {
        match b {
            0x7e => frame.extend([0x7d, 2]),
            0x7d => frame.extend([0x7d, 1]),
            b => frame.push(b),
        }
    }
    frame.push(0x7e);
    for t in [Transport::Tcp, Transport::Udp] {
        assert_eq!(s.matches(&hint(t), &frame), Verdict::Strong(Role::Unknown));
        let mut bad = frame.clone();
        bad[6] ^= 1;
        assert_eq!(s.matches(&hint(t), &bad), Verdict::No);
    }
    for n in 0..frame.len() {
        assert_eq!(s.matches(&hint(Transport::Tcp), &frame[..n]), Verdict::Need, "{n}");
    }
    assert_eq!(s.matches(&hint(Transport::Tcp), &[0x7e, 9, 0, 0x80]), Verdict::No);
}

#[test]
fn sums_of_known_texts() {
    // the check values of the CRC catalogue for "123456789"
    for (sum, want) in
        [(Sum::Sum8, 0xdd), (Sum::Xor8, 0x31), (Sum::Crc16Modbus, 0x4b37), (Sum::Crc16X25, 0x906e)]
    {
        assert_eq!(sum.of(b"123456789"), want, "{sum:?}");
    }
}
