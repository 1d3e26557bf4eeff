//! The common external message interface: frames for and from the bus (3/6/3), and what they ask (3/3/7).

use crate::bytes::{Reader, hex};
use crate::model::{Action, Category, Val};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame {
    Request,
    Confirmation,
    Indication,
}

pub struct Cemi<'a> {
    pub code: Frame,
    pub source: u16,
    pub destination: u16,
    /// The destination is a group address.
    pub group: bool,
    /// In a confirmation: the bus did not take it.
    pub failed: bool,
    pub apdu: Option<Apdu<'a>>,
}

#[derive(Clone, Copy)]
pub struct Apdu<'a> {
    /// The ten bits of the application service, small data and all.
    pub service: u16,
    pub data: &'a [u8],
}

impl<'a> Cemi<'a> {
    pub fn read(data: &'a [u8]) -> Option<Cemi<'a>> {
        let mut r = Reader::new(data);
        let code = match r.u8()? {
            0x11 => Frame::Request,
            0x2E => Frame::Confirmation,
            0x29 => Frame::Indication,
            _ => return None,
        };
        let additional = usize::from(r.u8()?);
        r.skip(additional)?;
        let (control, further) = (r.u8()?, r.u8()?);
        let (source, destination) = (r.be16()?, r.be16()?);
        let length = usize::from(r.u8()?);
        // the length counts what is behind the transport octet
        let body = r.take(length + 1)?;
        let apdu = match *body {
            // numbered and unnumbered data; control frames have one octet
            [transport, service, ref data @ ..] if transport & 0x80 == 0 => {
                Some(Apdu { service: u16::from(transport & 3) << 8 | u16::from(service), data })
            }
            _ => None,
        };
        r.is_empty().then_some(Cemi {
            code,
            source,
            destination,
            group: further & 0x80 != 0,
            failed: code == Frame::Confirmation && control & 1 != 0,
            apdu,
        })
    }
}

/// The service without the data that short ones carry in their low bits.
pub fn class(service: u16) -> u16 {
    match service >> 6 {
        0..=3 | 6..=10 => service & 0x3C0,
        12..=14 => service & 0x3C0 | service & 1,
        _ => service,
    }
}

macro_rules! services {
    ($($class:literal $name:literal $action:ident $category:ident,)+) => {
        pub static OPERATIONS: &[&str] = &[
            $($name,)+
            "search_request", "description_request", "remote_diagnostic_request",
            "remote_basic_configuration_request", "remote_reset_request", "m_prop_read", "m_prop_write",
            "m_func_prop_command", "m_func_prop_state_read", "m_reset",
        ];
        /// Name, action and category of an application service that asks for something.
        pub fn operation(service: u16) -> Option<(&'static str, Action, Category)> {
            Some(match class(service) {
                $($class => ($name, Action::$action, Category::$category),)+
                _ => return None,
            })
        }
    };
}

services! {
    0x000 "group_value_read" Read Monitor,
    0x080 "group_value_write" Write Control,
    0x0C0 "individual_address_write" SetAddress Administration,
    0x100 "individual_address_read" Discover Discovery,
    0x180 "adc_read" Read Monitor,
    0x200 "memory_read" Upload Engineering,
    0x280 "memory_write" Download Engineering,
    0x2C0 "user_memory_read" Upload Engineering,
    0x2C2 "user_memory_write" Download Engineering,
    0x2C5 "user_manufacturer_info_read" Identify Discovery,
    0x2C7 "function_property_command" Configure Administration,
    0x2C8 "function_property_state_read" Read Monitor,
    0x300 "device_descriptor_read" Identify Discovery,
    0x380 "restart" Restart Control,
    0x381 "master_reset" FactoryReset Administration,
    0x3D0 "memory_bit_write" Download Engineering,
    0x3D1 "authorize_request" Authenticate Administration,
    0x3D3 "key_write" Configure Administration,
    0x3D5 "property_value_read" Read Monitor,
    0x3D7 "property_value_write" Configure Administration,
    0x3D8 "property_description_read" Read Monitor,
    0x3DA "network_parameter_read" Discover Discovery,
    0x3DC "individual_address_serial_number_read" Discover Discovery,
    0x3DE "individual_address_serial_number_write" SetAddress Administration,
    0x3E0 "domain_address_write" SetAddress Administration,
    0x3E4 "network_parameter_write" Configure Administration,
}

/// What is written, and where.
pub fn argument(service: u16, data: &[u8]) -> Option<(&'static str, Val)> {
    let word = |at: usize| data.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]));
    Some(match class(service) {
        // values of up to six bits stand in the service octet
        0x080 if data.is_empty() => ("value", Val::from(service & 0x3F)),
        0x080 => ("value", Val::from(hex(data))),
        0x0C0 => ("address", Val::from(individual(word(0)?))),
        0x280 | 0x200 => ("memory", Val::from(word(0)?)),
        0x3D7 | 0x3D5 => ("property", Val::from(format!("{}/{}", data.first()?, data.get(1)?))),
        _ => return None,
    })
}

/// Area, line and device.
pub fn individual(address: u16) -> String {
    format!("{}.{}.{}", address >> 12, address >> 8 & 15, address & 255)
}

/// Main, middle and sub group, the usual way of writing.
pub fn group(address: u16) -> String {
    format!("{}/{}/{}", address >> 11, address >> 8 & 7, address & 255)
}

/// A request to the interface objects of the device, or its answer (3/6/3, 4.1.7).
pub struct Property<'a> {
    pub code: u8,
    pub object: u16,
    pub property: u8,
    pub elements: u8,
    pub data: &'a [u8],
}

pub fn property(data: &[u8]) -> Option<Property<'_>> {
    let mut r = Reader::new(data);
    let code = r.u8()?;
    if matches!(code, 0xF0 | 0xF1) {
        return Some(Property { code, object: 0, property: 0, elements: 1, data: &[] });
    }
    let object = r.be16()?;
    r.skip(1)?;
    let property = r.u8()?;
    let elements = match code {
        0xF8..=0xFA => 1,
        _ => (r.be16()? >> 12) as u8,
    };
    Some(Property { code, object, property, elements, data: r.rest() })
}
