//! Values of events in CBOR. Times, lengths of time and addresses have their registered tags.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cbor4ii::core::{major, marker};
use compact_str::CompactString;

use super::cbor::{Data, Malformed, Reader, Writer};
use crate::event::{Record, Value};
use crate::time::{Duration, Timestamp};

/// RFC 9581: a time and a length of time, as a map of seconds and nanoseconds.
const TIME: u64 = 1001;
const DURATION: u64 = 1002;
/// RFC 9164: addresses, as their bytes.
const IPV4: u64 = 52;
const IPV6: u64 = 54;

/// The keys of a time: its seconds, and the nanoseconds after them.
const SECONDS: i64 = 1;
const NANOSECONDS: i64 = -9;
const BILLION: i64 = 1_000_000_000;

impl Data for Value {
    fn absent() -> Self {
        Value::Null
    }

    fn is_absent(&self) -> bool {
        self.is_null()
    }

    fn put(&self, to: &mut Writer) {
        match self {
            Value::Null => to.null(),
            Value::Bool(b) => to.plain(*b),
            Value::Int(n) => to.plain(*n),
            Value::Uint(n) => to.plain(*n),
            Value::Float(x) => to.plain(*x),
            Value::Str(text) => to.plain(text.as_str()),
            Value::Time(time) => put_nanos(TIME, time.nanos(), to),
            Value::Duration(length) => put_nanos(DURATION, length.nanos(), to),
            Value::Ip(IpAddr::V4(ip)) => put_address(IPV4, &ip.octets(), to),
            Value::Ip(IpAddr::V6(ip)) => put_address(IPV6, &ip.octets(), to),
            Value::List(items) => {
                to.array(items.len());
                items.iter().for_each(|item| item.put(to));
            }
            Value::Record(fields) => fields.put(to),
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        match from.kind()? {
            major::UNSIGNED => from.plain().map(Value::from_u64),
            major::NEGATIVE => from.plain().map(Value::Int),
            major::STRING => CompactString::take(from).map(Value::Str),
            major::ARRAY => nested(from, Vec::<Value>::take).map(|items| Value::List(items.into())),
            major::MAP => nested(from, Record::take).map(|fields| Value::Record(fields.into())),
            major::TAG => tagged(from),
            marker::TRUE | marker::FALSE => from.plain().map(Value::Bool),
            marker::NULL => from.is_null().map(|_| Value::Null),
            marker::F64 => Value::from_f64(from.plain()?).ok_or(Malformed("a number is not finite")),
            _ => Err(Malformed("a value is of no known type")),
        }
    }
}

/// The fields in the order of the input.
impl Data for Record {
    fn absent() -> Self {
        Record::default()
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn put(&self, to: &mut Writer) {
        to.map(self.len());
        for (name, value) in self {
            name.put(to);
            value.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut fields = Record::default();
        for _ in 0..from.map()? {
            fields.insert(CompactString::take(from)?, Value::take(from)?);
        }
        Ok(fields)
    }
}

/// Reads something that nests, if it may.
fn nested<T>(
    from: &mut Reader<'_>,
    read: impl Fn(&mut Reader<'_>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    from.depth =
        from.depth.checked_sub(1).ok_or(Malformed("a value nests deeper than `record_depth` allows"))?;
    let value = read(from);
    from.depth += 1;
    value
}

fn put_nanos(tag: u64, nanos: i64, to: &mut Writer) {
    to.tag(tag);
    to.map(2);
    for (key, part) in [(SECONDS, nanos.div_euclid(BILLION)), (NANOSECONDS, nanos.rem_euclid(BILLION))] {
        to.plain(key);
        to.plain(part);
    }
}

fn put_address(tag: u64, bytes: &[u8], to: &mut Writer) {
    to.tag(tag);
    to.bytes(bytes);
}

fn tagged(from: &mut Reader<'_>) -> Result<Value, Malformed> {
    match from.tag()? {
        TIME => nanos(from).map(|n| Value::Time(Timestamp::from_nanos(n))),
        DURATION => nanos(from).map(|n| Value::Duration(Duration::from_nanos(n))),
        IPV4 => address::<4>(from).map(|octets| Value::Ip(Ipv4Addr::from(octets).into())),
        IPV6 => address::<16>(from).map(|octets| Value::Ip(Ipv6Addr::from(octets).into())),
        _ => Err(Malformed("a value has an unknown tag")),
    }
}

fn nanos(from: &mut Reader<'_>) -> Result<i64, Malformed> {
    let (mut seconds, mut rest) = (0i128, 0i128);
    for _ in 0..from.map()? {
        match from.plain::<i64>()? {
            SECONDS => seconds = from.plain::<i64>()?.into(),
            NANOSECONDS => rest = from.plain::<i64>()?.into(),
            _ => return Err(Malformed("a time has an unknown part")),
        }
    }
    i64::try_from(seconds * i128::from(BILLION) + rest).map_err(|_| Malformed("a time is out of range"))
}

fn address<const N: usize>(from: &mut Reader<'_>) -> Result<[u8; N], Malformed> {
    from.bytes()?.try_into().map_err(|_| Malformed("an address has the wrong length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Value) -> Vec<u8> {
        let mut writer = Writer::default();
        value.put(&mut writer);
        writer.into_bytes()
    }

    fn read(bytes: &[u8], depth: usize) -> Result<Value, Malformed> {
        let mut reader = Reader::new(bytes, depth);
        let value = Value::take(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    #[test]
    fn every_value_is_read_as_it_was() {
        let record = Record::from_iter([("b".into(), Value::Int(1)), ("a".into(), Value::Null)]);
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Int(-1),
            Value::Int(i64::MAX),
            Value::Uint(u64::MAX),
            Value::Float(-0.0),
            Value::Float(1.0),
            Value::str("é\n"),
            Value::Time(Timestamp::MIN),
            Value::Time(Timestamp::from_nanos(-1)),
            Value::Time(Timestamp::MAX),
            Value::Duration(Duration::from_nanos(-1_500_000_000)),
            Value::Ip([127, 0, 0, 1].into()),
            Value::Ip(Ipv6Addr::LOCALHOST.into()),
            Value::List([Value::Int(1), Value::List([].into())].into()),
            Value::Record(record.into()),
        ];
        for value in values {
            let again = read(&written(&value), 4).unwrap();
            assert_eq!(format!("{again:?}"), format!("{value:?}"));
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let mut deep = Value::Null;
        (0..5).for_each(|_| deep = Value::List([deep.clone()].into()));
        assert!(read(&written(&deep), 5).is_ok());
        assert!(read(&written(&deep), 4).is_err());
        let nan = [&[0xfb][..], &f64::NAN.to_be_bytes()].concat();
        // Not finite, without a length, a long list with nothing in it, an unknown tag, text that is none.
        let wrong: [&[u8]; 5] = [
            &nan,
            &[0x9f, 0xff],
            &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0xc0, 0x00],
            &[0x61, 0xff],
        ];
        for bytes in wrong {
            assert!(read(bytes, 4).is_err(), "{bytes:?}");
        }
    }
}
