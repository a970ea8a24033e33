//! Sums without loss: a fixed-point number so wide that every float and every integer fits, rounded once at the end.
//!
//! Adding is a carry through a few words, so the order of what is added cannot matter, and what was added can be taken
//! away again.

/// Words of a sum. Above the bit that is worth 1 there is room for 2^64 of the largest floats.
const WORDS: usize = 35;
/// The bit that is worth 1. The least float is 2^-1074; a word below it is for the quotient of a mean.
const ONE: usize = 1074 + LEAST;
/// The bit that the least float is worth.
pub(super) const LEAST: usize = 64;

/// A number in two's complement, the lowest word first.
#[derive(Clone, Debug)]
pub(super) struct Fixed<const N: usize>([u64; N]);

/// A sum of floats and integers.
pub(super) type Exact = Fixed<WORDS>;

/// The digits of the size of a float, and how many bits above the least float they begin.
pub(super) fn digits(x: f64) -> (u64, usize) {
    let bits = x.to_bits();
    let (exponent, fraction) = ((bits >> 52) as usize & 0x7ff, bits & ((1 << 52) - 1));
    // Below the least exponent there is no hidden bit.
    if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) }
}

impl<const N: usize> Fixed<N> {
    pub(super) const ZERO: Self = Fixed([0; N]);

    pub(super) fn words(&self) -> &[u64] {
        &self.0
    }

    pub(super) fn is_negative(&self) -> bool {
        self.0.last().is_some_and(|word| word >> 63 == 1)
    }

    /// Adds `digits · 2^at`, or subtracts it.
    pub(super) fn add(&mut self, digits: u64, at: usize, negative: bool) {
        let wide = u128::from(digits) << (at % 64);
        let (mut with, mut carry) = (wide as u64, false);
        for (index, word) in self.0.iter_mut().skip(at / 64).enumerate() {
            let step = if negative { u64::overflowing_sub } else { u64::overflowing_add };
            let (sum, over) = step(*word, with);
            let (sum, again) = step(sum, u64::from(carry));
            (*word, carry) = (sum, over || again);
            with = if index == 0 { (wide >> 64) as u64 } else { 0 };
            if with == 0 && !carry {
                return;
            }
        }
    }

    pub(super) fn negate(&mut self) {
        let mut carry = true;
        for word in &mut self.0 {
            (*word, carry) = (!*word).overflowing_add(u64::from(carry));
        }
    }
}

impl Exact {
    /// Adds a whole number, or takes it away.
    pub(super) fn whole(&mut self, whole: i128, away: bool) {
        let (size, negative) = (whole.unsigned_abs(), (whole < 0) != away);
        self.add(size as u64, ONE, negative);
        self.add((size >> 64) as u64, ONE + 64, negative);
    }

    /// Adds a float, or takes it away.
    pub(super) fn float(&mut self, x: f64, away: bool) {
        let (digits, at) = digits(x);
        self.add(digits, LEAST + at, (x < 0.0) != away);
    }

    /// The sum divided by a count, rounded once, half to even; infinite if no float is so large.
    pub(super) fn over(mut self, count: u64) -> f64 {
        let negative = self.is_negative();
        if negative {
            self.negate();
        }
        let rest = count > 1 && divide(&mut self.0, count);
        let size = self.round(rest);
        if negative { -size } else { size }
    }

    /// The nearest float of a number that is not negative; `more` if there is a little more than its bits say.
    pub(super) fn round(&self, more: bool) -> f64 {
        let Some(word) = self.0.iter().rposition(|word| *word != 0) else { return 0.0 };
        let top = word * 64 + 63 - self.word(word).leading_zeros() as usize;
        // 53 bits are kept, but none below the least float.
        let low = top.saturating_sub(52).max(LEAST);
        let kept = self.bits(low) & (u64::MAX >> 11);
        let (half, below) = (self.bits(low - 1) & 1 == 1, more || self.any_below(low - 1));
        let digits = kept + u64::from(half && (below || kept & 1 == 1));
        // A carry out of the digits counts up the exponent, as does the step from the numbers without a hidden bit.
        let bits = (((low - LEAST) as u64) << 52) + digits;
        if bits < f64::INFINITY.to_bits() { f64::from_bits(bits) } else { f64::INFINITY }
    }

