//! Messages of T/CSAE 53 day 1 (edition 2020): what a packet carries. Comments name the unit of one step.

pub mod bsm;
pub mod common;
pub mod map;
pub mod motion;
pub mod place;
pub mod rsi;
pub mod rsm;
pub mod spat;

use bsm::BasicSafetyMessage;
use map::MapData;
use rasn::prelude::*;
use rsi::RoadSideInformation;
use rsm::RoadsideSafetyMessage;
use spat::Spat;

/// What one packet carries.
#[derive(AsnType, Clone, Debug, Decode, Encode, Eq, PartialEq)]
#[rasn(choice, automatic_tags)]
#[non_exhaustive]
pub enum MessageFrame {
    #[rasn(identifier = "bsmFrame")]
    BsmFrame(Box<BasicSafetyMessage>),
    #[rasn(identifier = "mapFrame")]
    MapFrame(Box<MapData>),
    #[rasn(identifier = "rsmFrame")]
    RsmFrame(Box<RoadsideSafetyMessage>),
    #[rasn(identifier = "spatFrame")]
    SpatFrame(Box<Spat>),
    #[rasn(identifier = "rsiFrame")]
    RsiFrame(Box<RoadSideInformation>),
}
