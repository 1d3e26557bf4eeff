//! Cyclic redundancy checks of 16 bits, an octet at a time by a table that is made when it is compiled.

/// One whose octets go in with the lowest bit first. Its polynomial is written in that order too.
pub struct Reflected([u16; 256]);

/// One whose octets go in with the highest bit first.
pub struct Forward([u16; 256]);

/// CRC-16 of Modbus, ARC and others.
pub static CRC_A001: Reflected = Reflected::new(0xA001);
/// CRC-16 of HDLC and X.25.
pub static CRC_8408: Reflected = Reflected::new(0x8408);
/// CRC-16 of CCITT, not reflected (XMODEM and others).
pub static CRC_1021: Forward = Forward::new(0x1021);

impl Reflected {
    pub const fn new(polynomial: u16) -> Reflected {
        let mut table = [0; 256];
        let mut n = 0;
        while n < 256 {
            let mut crc = n as u16;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 };
                bit += 1;
            }
            table[n] = crc;
            n += 1;
        }
        Reflected(table)
    }
    /// Of these octets, from a start value on; nothing is inverted at the end.
    pub fn of(&self, start: u16, octets: impl IntoIterator<Item = u8>) -> u16 {
        octets.into_iter().fold(start, |crc, o| crc >> 8 ^ self.0[usize::from(crc as u8 ^ o)])
    }
}

impl Forward {
    pub const fn new(polynomial: u16) -> Forward {
        let mut table = [0; 256];
        let mut n = 0;
        while n < 256 {
            let mut crc = (n as u16) << 8;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 0x8000 != 0 { crc << 1 ^ polynomial } else { crc << 1 };
                bit += 1;
            }
            table[n] = crc;
            n += 1;
        }
        Forward(table)
    }
    /// Of these octets, from a start value on.
    pub fn of(&self, start: u16, octets: impl IntoIterator<Item = u8>) -> u16 {
        octets.into_iter().fold(start, |crc, o| crc << 8 ^ self.0[usize::from((crc >> 8) as u8 ^ o)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Check values of the catalogue of parametrised CRC algorithms.
    #[test]
    fn check_values() {
        let check = *b"123456789";
        assert_eq!(CRC_A001.of(0, check), 0xBB3D, "ARC");
        assert_eq!(CRC_A001.of(0xFFFF, check), 0x4B37, "MODBUS");
        assert_eq!(!CRC_8408.of(0xFFFF, check), 0x906E, "IBM-SDLC");
        assert_eq!(CRC_1021.of(0, check), 0x31C3, "XMODEM");
        assert_eq!(CRC_1021.of(0xFFFF, check), 0x29B1, "IBM-3740");
        assert_eq!(!Reflected::new(0xA6BC).of(0, check), 0xEA82, "DNP");
    }

    proptest! {
        #[test]
        fn parts_are_the_whole(start: u16, a: Vec<u8>, b: Vec<u8>) {
            let whole = [&a[..], &b[..]].concat();
            prop_assert_eq!(CRC_A001.of(CRC_A001.of(start, a.clone()), b.clone()), CRC_A001.of(start, whole.clone()));
            prop_assert_eq!(CRC_1021.of(CRC_1021.of(start, a), b), CRC_1021.of(start, whole));
        }
    }
}
