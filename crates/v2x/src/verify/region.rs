//! Where a certificate is valid (IEEE 1609.2, 6.4.17 and after).

use super::aid::rows;
use crate::coer::{Cursor, Why};
use std::sync::LazyLock;

type Result<T> = std::result::Result<T, crate::coer::CoerError>;

/// A place in degrees times 1e7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub latitude: i32,
    pub longitude: i32,
}

impl Place {
    /// None if it is no place on earth.
    pub fn degrees(latitude: f64, longitude: f64) -> Option<Place> {
        let real = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        real.then_some(Place { latitude: (latitude * 1e7) as i32, longitude: (longitude * 1e7) as i32 })
    }
    /// Of a header or a payload, where numbers out of range say that it is not known.
    pub fn known(latitude: i32, longitude: i32) -> Option<Place> {
        let real = latitude.abs() <= 900_000_000 && longitude.abs() <= 1_800_000_000;
        real.then_some(Place { latitude, longitude })
    }
    /// Metres to another place on a sphere of the earth's mean radius: off by half a percent at most.
    pub fn distance(self, to: Place) -> f64 {
        let rad = |e7: i32| (f64::from(e7) / 1e7).to_radians();
        let (a, b) = (rad(self.latitude), rad(to.latitude));
        let (dy, dx) = (b - a, rad(to.longitude) - rad(self.longitude));
        let h = (dy / 2.0).sin().powi(2) + a.cos() * b.cos() * (dx / 2.0).sin().powi(2);
        2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
    }
}

/// A region.
#[derive(Clone, Debug, PartialEq)]
pub enum Region {
    /// Centre, radius in metres.
    Circle(Place, u16),
    /// North-west and south-east corners.
    Rectangles(Vec<(Place, Place)>),
    Polygon(Vec<Place>),
    /// Countries by their UN M49 numbers. Regions within a country are not told apart.
    Countries(Vec<u16>),
    /// Of a kind that is not known: nothing is within it.
    Unknown,
}

/// Corners and countries of one region: more than any real one has.
const MOST: usize = 256;

fn place(c: &mut Cursor<'_>) -> Result<Place> {
    Ok(Place { latitude: c.u32()? as i32, longitude: c.u32()? as i32 })
}

fn many<T>(c: &mut Cursor<'_>, mut one: impl FnMut(&mut Cursor<'_>) -> Result<T>) -> Result<Vec<T>> {
    let n = c.count()?;
    if n > MOST {
        return Err(c.fail(Why::Limit));
    }
    (0..n).map(|_| one(c)).collect()
}

fn country(c: &mut Cursor<'_>) -> Result<u16> {
    let tag = c.tag()?;
    let number = c.u16()?;
    match tag {
        0 => {}
        1 => drop(many(c, |c| c.u8())?),
        2 => drop(many(c, |c| {
            c.u8()?;
            many(c, |c| c.u16())
        })?),
        _ => return Err(c.fail(Why::Unknown)),
    }
    Ok(number)
}

impl Region {
    /// Reads a GeographicRegion, whose octets were checked before.
    pub fn read(octets: &[u8]) -> Result<Region> {
        let mut c = Cursor::new(octets);
        Ok(match c.tag()? {
            0 => Region::Circle(place(&mut c)?, c.u16()?),
            1 => Region::Rectangles(many(&mut c, |c| Ok((place(c)?, place(c)?)))?),
            2 => Region::Polygon(many(&mut c, place)?),
            3 => Region::Countries(many(&mut c, country)?),
            _ => Region::Unknown,
        })
    }

    pub fn contains(&self, at: Place) -> bool {
        match self {
            Region::Circle(centre, radius) => centre.distance(at) <= f64::from(*radius),
            Region::Rectangles(all) => all.iter().any(|(nw, se)| {
                (se.latitude..=nw.latitude).contains(&at.latitude)
                    && (nw.longitude..=se.longitude).contains(&at.longitude)
            }),
            Region::Polygon(corners) => inside(corners, at),
            Region::Countries(numbers) => numbers.iter().any(|n| may_be_in(*n, at)),
            Region::Unknown => false,
        }
    }