    fn word(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or(0)
    }

    /// 64 bits from this one on.
    fn bits(&self, from: usize) -> u64 {
        let (index, shift) = (from / 64, from % 64);
        let wide = u128::from(self.word(index + 1)) << 64 | u128::from(self.word(index));
        (wide >> shift) as u64
    }

    fn any_below(&self, bit: usize) -> bool {
        let (index, shift) = (bit / 64, bit % 64);
        self.0.iter().take(index).any(|word| *word != 0) || self.word(index) & ((1 << shift) - 1) != 0
    }
}

/// Divides a number and says whether something is left over.
pub(super) fn divide(words: &mut [u64], by: u64) -> bool {
    let by = u128::from(by.max(1));
    let mut rest = 0;
    for word in words.iter_mut().rev().skip_while(|word| **word == 0) {
        let wide = rest << 64 | u128::from(*word);
        (*word, rest) = ((wide / by) as u64, wide % by);
    }
    rest != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(xs: &[f64]) -> f64 {
        let mut sum = Exact::ZERO;
        xs.iter().for_each(|x| sum.float(*x, false));
        sum.over(xs.len() as u64)
    }

    fn total(xs: &[f64]) -> f64 {
        let mut sum = Exact::ZERO;
        xs.iter().for_each(|x| sum.float(*x, false));
        sum.over(1)
    }

    #[test]
    fn one_number_comes_out_as_it_went_in() {
        let least = f64::from_bits(1);
        for x in
            [0.0, 1.0, 0.1, 1e308, f64::MAX, f64::MIN_POSITIVE, f64::MIN_POSITIVE - least, least, 3.0 * least]
        {
            assert_eq!(total(&[x]).to_bits(), x.to_bits(), "{x:e}");
            assert_eq!(total(&[-x]), -x, "{x:e}");
        }
        for n in [0, 1, -1, i64::MAX, i64::MIN] {
            let mut sum = Exact::ZERO;
            sum.whole(i128::from(n), false);
            assert_eq!(sum.over(1), n as f64);
        }
    }

    #[test]
    fn sums_are_rounded_once() {
        for (xs, sum) in [
            (&[0.1; 10][..], 1.0),
            (&[1e16, 1.0, -1e16], 1.0),
            (&[1e16, 1.0], 1e16),
            (&[1e16, 1.0, 1e-300], 10_000_000_000_000_002.0),
            (&[1e308, 1e308, -1e308], 1e308),
            (&[f64::MAX, 9e291], f64::MAX), // half of the last digit is 2^970
            (&[f64::MAX, 1e292], f64::INFINITY),
            (&[1e308, 1e308], f64::INFINITY),
            (&[-1e308, -1e308], f64::NEG_INFINITY),
        ] {
            assert_eq!(total(xs), sum, "{xs:?}");
            let turned: Vec<f64> = xs.iter().rev().copied().collect();
            assert_eq!(total(&turned), sum, "{turned:?}");
        }
        let mut tenths = Exact::ZERO;
        (0..10_000).for_each(|_| tenths.float(0.1, false));
        assert_eq!(tenths.over(1), 1000.0);
    }

    #[test]
    fn means_are_rounded_once() {
        let least = f64::from_bits(1);
        for (xs, middle) in [
            (&[1e308, 1e308, 1e308][..], 1e308),
            (&[1.0, 2.0, 4.0], 7.0 / 3.0),
            (&[-1.0, -2.0, -4.0], -7.0 / 3.0),
            (&[least, 0.0], 0.0),
            (&[least, least, 0.0], least),
            (&[f64::MIN_POSITIVE, 0.0], f64::MIN_POSITIVE / 2.0),
        ] {
            assert_eq!(mean(xs), middle, "{xs:?}");
        }
    }
}
