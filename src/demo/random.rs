//! Random numbers that are the same everywhere: SplitMix64, whole-number arithmetic only.

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of a seed and a name, so that one part of the world can change without moving the others.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        let start = name.bytes().fold(seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let mut random = Random(start);
        random.next();
        random
    }

    /// 64 random bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low) + 1;
        let drawn = (u128::from(self.next()) * u128::from(width)) >> 64;
        low.saturating_add_unsigned(drawn as u64)
    }

    /// A number from `low` to `high`, small ones far more often: the cube of an even draw.
    pub(super) fn skewed(&mut self, low: i64, high: i64) -> i64 {
        let x = self.between(0, 1_000_000);
        let cube = i128::from(x).pow(3) * i128::from(high - low) / 1_000_000i128.pow(3);
        low + cube as i64
    }

    /// True this many times in a hundred.
    pub(super) fn percent(&mut self, chance: i64) -> bool {
        self.between(1, 100) <= chance
    }

    /// One of these; there must be one.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    /// An index below `len`, which is not 0.
    pub(super) fn index(&mut self, len: usize) -> usize {
        ((u128::from(self.next()) * len as u128) >> 64) as usize
    }

    /// Puts them into any order.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.index(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn draws_stay_in_their_bounds_and_reach_them() {
        let mut random = Random::new(1, "bounds");
        let drawn: Vec<i64> = (0..1_000).map(|_| random.between(-2, 2)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-2), Some(&2)));
        assert!((0..1_000).all(|_| (5..=9).contains(&random.skewed(5, 9))));
        assert_eq!(Random::new(7, "a").next(), Random::new(7, "a").next());
        assert_ne!(Random::new(7, "a").next(), Random::new(7, "b").next());
    }
}