    /// Whether it can lie within another: only what is certainly outside is found.
    pub fn can_be_within(&self, outer: &Region) -> bool {
        match (self, outer) {
            (Region::Countries(a), Region::Countries(b)) => a.iter().all(|n| b.contains(n)),
            (Region::Circle(centre, _), outer) => outer.contains(*centre),
            (Region::Rectangles(all), outer) => {
                all.iter().all(|(nw, se)| outer.contains(*nw) && outer.contains(*se))
            }
            (Region::Polygon(corners), outer) => corners.iter().all(|at| outer.contains(*at)),
            (Region::Unknown, _) | (_, Region::Unknown) => false,
            (Region::Countries(_), _) => true,
        }
    }
}

/// The even-odd rule in the plane of latitude and longitude: for regions far smaller than the earth.
fn inside(corners: &[Place], at: Place) -> bool {
    let number = |e7: i32| f64::from(e7);
    let mut odd = false;
    for (i, a) in corners.iter().enumerate() {
        let b = &corners[(i + 1) % corners.len()];
        if (a.latitude > at.latitude) != (b.latitude > at.latitude) {
            let part = (number(at.latitude) - number(a.latitude)) / (number(b.latitude) - number(a.latitude));
            let crossing = number(a.longitude) + part * (number(b.longitude) - number(a.longitude));
            if number(at.longitude) < crossing {
                odd = !odd;
            }
        }
    }
    odd
}

/// Outer bounds in degrees: south, west, north, east.
type Bounds = [f64; 4];
static COUNTRIES: LazyLock<Vec<(u16, Bounds)>> = LazyLock::new(|| {
    let row = |columns: &[&str]| {
        let number = columns.first()?.parse().ok()?;
        let mut bounds = [0.0; 4];
        for (to, text) in bounds.iter_mut().zip(columns.get(1..5)?) {
            *to = text.parse().ok()?;
        }
        Some((number, bounds))
    };
    rows(include_str!("../../data/countries.tsv")).filter_map(|(_, columns)| row(&columns)).collect()
});

/// A country without bounds in the table holds every place.
fn may_be_in(number: u16, at: Place) -> bool {
    let Some((_, [south, west, north, east])) = COUNTRIES.iter().find(|(n, _)| *n == number) else {
        return true;
    };
    let (y, x) = (f64::from(at.latitude) / 1e7, f64::from(at.longitude) / 1e7);
    (*south..=*north).contains(&y) && (*west..=*east).contains(&x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Place {
        Place::degrees(latitude, longitude).unwrap()
    }

    #[test]
    fn circles_end_at_their_radius() {
        let circle = Region::Circle(at(31.0, 121.0), 1000);
        assert!(circle.contains(at(31.0089, 121.0)), "990 m to the north");
        assert!(!circle.contains(at(31.0091, 121.0)), "1012 m");
        assert!(circle.contains(at(31.0, 121.0104)) && !circle.contains(at(31.0, 121.0106)), "east");
    }

    #[test]
    fn rectangles_and_polygons_hold_what_is_inside() {
        let rectangle = Region::Rectangles(vec![(at(32.0, 120.0), at(31.0, 121.0))]);
        assert!(rectangle.contains(at(31.5, 120.5)) && !rectangle.contains(at(31.5, 121.1)));
        let corner =
            Region::Polygon(vec![at(0.0, 0.0), at(2.0, 0.0), at(2.0, 2.0), at(1.0, 1.0), at(0.0, 2.0)]);
        assert!(corner.contains(at(1.0, 0.5)) && !corner.contains(at(1.0, 1.5)), "the notch is outside");
        assert!(!Region::Unknown.contains(at(0.0, 0.0)));
    }

    #[test]
    fn countries_have_outer_bounds() {
        let china = Region::Countries(vec![156]);
        assert!(china.contains(at(31.2, 121.5)) && !china.contains(at(48.1, 11.6)));
        assert!(Region::Countries(vec![999]).contains(at(48.1, 11.6)), "not in the table");
        assert!(Region::Circle(at(31.0, 121.0), 5).can_be_within(&china));
        assert!(!Region::Circle(at(48.0, 11.0), 5).can_be_within(&china));
        assert!(!Region::Countries(vec![276]).can_be_within(&china));
    }
}
