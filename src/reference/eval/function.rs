//! The built-in functions of values. A null argument makes the result null, but for `concat`, which leaves it out.

use std::cmp::Ordering;
use std::net::IpAddr;

use compact_str::{CompactString, ToCompactString, format_compact};

use super::aggregate::extreme;
use super::number::{arithmetic, finite, float, truncate};
use super::{Fault, Worth, as_time, calendar, personal};
use crate::event::Value;
use crate::function::Function;
use crate::plan::Binary;

/// The result of a function. The analysis has seen to the number of arguments. A text or list of more than `most`
/// bytes is a fault.
pub(super) fn call(function: Function, args: &[Value], most: usize) -> Worth {
    if function == Function::Concat {
        return concat(args, most);
    }
    if args.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    match (function, args) {
        (Function::Lower, [s]) => Ok(Value::str(text(s)?.to_lowercase())),
        (Function::Upper, [s]) => Ok(Value::str(text(s)?.to_uppercase())),
        (Function::Trim, [s]) => Ok(Value::str(text(s)?.trim())),
        (Function::Len, [Value::List(items)]) => size(items.len()),
        (Function::Len, [s]) => size(text(s)?.chars().count()),
        (Function::Contains, [Value::List(items), value]) => Ok(Value::Bool(items.contains(value))),
        (Function::Contains, [s, part]) => Ok(Value::Bool(text(s)?.contains(text(part)?))),
        (Function::StartsWith, [s, part]) => Ok(Value::Bool(text(s)?.starts_with(text(part)?))),
        (Function::EndsWith, [s, part]) => Ok(Value::Bool(text(s)?.ends_with(text(part)?))),
        (Function::Substr, [s, from]) => substr(text(s)?, whole(from)?.max(1), i64::MAX),
        (Function::Substr, [s, from, length]) => substr(text(s)?, whole(from)?, whole(length)?),
        (Function::Split, [s, by]) => list(text(s)?.split(text(by)?).map(Value::str), most),
        (Function::Replace, [s, old, new]) => replace(text(s)?, text(old)?, text(new)?, most),
        (Function::Abs, [Value::Int(n)]) => n.checked_abs().map(Value::Int).ok_or(Fault),
        (Function::Abs, [Value::Float(x)]) => Ok(Value::Float(x.abs())),
        (Function::Round, [x]) => round(x, 0),
        (Function::Round, [x, places]) => round(x, whole(places)?),
        (Function::Floor, [Value::Float(x)]) => truncate(x.floor()),
        (Function::Ceil, [Value::Float(x)]) => truncate(x.ceil()),
        (Function::Abs | Function::Floor | Function::Ceil, [n @ (Value::Int(_) | Value::Uint(_))]) => {
            Ok(n.clone())
        }
        (Function::Sqrt, [x]) => finite(float(x)?.sqrt()),
        (Function::Pow, [x, y]) => finite(float(x)?.powf(float(y)?)),
        (Function::Log, [x]) => finite(float(x)?.ln()),
        (Function::Log, [x, base]) => finite(float(x)?.ln() / float(base)?.ln()),
        (Function::Min, all) => extreme(all, Ordering::Less),
        (Function::Max, all) => extreme(all, Ordering::Greater),
        (Function::Int, [value]) => to_int(value),
        (Function::Float, [Value::Str(s)]) => s.trim().parse().map_or(Err(Fault), finite),
        (Function::Float, [value]) => finite(float(value)?),
        (Function::String, [value]) => Ok(Value::Str(written(value)?)),
        (Function::Bool, [value]) => to_bool(value),
        (Function::Div, [x, y]) => arithmetic(Binary::IntDiv, x, y),
        (Function::Mod, [x, y]) => arithmetic(Binary::Rem, x, y),
        (Function::Elapsed, [from, to]) => {
            let time = |value| as_time(value)?.map(Value::Time).ok_or(Fault);
            arithmetic(Binary::Sub, &time(to)?, &time(from)?)
        }
        (
            Function::Date
            | Function::Hour
            | Function::Weekday
            | Function::Day
            | Function::Month
            | Function::Year,
            [time, zone @ ..],
        ) => calendar::part(function, as_time(time)?.ok_or(Fault)?, zone.first()),
        (Function::Ip, [Value::Ip(ip)]) => Ok(Value::Ip(*ip)),
        (Function::Ip, [s]) => text(s)?.trim().parse().map(Value::Ip).map_err(|_| Fault),
        (Function::Mask, [value]) => Ok(personal::mask(&written(value)?)),
        (Function::Hash, [value]) => Ok(personal::hash(&written(value)?)),
        (Function::Cidr, [address, nets @ ..]) => cidr(address, nets),
        (Function::DistanceKm, [a, b, c, d]) => distance_km(float(a)?, float(b)?, float(c)?, float(d)?),
        // Wrong types; `age` is written with others by the analysis.
        _ => Err(Fault),
    }
}

