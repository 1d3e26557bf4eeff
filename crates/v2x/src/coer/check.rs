//! Passes over a value without keeping it: the same checks as reading, no memory.

use super::read::{bounded, sized};
use super::{Cursor, Limits, Result, Type, Why};
use crate::Profile;

/// Moves past a value of a type, which is checked in full. At most `depth` structures deep.
pub fn skip(c: &mut Cursor<'_>, kind: &'static Type, profile: Profile) -> Result<()> {
    step(c, kind, profile, Limits::MESSAGE.depth)
}

fn step(c: &mut Cursor<'_>, kind: &'static Type, profile: Profile, depth: usize) -> Result<()> {
    let depth = depth.checked_sub(1).ok_or_else(|| c.fail(Why::Limit))?;
    let whole = |mut open: Cursor<'_>, kind: &'static Type| {
        step(&mut open, kind, profile, depth)?;
        open.finish()
    };
    match kind {
        Type::Null => Ok(()),
        Type::Bool => {
            let octet = c.u8()?;
            if matches!(octet, 0 | 0xff) { Ok(()) } else { Err(c.fail(Why::Canonical)) }
        }
        Type::Int(low, high) => bounded(c, *low, *high).map(drop),
        Type::Unsigned => c.unsigned().map(drop),
        Type::Signed => c.signed().map(drop),
        Type::Octets(least, most) => sized(c, *least, *most).map(drop),
        Type::Text(least, most) => {
            let text = sized(c, *least, *most)?;
            std::str::from_utf8(text).map(drop).map_err(|_| c.fail(Why::Text))
        }
        Type::Ascii(most) => {
            if sized(c, 0, *most)?.is_ascii() {
                Ok(())
            } else {
                Err(c.fail(Why::Text))
            }
        }
        Type::Names(root, more) => {
            let n = usize::from(c.u8()?);
            let known = n < root.len() || more.is_some() && n < 0x80;
            if known { Ok(()) } else { Err(c.fail(Why::Unknown)) }
        }
        Type::Record(root, more) => {
            let mut optional = root.iter().filter(|f| f.optional).count();
            let (extended, bits) = c.preamble(more.is_some(), optional)?;
            for field in *root {
                if field.optional {
                    optional -= 1;
                    if bits >> optional & 1 == 0 {
                        continue;
                    }
                }
                step(c, field.kind, profile, depth).map_err(|e| e.within(field.name))?;
            }
            if extended {
                let (n, bits) = c.additions()?;
                for i in (0..n).filter(|i| bits >> (n - 1 - i) & 1 == 1) {
                    let open = c.open()?;
                    if let Some(field) = more.unwrap_or_default().get(i) {
                        whole(open, field.kind).map_err(|e| e.within(field.name))?;
                    }
                }
            }
            Ok(())
        }
        Type::List(least, of) => {
            let n = c.count()?;
            if n < *least {
                return Err(c.fail(Why::Range));
            }
            (0..n).try_for_each(|_| step(c, of, profile, depth))
        }
        Type::Choice(root, more) => {
            let tag = usize::from(c.tag()?);
            if let Some(one) = root.get(tag) {
                return step(c, one.kind, profile, depth).map_err(|e| e.within(one.name));
            }
            let more = more.ok_or_else(|| c.fail(Why::Unknown))?;
            let open = c.open()?;
            match more.get(tag - root.len()) {
                Some(one) => whole(open, one.kind).map_err(|e| e.within(one.name)),
                None => Ok(()),
            }
        }
        Type::Inside(of) => {
            let open = c.open()?;
            whole(open, of)
        }
        Type::Differs(ieee, ydt) => {
            step(c, if profile == Profile::Ieee1609 { ieee } else { ydt }, profile, depth)
        }
    }
}
