//! A small generator of our own (xoshiro256++, seeded by splitmix64), so that the data stay the same on every
//! platform and with every version of every library. Only exact operations of IEEE 754 are used on top.

pub(super) struct Random([u64; 4]);

impl Random {
    /// `stream` keeps the parts of the data apart, so that more of one does not change the other.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut state = seed ^ stream.wrapping_mul(0xA076_1D64_78BD_642F);
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        }))
    }

    pub fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// From 0 to `n - 1`; 0 for 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// From 0 to `n - 1`, as an integer of the database.
    pub fn integer(&mut self, n: i64) -> i64 {
        // Never more than `n`, which fits.
        ((u128::from(self.next()) * u128::from(n.unsigned_abs())) >> 64) as i64
    }

    /// From 0 up to, but not, 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// About a standard normal deviate: a sum of six uniform ones, never beyond ±4.3.
    pub fn normal(&mut self) -> f64 {
        let sum: f64 = (0..6).map(|_| self.unit()).sum();
        (sum - 3.0) * std::f64::consts::SQRT_2
    }

    /// One of a table's entries.
    pub fn pick<T: Copy>(&mut self, table: &[T]) -> T {
        // The tables are constants of this room and none is empty.
        table[self.below(table.len())]
    }

    /// One of a table's entries, by its weight.
    pub fn weighted<T: Copy>(&mut self, table: &[(T, u32)]) -> T {
        let total: u32 = table.iter().map(|(_, weight)| weight).sum();
        let mut rest = self.below(total as usize) as u32;
        for (entry, weight) in table {
            if rest < *weight {
                return *entry;
            }
            rest -= weight;
        }
        // Not reached: the draw lies below the sum of the weights.
        table[0].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_those_of_the_published_generator() {
        // xoshiro256++ from the state 1, 2, 3, 4, as in the reference implementation.
        let mut random = Random([1, 2, 3, 4]);
        let expected = [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386];
        assert_eq!(expected, std::array::from_fn(|_| random.next()));
    }

    #[test]
    fn normal_deviates_have_mean_zero_and_variance_one() {
        let mut random = Random::new(1, 2);
        let draws: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|draw| draw * draw).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
