//! Chance that tests can repeat: `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number
//! generators", 2014), and its finaliser, which spreads the bits of a number.

/// The generator.
#[cfg(test)]
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

#[cfg(test)]
impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        spread(self.0)
    }

    /// From 0 to 1, neither of them.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn unit(&mut self) -> f64 {
        ((self.draw() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Below `below`, which is not 0.
    pub(super) fn below(&mut self, below: usize) -> usize {
        usize::try_from(self.draw() % below as u64).expect("below a usize")
    }
}

/// Spreads a number over all bits; different numbers stay different.
pub(super) const fn spread(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
