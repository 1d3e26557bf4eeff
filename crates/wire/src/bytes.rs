//! Bounds-checked reading of wire integers: every read is an `Option`, none can panic.

/// A cursor over a slice. Reads past the end give `None` and leave it where it was.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

macro_rules! ints {
    ($($name:ident $t:ty, $from:ident);+ $(;)?) => { $(
        pub fn $name(&mut self) -> Option<$t> {
            self.take(size_of::<$t>()).map(|b| <$t>::$from(b.try_into().unwrap_or_default()))
        }
    )+ };
}

impl<'a> Reader<'a> {
    pub fn new(data: &'a [u8]) -> Reader<'a> {
        Reader { data, at: 0 }
    }
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(n)?;
        let slice = self.data.get(self.at..end)?;
        self.at = end;
        Some(slice)
    }
    pub fn skip(&mut self, n: usize) -> Option<()> {
        self.take(n).map(|_| ())
    }
    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }
    ints! { be16 u16, from_be_bytes; be32 u32, from_be_bytes; be64 u64, from_be_bytes;
    le16 u16, from_le_bytes; le32 u32, from_le_bytes; le64 u64, from_le_bytes;
    be_i16 i16, from_be_bytes; be_i32 i32, from_be_bytes; le_i16 i16, from_le_bytes;
    le_i32 i32, from_le_bytes; be_f32 f32, from_be_bytes; le_f32 f32, from_le_bytes;
    be_f64 f64, from_be_bytes; le_f64 f64, from_le_bytes }
    /// Big-endian 24-bit integer.
    pub fn be24(&mut self) -> Option<u32> {
        self.take(3).map(|b| u32::from_be_bytes([0, b[0], b[1], b[2]]))
    }
    pub fn le24(&mut self) -> Option<u32> {
        self.take(3).map(|b| u32::from_le_bytes([b[0], b[1], b[2], 0]))
    }
    /// The next byte, not taken.
    pub fn peek(&self) -> Option<u8> {
        self.data.get(self.at).copied()
    }
    pub fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }
    pub fn left(&self) -> usize {
        self.data.len() - self.at
    }
    pub fn position(&self) -> usize {
        self.at
    }
    pub fn is_empty(&self) -> bool {
        self.left() == 0
    }
}

/// Text of a fixed-size field: up to the first NUL, trimmed, lossy where it is not UTF-8.
pub fn text(bytes: &[u8]) -> String {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
}

/// Lower-case hex without separators.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        for n in [b >> 4, b & 15] {
            out.push(char::from_digit(u32::from(n), 16).unwrap_or('0'));
        }
    }
    out
}
