//! What a file is, by its first bytes.

/// What stands at the head of a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Pcap,
    PcapNg,
    Gzip,
    Zstd,
    Other,
}

/// Bytes of a source that [`kind`] and [`describe`] want to see (fewer if it has no more).
pub(super) const HEAD: usize = 24;

pub(super) fn kind(head: &[u8]) -> Kind {
    match head {
        [0x0a, 0x0d, 0x0d, 0x0a, ..] => Kind::PcapNg,
        [0x1f, 0x8b, ..] => Kind::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Zstd,
        // Skippable frames may stand before the data (RFC 8878, section 3.1.2).
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Kind::Zstd,
        _ if super::pcap::magic(head).is_some() => Kind::Pcap,
        _ => Kind::Other,
    }
}

/// Signatures of what is often given instead of a capture, and what to do about it.
const OTHERS: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "it is a ZIP archive, unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive, unpack it first"),
    (b"Rar!", "it is a RAR archive, unpack it first"),
    (b"BZh", "it is bzip2 data, decompress it first"),
    (b"\xfd7zXZ\0", "it is xz data, decompress it first"),
    (b"\x04\x22\x4d\x18", "it is LZ4 data, decompress it first"),
    (b"snoop\0\0\0", "it is a Solaris snoop file, convert it with: editcap -F pcap IN OUT"),
    (b"RTSS", "it is a Network Monitor file, convert it with: editcap -F pcap IN OUT"),
    (b"GMBU", "it is a Network Monitor file, convert it with: editcap -F pcap IN OUT"),
    (b"XCP\0", "it is a NetXRay file, convert it with: editcap -F pcap IN OUT"),
    (b"TRSNIFF data", "it is a Sniffer file, convert it with: editcap -F pcap IN OUT"),
    (b"\x1c\x00\x01\xab", "it is an IXIA file, convert it with: editcap -F pcap IN OUT"),
    (b"\x1c\x00\x01\xac", "it is an IXIA file, convert it with: editcap -F pcap IN OUT"),
    (b"#separator", "it is a Zeek log, not packets"),
    (b"%PDF", "it is a PDF document"),
    (b"\x7fELF", "it is a program"),
    (b"SQLite format 3", "it is an SQLite database"),
    (b"version https://git-lfs", "it is a Git LFS pointer, fetch the file with: git lfs pull"),
    (b"<", "it is HTML or XML, perhaps an error page saved by a download"),
    (b"{", "it is JSON"),
];

/// One clause on what the file seems to be and what to do.
pub(super) fn describe(head: &[u8]) -> String {
    for (magic, what) in OTHERS {
        if head.starts_with(magic) {
            return (*what).to_owned();
        }
    }
    if head.iter().all(|&b| b == 0) {
        return "it begins with zero bytes, perhaps a copy that never finished; copy it again".to_owned();
    }
    if head.iter().all(|&b| matches!(b, 9 | 10 | 13 | 32..=126)) {
        return "it is text".to_owned();
    }
    let first: Vec<u8> = head.iter().copied().take(4).collect();
    format!("it begins with {}, which is the mark of neither", crate::bytes::hex(&first))
}