fn text(value: &Value) -> Result<&str, Fault> {
    match value {
        Value::Str(s) => Ok(s),
        _ => Err(Fault),
    }
}

fn whole(value: &Value) -> Result<i64, Fault> {
    match value {
        Value::Int(n) => Ok(*n),
        _ => Err(Fault),
    }
}

fn size(n: usize) -> Worth {
    i64::try_from(n).map(Value::Int).map_err(|_| Fault)
}

fn concat(args: &[Value], most: usize) -> Worth {
    let mut all = CompactString::default();
    for arg in args.iter().filter(|arg| !arg.is_null()) {
        let more = written(arg)?;
        if all.len() + more.len() > most {
            return Err(Fault);
        }
        all.push_str(&more);
    }
    Ok(Value::Str(all))
}

fn replace(s: &str, old: &str, new: &str, most: usize) -> Worth {
    let times = s.matches(old).count();
    let size = (s.len() - times * old.len()).saturating_add(times.saturating_mul(new.len()));
    if size > most { Err(Fault) } else { Ok(Value::str(s.replace(old, new))) }
}

/// A list; each item counts as its text, and as eight bytes besides.
pub(super) fn list(items: impl Iterator<Item = Value>, most: usize) -> Worth {
    let mut left = most;
    let mut all = Vec::new();
    for item in items {
        let text = if let Value::Str(text) = &item { text.len() } else { 0 };
        left = left.checked_sub(text + 8).ok_or(Fault)?;
        all.push(item);
    }
    Ok(Value::List(all.into()))
}

/// A value as alerts write it.
fn written(value: &Value) -> Result<CompactString, Fault> {
    match value {
        Value::Null => Ok(CompactString::const_new("null")),
        Value::Bool(b) => Ok(b.to_compact_string()),
        Value::Int(n) => Ok(n.to_compact_string()),
        Value::Uint(n) => Ok(n.to_compact_string()),
        Value::Float(x) => Ok(format_compact!("{x:?}")),
        Value::Str(s) => Ok(s.clone()),
        Value::Time(t) => Ok(t.to_compact_string()),
        Value::Duration(d) => Ok(d.to_compact_string()),
        Value::Ip(ip) => Ok(ip.to_compact_string()),
        Value::List(_) | Value::Record(_) => Err(Fault),
    }
}

/// From the `from`-th character (from 1) on, at most `length`; positions before the first hold nothing, as in SQL.
fn substr(s: &str, from: i64, length: i64) -> Worth {
    let end = from.saturating_add(length.max(0));
    let skip = usize::try_from(from.max(1) - 1).map_err(|_| Fault)?;
    let take = usize::try_from(end.saturating_sub(from.max(1)).max(0)).map_err(|_| Fault)?;
    Ok(Value::str(s.chars().skip(skip).take(take).collect::<CompactString>()))
}

/// Half away from zero; a whole number stays whole.
fn round(value: &Value, places: i64) -> Worth {
    let x = match value {
        Value::Float(x) => x,
        Value::Int(n) => return round_whole(i128::from(*n), places),
        Value::Uint(n) => return round_whole(i128::from(*n), places),
        _ => return Err(Fault),
    };
    let scale = 10f64.powi(i32::try_from(places).map_err(|_| Fault)?.clamp(-400, 400));
    let scaled = x * scale;
    // A float so large or so many places that nothing is left to round.
    if !scaled.is_finite() || scale == 0.0 {
        finite(if scale == 0.0 { 0.0 } else { *x })
    } else {
        finite(scaled.round() / scale)
    }
}

