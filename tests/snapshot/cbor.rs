//! As much of CBOR as snapshots are written in, read by hand: nothing of it is shared with the library.

/// One item.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Uint(u64),
    Negative(i128),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Item>),
    Map(Vec<(Item, Item)>),
    Tag(u64, Box<Item>),
    Bool(bool),
    Null,
    Float(f64),
}

/// Reads one item, which must be all there is.
pub fn read(bytes: &[u8]) -> Item {
    let (item, rest) = item(bytes);
    assert!(rest.is_empty(), "{} bytes behind the item", rest.len());
    item
}

fn item(bytes: &[u8]) -> (Item, &[u8]) {
    let (first, rest) = bytes.split_first().expect("an item");
    match first {
        0xf4 | 0xf5 => return (Item::Bool(*first == 0xf5), rest),
        0xf6 => return (Item::Null, rest),
        0xfb => return (Item::Float(f64::from_be_bytes(rest[..8].try_into().unwrap())), &rest[8..]),
        _ => {}
    }
    let (number, rest) = number(first & 31, rest);
    let length = usize::try_from(number).unwrap();
    match first >> 5 {
        0 => (Item::Uint(number), rest),
        1 => (Item::Negative(-1 - i128::from(number)), rest),
        2 => (Item::Bytes(rest[..length].to_vec()), &rest[length..]),
        3 => (Item::Text(String::from_utf8(rest[..length].to_vec()).unwrap()), &rest[length..]),
        4 => {
            let (items, rest) = items(length, rest);
            (Item::Array(items), rest)
        }
        5 => {
            let (items, rest) = items(2 * length, rest);
            let pairs = items.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone()));
            (Item::Map(pairs.collect()), rest)
        }
        6 => {
            let (inner, rest) = item(rest);
            (Item::Tag(number, Box::new(inner)), rest)
        }
        _ => panic!("the byte {first:#04x} begins no item of a snapshot"),
    }
}

/// The number in the head of an item.
fn number(short: u8, rest: &[u8]) -> (u64, &[u8]) {
    let length = match short {
        0..24 => return (short.into(), rest),
        24..28 => 1 << (short - 24),
        _ => panic!("a length that is not definite"),
    };
    let (bytes, rest) = rest.split_at(length);
    (bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), rest)
}

fn items(count: usize, mut rest: &[u8]) -> (Vec<Item>, &[u8]) {
    let mut items = Vec::new();
    for _ in 0..count {
        let (next, behind) = item(rest);
        items.push(next);
        rest = behind;
    }
    (items, rest)
}
