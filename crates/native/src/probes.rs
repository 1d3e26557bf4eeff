//! What Python probes declare and report, as the wire engine takes it.

use crate::scan::leak;
use crate::wrong;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use sentinel_wire::cx::Cx;
use sentinel_wire::model::*;
use sentinel_wire::signature::{Check, Escape, Length, Pattern, Shape, Signature, Sum};

/// A signature from an object with the attributes of `sentinel.probes.contract.Signature`.
pub fn signature(s: &Bound<'_, PyAny>) -> PyResult<Signature> {
    let transports = s.getattr("transports")?.extract::<Vec<String>>()?;
    let transports = transports.iter().map(|t| match t.as_str() {
        "tcp" => Ok(Transport::Tcp),
        "udp" => Ok(Transport::Udp),
        other => Err(wrong(format!("signature: transport '{other}' is neither tcp nor udp"))),
    });
    let out = Signature {
        transports: transports.collect::<PyResult<_>>()?,
        ports: s.getattr("ports")?.extract()?,
        rank: s.getattr("rank")?.extract()?,
        shapes: s.getattr("shapes")?.try_iter()?.map(|x| shape(&x?)).collect::<PyResult<_>>()?,
    };
    out.check().map_err(|why| wrong(format!("signature: {why}")))?;
    Ok(out)
}

fn shape(s: &Bound<'_, PyAny>) -> PyResult<Shape> {
    let one = |name: &str| -> PyResult<Option<Pattern>> {
        let p = s.getattr(name)?;
        if p.is_none() { Ok(None) } else { pattern(&p).map(Some) }
    };
    let some = |name: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
        let value = s.getattr(name)?;
        Ok((!value.is_none()).then_some(value))
    };
    Ok(Shape {
        patterns: s.getattr("patterns")?.try_iter()?.map(|p| pattern(&p?)).collect::<PyResult<_>>()?,
        skip: s.getattr("skip")?.extract()?,
        length: some("length")?.map(|l| length(&l)).transpose()?,
        last: s.getattr("last")?.extract()?,
        check: some("check")?.map(|c| check(&c)).transpose()?,
        escape: some("escape")?.map(|e| escape(&e)).transpose()?,
        min_len: s.getattr("min_len")?.extract()?,
        strong: s.getattr("strong")?.extract()?,
        client: one("client")?,
        server: one("server")?,
    })
}

fn length(l: &Bound<'_, PyAny>) -> PyResult<Length> {
    Ok(Length {
        offset: l.getattr("offset")?.extract()?,
        width: l.getattr("width")?.extract()?,
        big_endian: l.getattr("big_endian")?.extract()?,
        ascii: l.getattr("ascii")?.extract()?,
        mask: l.getattr("mask")?.extract()?,
        shift: l.getattr("shift")?.extract()?,
        add: l.getattr("add")?.extract()?,
    })
}

fn check(c: &Bound<'_, PyAny>) -> PyResult<Check> {
    let word = c.getattr("kind")?.extract::<String>()?;
    Ok(Check {
        sum: Sum::from_name(&word)
            .ok_or_else(|| wrong(format!("signature: '{word}' is no kind of checksum")))?,
        from: c.getattr("start")?.extract()?,
        back: c.getattr("back")?.extract()?,
        big_endian: c.getattr("big_endian")?.extract()?,
        hex: c.getattr("hex")?.extract()?,
    })
}

fn escape(e: &Bound<'_, PyAny>) -> PyResult<Escape> {
    Ok(Escape {
        mark: e.getattr("mark")?.extract()?,
        escape: e.getattr("escape")?.extract()?,
        pairs: e.getattr("pairs")?.extract()?,
    })
}

fn pattern(p: &Bound<'_, PyAny>) -> PyResult<Pattern> {
    Ok(Pattern {
        offset: p.getattr("offset")?.extract()?,
        bytes: p.getattr("value")?.extract()?,
        mask: p.getattr("mask")?.extract()?,
    })
}

fn get<'py, T: for<'a> FromPyObject<'a, 'py>>(d: &Bound<'py, PyDict>, key: &str) -> PyResult<Option<T>> {
    match d.get_item(key)? {
        Some(v) if !v.is_none() => match v.extract::<T>() {
            Ok(v) => Ok(Some(v)),
            Err(_) => Err(wrong(format!("{key}: {} is of the wrong type", v.repr()?))),
        },
        _ => Ok(None),
    }
}

fn need<'py, T: for<'a> FromPyObject<'a, 'py>>(d: &Bound<'py, PyDict>, key: &str) -> PyResult<T> {
    get(d, key)?.ok_or_else(|| wrong(format!("an observation without '{key}'")))
}

fn side(word: &str) -> PyResult<Side> {
    match word {
        "client" => Ok(Side::Client),
        "server" => Ok(Side::Server),
        other => Err(wrong(format!("side: '{other}' is neither client nor server"))),
    }
}

/// A Python value as an event or detail value; lists of plain values too.
fn val(v: &Bound<'_, PyAny>) -> PyResult<Val> {
    if let Ok(b) = v.extract::<bool>() {
        return Ok(Val::Bool(b));
    }
    if let Ok(i) = v.extract::<i64>() {
        return Ok(Val::Int(i));
    }
    if let Ok(f) = v.extract::<f64>() {
        return Ok(Val::Float(f));
    }
    if let Ok(s) = v.extract::<String>() {
        return Ok(Val::from(s));
    }
    let items: Vec<Bound<'_, PyAny>> = v.extract()?;
    Ok(Val::from(items.iter().map(val).collect::<PyResult<Vec<Val>>>()?))
}