/// A whole number to so many places, which lie left of the point where they are negative.
fn round_whole(n: i128, places: i64) -> Worth {
    let left = u32::try_from(places.min(0).unsigned_abs()).ok();
    // More digits than any number has leave nothing of it.
    let Some(unit) = left.and_then(|left| 10i128.checked_pow(left)) else { return Ok(Value::Int(0)) };
    let rounded = (n + unit / 2 * n.signum()) / unit * unit;
    let large = || u64::try_from(rounded).map(Value::Uint);
    i64::try_from(rounded).map(Value::Int).or_else(|_| large()).map_err(|_| Fault)
}

fn to_int(value: &Value) -> Worth {
    match value {
        Value::Int(_) | Value::Uint(_) => Ok(value.clone()),
        Value::Float(x) => truncate(*x),
        Value::Bool(b) => Ok(Value::Int(i64::from(*b))),
        Value::Str(s) => match s.trim().parse::<i64>() {
            Ok(n) => Ok(Value::Int(n)),
            Err(_) => s.trim().parse::<f64>().map_or(Err(Fault), truncate),
        },
        _ => Err(Fault),
    }
}

fn to_bool(value: &Value) -> Worth {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::Int(0) => Ok(Value::Bool(false)),
        Value::Int(1) => Ok(Value::Bool(true)),
        Value::Str(s) => s.trim().parse().map(Value::Bool).map_err(|_| Fault),
        _ => Err(Fault),
    }
}

/// Whether an address lies in one of the networks; IPv4 addresses and networks mapped into IPv6 count as IPv4.
fn cidr(address: &Value, nets: &[Value]) -> Worth {
    let address = match address {
        Value::Ip(ip) => *ip,
        other => text(other)?.parse().map_err(|_| Fault)?,
    };
    let (bits, size) = bits(address.to_canonical());
    for net in nets {
        let net = text(net)?;
        let (base, length) = net.split_once('/').unwrap_or((net, ""));
        let base: IpAddr = base.parse().map_err(|_| Fault)?;
        let (base, base_size) = self::bits(base);
        let length: u32 = if length.is_empty() { base_size } else { length.parse().map_err(|_| Fault)? };
        if length > base_size {
            return Err(Fault);
        }
        let (base, base_size, length) = unmapped(base, base_size, length);
        let outside = base_size - length;
        if base_size == size && (outside == 128 || bits >> outside == base >> outside) {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// A network of mapped IPv4 addresses as one of IPv4.
fn unmapped(base: u128, size: u32, length: u32) -> (u128, u32, u32) {
    let mapped = size == 128 && length >= 96 && base >> 32 == 0xffff;
    if mapped { (base & 0xffff_ffff, 32, length - 96) } else { (base, size, length) }
}

fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()), 32),
        IpAddr::V6(ip) => (ip.to_bits(), 128),
    }
}

