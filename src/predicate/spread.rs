//! The deviation of a sample from exact sums, rounded once.

use super::exact::{Exact, LEAST, divide};
use super::total::Squares;

/// Words that a quotient has behind its point.
const BEHIND: usize = 4;
/// Bits of a quotient whose root is taken: it then has 60, of which a float shows 53.
const ENOUGH: usize = 120;

/// `sqrt((n Σx² − (Σx)²) / (n (n − 1)))`, which is exact but for the one rounding, half to even. The count is at least 2.
pub(super) fn deviation(mut sum: Exact, squares: &Squares, count: u64) -> f64 {
    if sum.is_negative() {
        sum.negate();
    }
    // The word below the least float is empty as long as nothing is divided.
    let sum = trimmed(sum.words().get(LEAST / 64..).unwrap_or_default());
    let mut quotient = product(trimmed(squares.words()), &[count]);
    subtract(&mut quotient, &product(sum, sum));
    quotient.splice(..0, [0; BEHIND]);
    let mut more = divide(&mut quotient, count);
    more |= divide(&mut quotient, count - 1);
    root(trimmed(&quotient), more)
}

/// The root of a number with `BEHIND` words behind its point, in units of the square of the least float.
fn root(words: &[u64], mut more: bool) -> f64 {
    let Some(top) = words.last() else { return 0.0 };
    let length = words.len() * 64 - top.leading_zeros() as usize;
    // An even number of bits is left out below.
    let low = length.saturating_sub(ENOUGH).next_multiple_of(2);
    let word = |at: usize| u128::from(words.get(at).copied().unwrap_or(0));
    let (at, shift) = (low / 64, low % 64);
    let upper = if shift == 0 { 0 } else { word(at + 2) << (128 - shift) };
    let bits = (word(at + 1) << 64 | word(at)) >> shift | upper;
    more |= words.iter().take(at).any(|word| *word != 0) || word(at) & ((1 << shift) - 1) != 0;
    let root = bits.isqrt();
    more |= root * root != bits;
    // The root begins so many bits above the lowest of a sum.
    let (at, behind) = (low / 2 + LEAST, BEHIND * 64 / 2);
    let lost = behind.saturating_sub(at);
    more |= lost > 0 && root & ((1 << lost.min(64)) - 1) != 0;
    let mut exact = Exact::ZERO;
    exact.add((root >> lost.min(64)) as u64, at.saturating_sub(behind), false);
    exact.round(more)
}

/// Without empty words at the top.
fn trimmed(words: &[u64]) -> &[u64] {
    let length = words.iter().rposition(|word| *word != 0).map_or(0, |at| at + 1);
    words.get(..length).unwrap_or_default()
}

fn product(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut product = vec![0; a.len() + b.len()];
    for (at, x) in a.iter().enumerate().filter(|(_, x)| **x != 0) {
        let mut carry = 0;
        let mut others = b.iter();
        for word in product.iter_mut().skip(at) {
            let wide = match others.next() {
                Some(y) => u128::from(*x) * u128::from(*y) + u128::from(*word) + carry,
                None if carry == 0 => break,
                None => u128::from(*word) + carry,
            };
            (*word, carry) = (wide as u64, wide >> 64);
        }
    }
    product
}

/// Takes away what is not more.
fn subtract(from: &mut [u64], what: &[u64]) {
    let mut borrow = false;
    for (at, word) in from.iter_mut().enumerate() {
        let (less, over) = word.overflowing_sub(what.get(at).copied().unwrap_or(0));
        let (less, again) = less.overflowing_sub(u64::from(borrow));
        (*word, borrow) = (less, over || again);
    }
}

#[cfg(test)]
mod tests {
    use super::super::total::Spread;
    use crate::event::{Value, ValueRef};

    fn deviation(xs: &[f64]) -> Option<f64> {
        let mut spread = Spread::default();
        xs.iter().for_each(|x| spread.take(ValueRef::Float(*x), false));
        match spread.deviation() {
            Ok(Value::Float(x)) => Some(x),
            _ => None,
        }
    }

    #[test]
    fn a_deviation_is_rounded_once() {
        let least = f64::from_bits(1);
        for (xs, expected) in [
            (&[1.0, 3.0][..], Some(2f64.sqrt())),
            (&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], Some((32f64 / 7.0).sqrt())),
            (&[0.1; 7], Some(0.0)),
            (&[1e16, 1e16 + 2.0], Some(2f64.sqrt())),
            (&[0.0, least], Some(least)),               // 0.707 of it
            (&[-least, 0.0, 0.0, 0.0, 0.0], Some(0.0)), // 0.447 of it
            (&[f64::MAX, f64::MAX], Some(0.0)),
            (&[f64::MAX, -f64::MAX], None),
            (&[f64::MAX, 0.0], Some(1.271_161_006_153_646_2e308)), // of the exact root of 2
            (&[1.0], None),
            (&[], None),
        ] {
            assert_eq!(deviation(xs), expected, "{xs:?}");
        }
    }
}
