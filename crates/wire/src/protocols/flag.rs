//! Makers of meters by their three letters, as the FLAG Association registers them (IEC 62056-21, 6.3.12).

/// The maker, if it is one that is often met; the third letter may be lower case.
pub fn maker(letters: &[u8]) -> Option<&'static str> {
    let upper = letters.to_ascii_uppercase();
    Some(match upper.as_slice() {
        b"ABB" => "ABB",
        b"ACE" | b"SLB" | b"ITR" | b"ACW" => "Itron",
        b"ADD" => "ADD Grup",
        b"AMP" => "Ampy",
        b"APA" | b"PAF" => "Apator",
        b"DZG" => "DZG Metering",
        b"EBZ" => "eBZ",
        b"ELS" | b"GEC" => "Elster",
        b"EMH" => "EMH Metering",
        b"ESY" => "EasyMeter",
        b"FML" => "Siemens",
        b"GIN" => "Ginger",
        b"HLY" => "Holley",
        b"HXE" => "Hexing",
        b"HZC" => "Hansen Zähler",
        b"ISK" => "Iskraemeco",
        b"KAM" | b"KMP" => "Kamstrup",
        b"LGZ" | b"LUG" | b"LAN" | b"LGB" => "Landis+Gyr",
        b"MCS" => "Metcom",
        b"NES" => "Networked Energy Services",
        b"SAG" => "Sagemcom",
        b"SEN" | b"SPX" => "Sensus",
        b"SIE" => "Siemens",
        b"XMX" => "Xemex",
        b"ZIV" => "ZIV",
        _ => return None,
    })
}