fn pairs(d: &Bound<'_, PyDict>, key: &str) -> PyResult<Vec<(&'static str, Val)>> {
    let Some(map) = get::<Bound<'_, PyDict>>(d, key)? else { return Ok(Vec::new()) };
    map.iter().map(|(k, v)| Ok((leak(&k.extract::<String>()?), val(&v)?))).collect()
}

fn word<T>(d: &Bound<'_, PyDict>, key: &str, from: fn(&str) -> Option<T>) -> PyResult<Option<T>> {
    let Some(text) = get::<String>(d, key)? else { return Ok(None) };
    from(&text).map(Some).ok_or_else(|| wrong(format!("{key}: '{text}' is no word of the data model")))
}

/// Passes one observation on.
pub fn report(cx: &mut Cx<'_>, kind: &str, d: &Bound<'_, PyDict>) -> PyResult<()> {
    match kind {
        "fact" => {
            let who = side(&need::<String>(d, "side")?)?;
            let (name, value): (String, String) = (need(d, "name")?, need(d, "value")?);
            let field: String = get(d, "field")?.unwrap_or_default();
            match get::<String>(d, "address")? {
                None => cx.fact(who, leak(&name), &value, leak(&field)),
                Some(address) => {
                    let ip = address.parse().map_err(|_| wrong(format!("address: '{address}' is none")))?;
                    if let Some(host) = cx.host_ip(ip) {
                        cx.fact(host, leak(&name), &value, leak(&field));
                    }
                }
            }
        }
        "operation" => operation(cx, d)?,
        "credential" => credential(cx, d)?,
        "service" => {
            for (name, value) in pairs(d, "info")? {
                cx.service_info(name, value);
            }
        }
        "mac" => {
            let who = side(&need::<String>(d, "side")?)?;
            let octets: [u8; 6] = need(d, "mac")?;
            let said = match get::<String>(d, "address")? {
                Some(text) => {
                    let ip = text.parse().map_err(|_| wrong(format!("address: '{text}' is none")))?;
                    Some(HostAddr::Ip(ip))
                }
                None => None,
            };
            // of a device's other interfaces it is not known whether they are on this network
            if let HostAddr::Ip(ip) = cx.end(who).addr
                && said.is_none_or(|s| s == HostAddr::Ip(ip))
            {
                cx.bind(Mac(octets), ip, sentinel_wire::obs::BindKind::Declared);
            }
        }
        "event" => {
            let action: String = need(d, "action")?;
            let fields = pairs(d, "fields")?;
            let kind = get::<String>(d, "type")?.unwrap_or_else(|| "info".into());
            cx.event(&action, leak(&kind), fields);
        }
        other => {
            return Err(wrong(format!(
                "observation kind '{other}' is none of fact, operation, credential, service, mac, event"
            )));
        }
    }
    Ok(())
}

fn operation(cx: &mut Cx<'_>, d: &Bound<'_, PyDict>) -> PyResult<()> {
    let name: String = need(d, "name")?;
    let action =
        word(d, "action", Action::from_name)?.ok_or_else(|| wrong("an operation without 'action'"))?;
    let (unit, space, target) =
        (get::<String>(d, "unit")?, get::<String>(d, "space")?, get::<String>(d, "target")?);
    let mut op = Op::new(action, &name);
    op.category = word(d, "category", Category::from_name)?.unwrap_or(op.category);
    op.outcome = word(d, "outcome", Outcome::from_name)?.unwrap_or(Outcome::Unknown);
    op.code = get(d, "code")?;
    op.unit = unit.as_deref();
    op.space = space.as_deref();
    op.target = target.as_deref();
    op.address = get(d, "address")?;
    op.value = d.get_item("value")?.filter(|v| !v.is_none()).map(|v| val(&v)).transpose()?;
    let exception: Option<(i64, String)> = get(d, "exception")?;
    op.exception = exception.as_ref().map(|(c, n)| (*c, n.as_str()));
    op.detail = pairs(d, "detail")?;
    op.asked = asked(cx, d)?;
    op.notable = get(d, "notable")?.unwrap_or(false);
    if let Some(by) = get::<String>(d, "by")? {
        op.by = side(&by)?;
    }
    cx.op(op);
    Ok(())
}

/// When it was asked, where the probe kept it: (time in µs, frame).
fn asked(cx: &Cx<'_>, d: &Bound<'_, PyDict>) -> PyResult<Option<Stamp>> {
    let at: Option<(i64, u64)> = get(d, "asked")?;
    Ok(at.map(|(time, frame)| Stamp { time, frame, source: cx.at().source }))
}

fn credential(cx: &mut Cx<'_>, d: &Bound<'_, PyDict>) -> PyResult<()> {
    let kind = word(d, "kind", CredKind::from_name)?.ok_or_else(|| wrong("a credential without 'kind'"))?;
    let (username, secret) = (get::<String>(d, "username")?, get::<String>(d, "secret")?);
    let hashcat: Option<(u32, String)> = get(d, "hashcat")?;
    let mut c = Cred::new(kind);
    c.username = username.as_deref();
    c.secret = secret.as_deref();
    c.hashcat = hashcat.as_ref().map(|(m, l)| (*m, l.as_str()));
    c.outcome = word(d, "outcome", LoginOutcome::from_name)?.unwrap_or(LoginOutcome::Unknown);
    c.cleartext = get(d, "cleartext")?.unwrap_or(false);
    c.sent = asked(cx, d)?;
    c.detail = pairs(d, "detail")?;
    cx.credential(c);
    Ok(())
}
