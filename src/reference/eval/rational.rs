//! Fractions of whole numbers of any size, rounded to the nearest float.

use num_bigint::{BigInt, BigUint};

use crate::event::Value;

/// The least float is 2^-1074.
const LEAST: u64 = 1074;

/// A number as a multiple of the least float; of a duration its nanoseconds.
pub(super) fn exact(value: &Value) -> Option<BigInt> {
    match value {
        Value::Int(n) => Some(BigInt::from(*n) << LEAST),
        Value::Uint(n) => Some(BigInt::from(*n) << LEAST),
        Value::Duration(d) => Some(BigInt::from(d.nanos()) << LEAST),
        Value::Float(x) => {
            let exponent = (x.to_bits() >> 52) & 0x7ff;
            let fraction = x.to_bits() & ((1 << 52) - 1);
            let digits = if exponent == 0 { fraction } else { fraction | 1 << 52 };
            let size = BigInt::from(digits) << exponent.saturating_sub(1);
            Some(if x.is_sign_negative() { -size } else { size })
        }
        _ => None,
    }
}

/// The sum divided by a count.
pub(super) fn mean(numbers: &[BigInt], count: usize) -> f64 {
    let sum: BigInt = numbers.iter().sum();
    let whole = BigUint::from(count) << LEAST;
    // So many bits behind the point that the quotient has more than a float.
    let behind = (whole.bits() + 70).saturating_sub(sum.bits());
    let dividend = sum.magnitude() << behind;
    let quotient = &dividend / &whole;
    let more = &quotient * &whole != dividend;
    let size = rounded(&quotient, behind, more);
    if sum < BigInt::ZERO { -size } else { size }
}

/// `sqrt((n Σx² − (Σx)²) / (n (n − 1)))`, of two numbers at least.
pub(super) fn deviation(numbers: &[BigInt]) -> f64 {
    let sum: BigInt = numbers.iter().sum();
    let squares: BigInt = numbers.iter().map(|x| x * x).sum();
    let dividend = (BigInt::from(numbers.len()) * squares - &sum * &sum).magnitude().clone();
    let divisor = BigUint::from(numbers.len()) * (numbers.len() - 1);
    let behind = (divisor.bits() + 140).saturating_sub(dividend.bits()).next_multiple_of(2);
    let dividend = dividend << behind;
    let quotient = &dividend / &divisor;
    let root = quotient.sqrt();
    let more = &root * &root * divisor != dividend;
    rounded(&root, behind / 2 + LEAST, more)
}

/// The nearest float to a number with so many bits behind its point, half to even; `more` if it is a little more.
fn rounded(number: &BigUint, behind: u64, more: bool) -> f64 {
    // 53 bits are kept, but none below the least float.
    let left_out = number.bits().saturating_sub(53).max(behind.saturating_sub(LEAST));
    let mut kept = number >> left_out;
    let rest = (number - (&kept << left_out)) << 1u8;
    let half = BigUint::from(1u8) << left_out;
    if rest > half || (rest == half && (more || kept.bit(0))) {
        kept += 1u8;
    }
    let digits = kept.iter_u64_digits().next().unwrap_or(0) as f64;
    // In two steps, since a power of two by itself may be no float.
    let exponent = i32::try_from(left_out as i64 - behind as i64).unwrap_or(0);
    digits * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2)
}
