//! The built-in functions. A null argument makes null, but `concat` leaves it out. The analysis has seen to the number
//! of arguments.

use std::cmp::Ordering;
use std::net::IpAddr;

use compact_str::CompactString;

use crate::event::{Value, ValueRef};
use crate::function::Function;
use crate::plan::Binary;

use super::convert::{push_written, to_bool, to_float, to_int, written};
use super::number::{arithmetic, cut, finite, float};
use super::read;
use super::worth::Fault;
use super::{calendar, network, personal};

type Result<T = Value> = std::result::Result<T, Fault>;

/// What a function makes of its arguments: a text or list of at most so many bytes.
pub(super) fn call(function: Function, args: &[ValueRef<'_>], most: usize) -> Result {
    match function {
        Function::Concat => concat(args, most),
        _ if args.iter().any(|arg| arg.is_null()) => Ok(Value::Null),
        Function::Min => extreme(args, Ordering::Less),
        Function::Max => extreme(args, Ordering::Greater),
        _ => match *args {
            [value] => of_one(function, value),
            [first, second] => of_two(function, first, second, most),
            [first, second, third] => of_three(function, first, second, third, most),
            [lat1, lon1, lat2, lon2] if function == Function::DistanceKm => {
                distance_km((float(lat1)?, float(lon1)?), (float(lat2)?, float(lon2)?))
            }
            [address, ref nets @ ..] if function == Function::Cidr => cidr(address, nets),
            _ => Err(Fault),
        },
    }
}

fn of_one(function: Function, value: ValueRef<'_>) -> Result {
    match function {
        Function::Lower => Ok(Value::str(text(value)?.to_lowercase())),
        Function::Upper => Ok(Value::str(text(value)?.to_uppercase())),
        Function::Trim => Ok(Value::str(text(value)?.trim())),
        Function::Len => len(value),
        Function::Abs => abs(value),
        Function::Round => round(value, 0),
        Function::Floor => step(value, f64::floor),
        Function::Ceil => step(value, f64::ceil),
        Function::Sqrt => finite(float(value)?.sqrt()),
        Function::Log => finite(float(value)?.ln()),
        Function::Int => to_int(value),
        Function::Float => to_float(value),
        Function::String => written(value).map(Value::Str),
        Function::Bool => to_bool(value).map(Value::Bool),
        Function::Ip => address(value).map(Value::Ip),
        Function::Mask => Ok(personal::mask(&written(value)?)),
        Function::Hash => Ok(personal::hash(&written(value)?)),
        part if calendar::has(part) => calendar::part(part, read::time(value)?, None),
        _ => Err(Fault),
    }
}

fn of_two(function: Function, a: ValueRef<'_>, b: ValueRef<'_>, most: usize) -> Result {
    match function {
        Function::Contains => contains(a, b).map(Value::Bool),
        Function::StartsWith => Ok(Value::Bool(text(a)?.starts_with(text(b)?))),
        Function::EndsWith => Ok(Value::Bool(text(a)?.ends_with(text(b)?))),
        Function::Substr => substr(text(a)?, int(b)?, None),
        Function::Split => list(text(a)?.split(text(b)?).map(Value::str), most),
        Function::Round => round(a, int(b)?),
        Function::Pow => finite(float(a)?.powf(float(b)?)),
        Function::Log => finite(float(a)?.ln() / float(b)?.ln()),
        Function::Div => arithmetic(Binary::IntDiv, a, b),
        Function::Mod => arithmetic(Binary::Rem, a, b),
        Function::Elapsed => {
            let (from, to) = (read::time(a)?, read::time(b)?);
            arithmetic(Binary::Sub, ValueRef::Time(to), ValueRef::Time(from))
        }
        Function::Cidr => cidr(a, &[b]),
        part if calendar::has(part) => calendar::part(part, read::time(a)?, Some(text(b)?)),
        _ => Err(Fault),
    }
}

fn of_three(function: Function, a: ValueRef<'_>, b: ValueRef<'_>, c: ValueRef<'_>, most: usize) -> Result {
    match function {
        Function::Substr => substr(text(a)?, int(b)?, Some(int(c)?)),
        Function::Replace => replace(text(a)?, text(b)?, text(c)?, most),
        Function::Cidr => cidr(a, &[b, c]),
        _ => Err(Fault),
    }
}

fn text(value: ValueRef<'_>) -> Result<&str> {
    match value {
        ValueRef::Str(text) => Ok(text),
        _ => Err(Fault),
    }
}

fn int(value: ValueRef<'_>) -> Result<i64> {
    match value {
        ValueRef::Int(n) => Ok(n),
        _ => Err(Fault),
    }
}

fn address(value: ValueRef<'_>) -> Result<IpAddr> {
    match value {
        ValueRef::Ip(address) => Ok(address),
        other => text(other)?.trim().parse().map_err(|_| Fault),
    }
}

fn concat(args: &[ValueRef<'_>], most: usize) -> Result {
    let mut joined = CompactString::default();
    for arg in args.iter().filter(|arg| !arg.is_null()) {
        push_written(*arg, &mut joined)?;
        if joined.len() > most {
            return Err(Fault);
        }
    }
    Ok(Value::Str(joined))
}

fn replace(text: &str, old: &str, new: &str, most: usize) -> Result {
    let found = text.matches(old).count();
    let grown =
        found.checked_mul(new.len()).and_then(|more| more.checked_add(text.len() - found * old.len()));
    grown.filter(|size| *size <= most).map(|_| Value::str(text.replace(old, new))).ok_or(Fault)
}

/// A list, of which each item counts as eight bytes and a text as its own besides.
pub(super) fn list(items: impl IntoIterator<Item = Value>, most: usize) -> Result {
    let (mut size, mut kept) = (0, Vec::new());
    for item in items {
        let text = if let Value::Str(text) = &item { text.len() } else { 0 };
        size += text + 8;
        if size > most {
            return Err(Fault);
        }
        kept.push(item);
    }
    Ok(Value::List(kept.into()))
}

/// The first of the least or greatest arguments.
fn extreme(args: &[ValueRef<'_>], wanted: Ordering) -> Result {
    let better = |best: ValueRef<'_>, arg: ValueRef<'_>| arg.compare(best).map(|order| order == wanted);
    let Some((first, rest)) = args.split_first() else { return Err(Fault) };
    let mut best = *first;
    for arg in rest {
        if better(best, *arg).ok_or(Fault)? {
            best = *arg;
        }
    }
    Ok(best.to_value())
}

fn len(value: ValueRef<'_>) -> Result {
    let len = match value {
        ValueRef::List(items) => items.len(),
        other => text(other)?.chars().count(),
    };
    i64::try_from(len).map(Value::Int).map_err(|_| Fault)
}

fn contains(whole: ValueRef<'_>, part: ValueRef<'_>) -> Result<bool> {
    match whole {
        ValueRef::List(items) => Ok(items.iter().any(|item| item.borrowed().total_cmp(part).is_eq())),
        other => Ok(text(other)?.contains(text(part)?)),
    }
}

/// Characters by their positions from 1 on, as in SQL: `length` counts from the position asked for, and positions
/// before the first hold nothing.
fn substr(text: &str, from: i64, length: Option<i64>) -> Result {
    let end = length.map_or(i64::MAX, |length| from.saturating_add(length.max(0)));
    let (from, end) = (from.max(1), end.max(1));
    let position = |at: i64| usize::try_from(at - 1).unwrap_or(usize::MAX);
    let byte = |at: i64| text.char_indices().nth(position(at)).map_or(text.len(), |(byte, _)| byte);
    Ok(Value::str(if end <= from { "" } else { text.get(byte(from)..byte(end)).unwrap_or_default() }))
}

fn abs(value: ValueRef<'_>) -> Result {
    match value {
        ValueRef::Int(n) => n.checked_abs().map(Value::Int).ok_or(Fault),
        ValueRef::Uint(n) => Ok(Value::Uint(n)),
        ValueRef::Float(x) => Ok(Value::Float(x.abs())),
        _ => Err(Fault),
    }
}

/// `floor`, `ceil`: a whole number is its own.
fn step(value: ValueRef<'_>, to: fn(f64) -> f64) -> Result {
    match value {
        ValueRef::Int(_) | ValueRef::Uint(_) => Ok(value.to_value()),
        other => cut(to(float(other)?)).map(Value::Int),
    }
}

/// Half away from zero. A whole number has no decimal places, and is not rounded left of the point.
fn round(value: ValueRef<'_>, places: i64) -> Result {
    let x = match value {
        ValueRef::Float(x) => x,
        ValueRef::Int(n) => return round_whole(n.into(), places),
        ValueRef::Uint(n) => return round_whole(n.into(), places),
        _ => return Err(Fault),
    };
    let places = i32::try_from(places).map_err(|_| Fault)?;
    // Past these powers of ten every float stays as it is, or becomes 0.
    let scale = 10f64.powi(places.clamp(-400, 400));
    match (x * scale).round() / scale {
        _ if scale == 0.0 => Ok(Value::Float(0.0)),
        _ if !(x * scale).is_finite() => Ok(Value::Float(x)),
        rounded => finite(rounded),
    }
}

/// A whole number half away from zero, to the tens, hundreds … that negative places name.
fn round_whole(n: i128, places: i64) -> Result {
    let zeros = u32::try_from(places.min(0).unsigned_abs()).unwrap_or(u32::MAX);
    let rounded = match 10i128.checked_pow(zeros) {
        Some(unit) => (n.abs() + unit / 2) / unit * unit * n.signum(),
        None => 0,
    };
    let whole = i64::try_from(rounded).map(Value::Int);
    whole.or_else(|_| u64::try_from(rounded).map(Value::from_u64)).map_err(|_| Fault)
}

fn cidr(address: ValueRef<'_>, nets: &[ValueRef<'_>]) -> Result {
    let address = match address {
        ValueRef::Ip(address) => address,
        other => text(other)?.parse().map_err(|_| Fault)?,
    };
    for net in nets {
        if network::holds(text(*net)?, address).ok_or(Fault)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// The haversine of the angle between two places given by latitude and longitude in degrees, on a sphere with the
/// earth's mean radius.
fn distance_km(from: (f64, f64), to: (f64, f64)) -> Result {
    const RADIUS_KM: f64 = 6_371.008_8;
    let (here, there) = (from.0.to_radians(), to.0.to_radians());
    let (up, along) = (there - here, (to.1 - from.1).to_radians());
    let haversine = (up / 2.0).sin().powi(2) + here.cos() * there.cos() * (along / 2.0).sin().powi(2);
    finite(2.0 * RADIUS_KM * haversine.clamp(0.0, 1.0).sqrt().asin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substr_counts_characters_from_one() {
        for (from, length, part) in [
            (1, None, "häß"),
            (2, Some(1), "ä"),
            (2, Some(9), "äß"),
            (-1, Some(3), "h"),
            (0, Some(1), ""),
            (4, None, ""),
            (2, Some(-1), ""),
            (i64::MIN, None, "häß"),
            (i64::MIN, Some(i64::MAX), ""),
            (i64::MAX, Some(i64::MAX), ""),
        ] {
            assert_eq!(substr("häß", from, length), Ok(Value::str(part)), "{from} {length:?}");
        }
    }

    #[test]
    fn rounding_has_no_overflow() {
        for (x, places, rounded) in [
            (2.5, 0, 3.0),
            (-2.5, 0, -3.0),
            (1.25, 1, 1.3),
            (1234.5, -2, 1200.0),
            (1e300, 300, 1e300),
            (1e300, -400, 0.0),
            (1.5, i32::MAX.into(), 1.5),
        ] {
            assert_eq!(round(ValueRef::Float(x), places), Ok(Value::Float(rounded)), "{x} {places}");
        }
        for (n, places, rounded) in
            [(15, 1, 15), (15, -1, 20), (-15, -1, -20), (14, -1, 10), (7, i64::MIN, 0)]
        {
            assert_eq!(round(ValueRef::Int(n), places), Ok(Value::Int(rounded)), "{n} {places}");
        }
        assert_eq!(round(ValueRef::Uint(u64::MAX), -1), Err(Fault));
        assert_eq!(round(ValueRef::Float(1.0), i64::MAX), Err(Fault));
    }
}