/// The haversine on a sphere of the mean radius of the earth.
fn distance_km(lat1: f64, lon1: f64, lat2: f64, lon2: f64) -> Worth {
    const RADIUS: f64 = 6_371.008_8;
    let (p1, p2) = (lat1.to_radians(), lat2.to_radians());
    let (dp, dl) = (p2 - p1, (lon2 - lon1).to_radians());
    let h = (dp / 2.0).sin().powi(2) + p1.cos() * p2.cos() * (dl / 2.0).sin().powi(2);
    finite(2.0 * RADIUS * h.clamp(0.0, 1.0).sqrt().asin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: Function, args: &[Value]) -> Worth {
        super::call(function, args, 100)
    }

    #[test]
    fn what_would_grow_too_large_is_a_fault() {
        let (long, longer) = ("x".repeat(50), "x".repeat(51));
        assert_eq!(call(Function::Concat, &[s(&long), s(&long)]), Ok(s(&"x".repeat(100))));
        assert_eq!(call(Function::Concat, &[s(&long), s(&longer)]), Err(Fault));
        assert_eq!(
            call(Function::Replace, &[s("aaaa"), s("a"), s(&"x".repeat(25))]),
            Ok(s(&"x".repeat(100)))
        );
        assert_eq!(call(Function::Replace, &[s("aaaa"), s("a"), s(&"x".repeat(26))]), Err(Fault));
        assert_eq!(call(Function::Replace, &[s(&long), s(""), s("xx")]), Err(Fault));
        assert_eq!(call(Function::Split, &[s("a,b"), s(",")]), Ok(Value::List([s("a"), s("b")].into())));
        assert_eq!(call(Function::Split, &[s(&",".repeat(20)), s(",")]), Err(Fault));
    }

    fn s(text: &str) -> Value {
        Value::str(text)
    }

    #[test]
    fn text_functions_count_characters_from_one() {
        assert_eq!(call(Function::Substr, &[s("häßlich"), Value::Int(2), Value::Int(2)]), Ok(s("äß")));
        assert_eq!(call(Function::Substr, &[s("abc"), Value::Int(-1), Value::Int(3)]), Ok(s("a")));
        assert_eq!(call(Function::Substr, &[s("abc"), Value::Int(i64::MIN)]), Ok(s("abc")));
        assert_eq!(call(Function::Len, &[s("häßlich")]), Ok(Value::Int(7)));
        assert_eq!(
            call(Function::Concat, &[s("a"), Value::Null, Value::Int(1), Value::Float(2.0)]),
            Ok(s("a12.0"))
        );
    }

    #[test]
    fn networks_hold_their_addresses() {
        let inside = |ip: &str, net: &str| call(Function::Cidr, &[s(ip), s(net)]);
        assert_eq!(inside("10.1.2.3", "10.0.0.0/8"), Ok(Value::Bool(true)));
        assert_eq!(inside("11.1.2.3", "10.0.0.0/8"), Ok(Value::Bool(false)));
        assert_eq!(inside("::ffff:10.1.2.3", "10.0.0.0/8"), Ok(Value::Bool(true)));
        assert_eq!(inside("::ffff:10.1.2.3", "::ffff:10.0.0.0/104"), Ok(Value::Bool(true)));
        assert_eq!(inside("11.1.2.3", "::ffff:10.0.0.0/104"), Ok(Value::Bool(false)));
        assert_eq!(inside("11.1.2.3", "::ffff:0.0.0.0/96"), Ok(Value::Bool(true)));
        assert_eq!(inside("2001:db8::1", "::/0"), Ok(Value::Bool(true)));
        assert_eq!(inside("10.1.2.3", "::/0"), Ok(Value::Bool(false)));
        assert_eq!(inside("10.1.2.3", "10.0.0.0/33"), Err(Fault));
    }

    #[test]
    fn numbers_overflow_into_faults() {
        assert_eq!(call(Function::Abs, &[Value::Int(i64::MIN)]), Err(Fault));
        assert_eq!(call(Function::Sqrt, &[Value::Int(-1)]), Err(Fault));
        assert_eq!(call(Function::Round, &[Value::Float(2.5)]), Ok(Value::Float(3.0)));
        assert_eq!(call(Function::Round, &[Value::Float(1.005), Value::Int(1)]), Ok(Value::Float(1.0)));
        assert_eq!(call(Function::Int, &[s("12.9")]), Ok(Value::Int(12)));
        let round = |n, places| call(Function::Round, &[n, Value::Int(places)]);
        assert_eq!(round(Value::Int(1250), -2), Ok(Value::Int(1300)));
        assert_eq!(round(Value::Int(-1249), -2), Ok(Value::Int(-1200)));
        assert_eq!(round(Value::Int(1250), 2), Ok(Value::Int(1250)));
        assert_eq!(round(Value::Int(7), i64::MIN), Ok(Value::Int(0)));
        assert_eq!(round(Value::Int(i64::MAX), -1), Ok(Value::Uint(9_223_372_036_854_775_810)));
        assert_eq!(round(Value::Uint(u64::MAX), -1), Err(Fault));
    }
}
