//! Makers by IANA private enterprise number: the arc after 1.3.6.1.4.1 in SNMP object identifiers,
//! the head of SNMP engine ids and of vendor options of DHCP.
//!
//! Source: the IANA registry of private enterprise numbers. Numbers of agents that many makers
//! build in (Net-SNMP 8072, UCD 2021, Broadcom 4413) are left out, and so is Microsoft (311), whose
//! software is on everyone's hardware: they say nothing of the device.

/// Prefix of all enterprise identifiers.
pub const ENTERPRISES: [u32; 6] = [1, 3, 6, 1, 4, 1];

/// Sorted by number.
static MAKERS: &[(u32, &str)] = &[
    (2, "IBM"),
    (9, "Cisco"),
    (11, "Hewlett-Packard"),
    (36, "DEC"),
    (42, "Sun Microsystems"),
    (43, "3Com"),
    (63, "Apple"),
    (94, "Nokia"),
    (95, "Rockwell Automation"),
    (119, "NEC"),
    (122, "Sony"),
    (161, "Motorola"),
    (171, "D-Link"),
    (186, "Toshiba"),
    (193, "Ericsson"),
    (207, "Allied Telesis"),
    (211, "Fujitsu"),
    (231, "Fujitsu"),
    (232, "Hewlett Packard Enterprise"),
    (236, "Samsung"),
    (244, "Lantronix"),
    (248, "Hirschmann"),
    (253, "Xerox"),
    (297, "Fuji Xerox"),
    (318, "APC"),
    (332, "Digi International"),
    (339, "Siemens"),
    (343, "Intel"),
    (367, "Ricoh"),
    (368, "Axis Communications"),
    (409, "Mitsubishi Electric"),
    (476, "Vertiv"),
    (534, "Eaton"),
    (641, "Lexmark"),
    (664, "Adtran"),
    (674, "Dell"),
    (789, "NetApp"),
    (850, "Tripp Lite"),
    (890, "Zyxel"),
    (908, "ABB"),
    (1248, "Epson"),
    (1347, "Kyocera"),
    (1588, "Brocade"),
    (1602, "Canon"),
    (1718, "Server Technology"),
    (1890, "Red Lion Controls"),
    (1916, "Extreme Networks"),
    (1966, "Perle Systems"),
    (1991, "Brocade"),
    (2001, "Oki Data"),
    (2011, "Huawei"),
    (2254, "Delta Electronics"),
    (2435, "Brother"),
    (2606, "Rittal"),
    (2620, "Check Point"),
    (2636, "Juniper Networks"),
    (2736, "EtherWAN Systems"),
    (2910, "General Electric"),
    (3181, "Microsens"),
    (3224, "Juniper Networks"),
    (3375, "F5"),
    (3417, "Blue Coat"),
    (3808, "CyberPower"),
    (3833, "Schneider Electric"),
    (3902, "ZTE"),
    (4131, "Tridium"),
    (4196, "Siemens"),
    (4329, "Siemens"),
    (4346, "Phoenix Contact"),
    (4399, "Johnson Controls"),
    (4526, "Netgear"),
    (4555, "Socomec"),
    (4881, "Ruijie Networks"),
    (5491, "Riello UPS"),
    (5528, "NetBotz"),
    (5624, "Enterasys"),
    (5951, "Citrix"),
    (6027, "Dell Force10"),
    (6302, "Vertiv"),
    (6486, "Alcatel-Lucent Enterprise"),
    (6527, "Nokia"),
    (6574, "Synology"),
    (6876, "VMware"),
    (6889, "Avaya"),
    (7427, "Yokogawa"),
    (7526, "Snom"),
    (7779, "Infoblox"),
    (8691, "Moxa"),
    (8741, "SonicWall"),
    (8886, "Raisecom"),
    (9839, "Carel"),
    (10297, "Advantech"),
    (10368, "Fujitsu"),
    (10418, "Avocent"),
    (10456, "Planet Technology"),
    (10781, "Schneider Electric"),
    (10876, "Supermicro"),
    (11863, "TP-Link"),
    (12148, "Eltek"),
    (12356, "Fortinet"),
    (13400, "Vertiv"),
    (13576, "WAGO"),
    (13742, "Raritan"),
    (13885, "Polycom"),
    (14179, "Cisco"),
    (14823, "Aruba Networks"),
    (14988, "MikroTik"),
    (15000, "Kontron"),
    (15004, "Siemens RUGGEDCOM"),
    (15450, "Innominate"),
    (16177, "Westermo"),
    (16838, "Omron"),
    (17163, "Riverbed"),
    (17268, "ABB"),
    (17713, "Cambium Networks"),
    (18334, "Konica Minolta"),
    (20540, "Red Lion Controls"),
    (20542, "Sierra Wireless"),
    (20885, "Kontron"),
    (20998, "Honeywell"),
    (21239, "Vertiv"),
    (21701, "Mobotix"),
    (23465, "Vivotek"),
    (23695, "Peplink"),
    (23846, "Endress+Hauser"),
    (24062, "Beijer Electronics"),
    (24681, "QNAP"),
    (24866, "Turck"),
    (25049, "Opengear"),
    (25053, "Ruckus Wireless"),
    (25066, "Pelco"),
    (25157, "Beckhoff"),
    (25461, "Palo Alto Networks"),
    (25506, "H3C"),
    (25761, "ABB"),
    (26928, "Aerohive"),
    (29671, "Cisco Meraki"),
    (30065, "Arista Networks"),
    (31034, "Schleifenbauer"),
    (31823, "Schweitzer Engineering Laboratories"),
    (33049, "Mellanox"),
    (37459, "Yealink"),
    (39165, "Hikvision"),
    (41112, "Ubiquiti"),
    (42397, "Grandstream"),
];

/// The maker with this number, if it is known here.
pub fn maker(number: u32) -> Option<&'static str> {
    let at = MAKERS.binary_search_by_key(&number, |(n, _)| *n).ok()?;
    MAKERS.get(at).map(|(_, name)| *name)
}

/// The maker whose arc an object identifier lies under.
pub fn maker_of_oid(arcs: &[u32]) -> Option<&'static str> {
    maker(*arcs.strip_prefix(&ENTERPRISES)?.first()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(MAKERS.windows(2).all(|w| w[0].0 < w[1].0));
        assert_eq!(maker(8691), Some("Moxa"));
        assert_eq!(maker_of_oid(&[1, 3, 6, 1, 4, 1, 4329, 6]), Some("Siemens"));
        assert_eq!(maker_of_oid(&[1, 3, 6, 1, 2, 1]), None);
    }
}
