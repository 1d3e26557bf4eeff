//! Checksums that a frame may carry.

use crate::crc::{CRC_8408, CRC_A001};

/// How a checksum is made. CRC names are those of the CRC catalogue (Koopman, Greg Cook).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sum {
    /// Sum modulo 256.
    #[default]
    Sum8,
    Xor8,
    /// Polynomial E5, begins with 0 (SZY 206-2016, 5.2: X7+X6+X5+X2+1).
    Crc8Szy206,
    /// Polynomial 8005 reflected, begins with FFFF.
    Crc16Modbus,
    /// Polynomial 1021 reflected, begins with FFFF, inverted (ISO/IEC 13239; "IBM-SDLC").
    Crc16X25,
    /// As MODBUS, but the upper byte alone takes part in the next step (HJ 212-2017, appendix A).
    Crc16Hj212,
}

impl Sum {
    /// Every kind, with the word for it.
    pub const ALL: &'static [(&'static str, Sum)] = &[
        ("sum8", Sum::Sum8),
        ("xor8", Sum::Xor8),
        ("crc8-szy206", Sum::Crc8Szy206),
        ("crc16-modbus", Sum::Crc16Modbus),
        ("crc16-x25", Sum::Crc16X25),
        ("crc16-hj212", Sum::Crc16Hj212),
    ];

    pub fn from_name(word: &str) -> Option<Sum> {
        Sum::ALL.iter().find(|(name, _)| *name == word).map(|(_, sum)| *sum)
    }
    pub fn bits(self) -> u32 {
        match self {
            Sum::Sum8 | Sum::Xor8 | Sum::Crc8Szy206 => 8,
            Sum::Crc16Modbus | Sum::Crc16X25 | Sum::Crc16Hj212 => 16,
        }
    }
    pub fn of(self, data: &[u8]) -> u16 {
        match self {
            Sum::Sum8 => u16::from(data.iter().fold(0u8, |sum, b| sum.wrapping_add(*b))),
            Sum::Xor8 => u16::from(data.iter().fold(0u8, |sum, b| sum ^ b)),
            Sum::Crc8Szy206 => u16::from(data.iter().fold(0u8, |crc, byte| {
                (0..8).fold(crc ^ byte, |c, _| if c & 0x80 == 0 { c << 1 } else { c << 1 ^ 0xe5 })
            })),
            Sum::Crc16Modbus => CRC_A001.of(0xffff, data.iter().copied()),
            Sum::Crc16X25 => !CRC_8408.of(0xffff, data.iter().copied()),
            // each octet goes in beside what is left of the last, not over it
            Sum::Crc16Hj212 => data.iter().fold(0xffff, |crc, byte| steps((crc >> 8) ^ u16::from(*byte))),
        }
    }
}

fn steps(crc: u16) -> u16 {
    (0..8).fold(crc, |c, _| if c & 1 == 0 { c >> 1 } else { c >> 1 ^ 0xa001 })
}

/// A checksum in a frame of known length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Check {
    pub sum: Sum,
    /// Where the bytes that it covers begin; they end where it stands.
    pub from: usize,
    /// Its place, counted back from the frame's end: 1 is the last byte.
    pub back: usize,
    pub big_endian: bool,
    /// It is written in hex digits, the highest first.
    pub hex: bool,
}

impl Check {
    pub(super) fn holds(&self, frame: &[u8]) -> bool {
        let Some(at) = frame.len().checked_sub(self.back) else { return false };
        let (Some(covered), Some(written)) = (frame.get(self.from..at), frame.get(at..)) else {
            return false;
        };
        let sum = self.sum.of(covered);
        let bytes = self.sum.bits() as usize / 8;
        if self.hex {
            let digits = written.get(..bytes * 2).and_then(|d| std::str::from_utf8(d).ok());
            let value = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
            return value.and_then(|d| u16::from_str_radix(d, 16).ok()) == Some(sum);
        }
        let low = sum as u8;
        match (bytes, written) {
            (1, [first, ..]) => *first == low,
            (2, [first, second, ..]) => {
                let both = [*first, *second];
                sum == if self.big_endian { u16::from_be_bytes(both) } else { u16::from_le_bytes(both) }
            }
            _ => false,
        }
    }
    pub(super) fn check(&self) -> Result<(), String> {
        if self.back == 0 {
            return Err("check counts back from the end of the frame: 1 is its last byte".to_owned());
        }
        Ok(())
    }
}
