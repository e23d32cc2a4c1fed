//! Chance that repeats: every block throws its own dice, seeded by what it is, so the order of work never matters.

use rand::{RngCore, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A stream of random choices.
pub struct Dice(Pcg64Mcg);

impl Dice {
    /// Dice for one subject: the city's seed and numbers that name the subject.
    pub fn new(seed: u64, subject: &[u64]) -> Self {
        Self(Pcg64Mcg::seed_from_u64(subject.iter().fold(seed, |hash, &part| mix(hash, part))))
    }

    /// A number in 0..1. Made from the generator's bits here, so that no library version can change it.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in `lo..hi`.
    pub fn range(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.unit()
    }

    /// A whole number in `lo..=hi`.
    pub fn whole(&mut self, lo: u32, hi: u32) -> u32 {
        lo + (self.unit() * f64::from(hi - lo + 1)) as u32
    }

    /// Yes with a probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of several; the list must not be empty.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[(self.unit() * from.len() as f64) as usize]
    }

    /// One of several by weight.
    pub fn weighted<T: Copy>(&mut self, from: &[(T, f64)]) -> T {
        let mut rest = self.unit() * from.iter().map(|(_, weight)| weight).sum::<f64>();
        for &(value, weight) in from {
            rest -= weight;
            if rest < 0.0 {
                return value;
            }
        }
        from[from.len() - 1].0
    }

    /// Fisher and Yates.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.whole(0, i as u32) as usize);
        }
    }
}

/// Splitmix64's finaliser over two numbers.
pub fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.rotate_left(23) ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Smooth value noise in -1..1 with features one unit wide.
pub fn noise(seed: u64, x: f64, y: f64) -> f64 {
    let (x0, y0) = (x.floor(), y.floor());
    let corner = |dx: f64, dy: f64| {
        let hash = mix(mix(seed, (x0 + dx) as i64 as u64), (y0 + dy) as i64 as u64);
        (hash >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let ease = |t: f64| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let (tx, ty) = (ease(x - x0), ease(y - y0));
    let south = corner(0.0, 0.0) * (1.0 - tx) + corner(1.0, 0.0) * tx;
    let north = corner(0.0, 1.0) * (1.0 - tx) + corner(1.0, 1.0) * tx;
    south * (1.0 - ty) + north * ty
}
