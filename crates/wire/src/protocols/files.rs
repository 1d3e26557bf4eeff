//! What a file's name says of it, for every protocol that moves files.

/// Extensions that hardly name anything but a firmware image.
const IMAGES: &[&str] = &[
    "bin", "chk", "dav", "dlf", "fw", "fwu", "fwz", "frm", "hex", "img", "itb", "mot", "rom", "s19", "srec",
    "squashfs", "swu", "trx", "ubi", "ubin", "upd", "upg",
];
/// Containers that hold firmware only if the name says so too.
const CONTAINERS: &[&str] =
    &["bz2", "cab", "exe", "gz", "ipk", "pkg", "rar", "tar", "tgz", "xz", "zip", "zst"];
const WORDS: &[&str] = &["firmware", "sysupgrade", "fwupdate", "fw_update", "fw-update"];

/// True if a file of this name or path is most likely a firmware image.
pub fn is_firmware(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    if stem.is_empty() {
        return false;
    }
    IMAGES.contains(&extension)
        || (CONTAINERS.contains(&extension) && WORDS.iter().any(|word| stem.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::is_firmware;

    #[test]
    fn knows_images_and_named_containers() {
        for name in ["/flash/M340_V3.20.BIN", "digicap.dav", "C:\\fw\\router-firmware.zip", "openwrt.trx"] {
            assert!(is_firmware(name), "{name}");
        }
        for name in ["index.html", "backup.zip", "bin", ".bin", "photo.jpg", "firmware.html", ""] {
            assert!(!is_firmware(name), "{name}");
        }
    }
}
