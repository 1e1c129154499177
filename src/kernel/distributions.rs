//! The few distributions needed, on `libm`, each rounded to an integer at once.
//!
//! `libm` and not the platform: another crate of the build can switch the platform's functions and move
//! the last bits of a sample (ARCHITECTURE.md, decisions).

use super::SimDuration;
use super::streams::Stream;

/// Above this mean a count is drawn in halves, so that `exp(-mean)` stays far from underflow.
const LARGEST_MEAN: f64 = 32.0;
/// Above this mean a Poisson or binomial count is drawn by rejection: halves would take as long as the mean is large. Above
/// where both are as quick, so that worlds of small rooms are those of before.
const LARGEST_IN_HALVES: f64 = 600.0;
/// Above this number of successes to be expected, a binomial is drawn in halves.
const LARGEST_SUCCESSES: f64 = 32.0;

impl Stream {
    /// A whole number below `n` (0 for `n` = 0), without bias.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        // Lemire's rejection: the high half of a product is uniform once the biased low part is refused. That
        // part is smaller than `n`, so mostly there is no need to divide.
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            let low = product as u64;
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 64) as u64;
            }
        }
    }

    /// True in `per_mille` of 1000 cases.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// A span from `lo` to `hi`, both included.
    pub fn uniform(&mut self, lo: SimDuration, hi: SimDuration) -> SimDuration {
        SimDuration(lo.0 + self.below(hi.0.saturating_sub(lo.0) + 1))
    }

    /// A factor in thousandths, from `lo` to `hi`, both included.
    pub fn factor_per_mille(&mut self, lo: u32, hi: u32) -> u32 {
        lo + self.below(u64::from(hi.saturating_sub(lo)) + 1) as u32
    }

    /// An exponential span of this mean, at least a millisecond.
    pub fn exponential(&mut self, mean: SimDuration) -> SimDuration {
        let span = -libm::log1p(-self.unit()) * mean.0 as f64;
        SimDuration((libm::round(span) as u64).max(1))
    }

    /// A standard normal number (Box and Muller).
    fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log1p(-self.unit()));
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// A lognormal span, at least a millisecond.
    pub fn lognormal(&mut self, median: SimDuration, sigma: f64) -> SimDuration {
        let span = median.0 as f64 * libm::exp(sigma * self.normal());
        SimDuration((libm::round(span) as u64).max(1))
    }

    /// A lognormal count.
    pub fn lognormal_count(&mut self, median: f64, sigma: f64) -> u64 {
        libm::round(median * libm::exp(sigma * self.normal())) as u64
    }

    /// A lognormal number of thousandths, for rates.
    pub fn lognormal_per_mille(&mut self, median: f64, sigma: f64) -> u64 {
        libm::round(1000.0 * median * libm::exp(sigma * self.normal())) as u64
    }

    /// A Poisson count, exact: by inversion, large means in halves, very large ones by rejection.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean > LARGEST_IN_HALVES {
            return self.poisson_by_rejection(mean);
        }
        let (mut part, mut parts) = (mean, 1);
        while part > LARGEST_MEAN {
            (part, parts) = (part / 2.0, parts * 2);
        }
        if part <= 0.0 {
            return 0;
        }
        let none = libm::exp(-part);
        (0..parts).map(|_| self.poisson_part(part, none)).sum()
    }

    /// A Poisson count, by inversion, given its chance to be nothing.
    fn poisson_part(&mut self, mean: f64, none: f64) -> u64 {
        let (mut k, mut p) = (0, none);
        let mut left = self.unit();
        while left >= p && k < 1000 {
            left -= p;
            k += 1;
            p *= mean / k as f64;
        }
        k
    }

    /// A Poisson count of a large mean, by transformed rejection (PTRS: Hörmann, "The transformed rejection method for
    /// generating Poisson random variables", 1993).
    fn poisson_by_rejection(&mut self, mean: f64) -> u64 {
        let b = 0.931 + 2.53 * libm::sqrt(mean);
        let a = -0.059 + 0.02483 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let accepted_at_once = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let (u, v) = (self.unit() - 0.5, 1.0 - self.unit());
            let to_edge = 0.5 - u.abs();
            let k = libm::floor((2.0 * a / to_edge + b) * u + mean + 0.43);
            if to_edge >= 0.07 && v <= accepted_at_once {
                return k as u64;
            }
            if k < 0.0 || (to_edge < 0.013 && v > to_edge) {
                continue;
            }
            let hat = libm::log(v * inverse_alpha / (a / (to_edge * to_edge) + b));
            if hat <= k * libm::log(mean) - mean - libm::lgamma(k + 1.0) {
                return k as u64;
            }
        }
    }

    /// A binomial count, exact: by inversion, many successes in halves, very many by rejection.
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if n == 0 || p <= 0.0 {
            return 0;
        }
        if p >= 1.0 {
            return n;
        }
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p);
        }
        if n as f64 * p > LARGEST_IN_HALVES {
            return self.binomial_by_rejection(n as f64, p);
        }
        if n as f64 * p > LARGEST_SUCCESSES {
            return self.binomial(n / 2, p) + self.binomial(n - n / 2, p);
        }
        let odds = p / (1.0 - p);
        let (mut k, mut q) = (0, libm::pow(1.0 - p, n as f64));
        let mut left = self.unit();
        while left >= q && k < n {
            left -= q;
            k += 1;
            q *= odds * (n - k + 1) as f64 / k as f64;
        }
        k
    }

    /// A binomial count of many successes, by transformed rejection (BTRS: Hörmann, "The generation of binomial random
    /// variates", 1993). `p` is at most a half.
    fn binomial_by_rejection(&mut self, n: f64, p: f64) -> u64 {
        let deviation = libm::sqrt(n * p * (1.0 - p));
        let b = 1.15 + 2.53 * deviation;
        let a = -0.0873 + 0.0248 * b + 0.01 * p;
        let alpha = (2.83 + 5.1 / b) * deviation;
        let accepted_at_once = 0.92 - 4.2 / b;
        let mode = libm::floor((n + 1.0) * p);
        let log_odds = libm::log(p / (1.0 - p));
        let log_ways_apart = |k: f64| libm::lgamma(k + 1.0) + libm::lgamma(n - k + 1.0);
        loop {
            let (u, v) = (self.unit() - 0.5, 1.0 - self.unit());
            let to_edge = 0.5 - u.abs();
            let k = libm::floor((2.0 * a / to_edge + b) * u + n * p + 0.5);
            if to_edge >= 0.07 && v <= accepted_at_once {
                return k as u64;
            }
            if k < 0.0 || k > n {
                continue;
            }
            let hat = libm::log(v * alpha / (a / (to_edge * to_edge) + b));
            let more_than_mode = log_ways_apart(mode) - log_ways_apart(k) + (k - mode) * log_odds;
            if hat <= more_than_mode {
                return k as u64;
            }
        }
    }

    /// An index, each in proportion to its weight; none if all weights are 0.
    pub fn pick_weighted(&mut self, weights: &[u32]) -> Option<usize> {
        let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        if sum == 0 {
            return None;
        }
        let mut left = self.below(sum);
        weights.iter().position(|weight| {
            let here = left < u64::from(*weight);
            left = left.wrapping_sub(u64::from(*weight));
            here
        })
    }

    /// Shuffles (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// A keyed bijection of `0..n` with random access: four Feistel rounds, walked until inside.
#[derive(Debug, Clone)]
pub struct Permutation {
    n: u64,
    half_bits: u32,
    keys: [u64; 4],
}

impl Permutation {
    /// A permutation of `0..n`, keyed by the stream.
    pub fn new(mut stream: Stream, n: u64) -> Self {
        let bits = 64 - n.saturating_sub(1).leading_zeros();
        Permutation {
            n,
            half_bits: bits.div_ceil(2).max(1),
            keys: std::array::from_fn(|_| stream.bits()),
        }
    }

    /// The image of `i`.
    ///
    /// # Panics
    /// If `i` is not below `n`.
    pub fn apply(&self, i: u64) -> u64 {
        assert!(i < self.n, "only 0..{} is permuted", self.n);
        self.walk(i, |mut left, mut right| {
            for key in self.keys {
                (left, right) = (right, left ^ self.mix(right, key));
            }
            (left, right)
        })
    }

    /// What has this image.
    ///
    /// # Panics
    /// If `image` is not below `n`.
    pub fn invert(&self, image: u64) -> u64 {
        assert!(image < self.n, "only 0..{} is permuted", self.n);
        self.walk(image, |mut left, mut right| {
            for key in self.keys.iter().rev() {
                (left, right) = (right ^ self.mix(left, *key), left);
            }
            (left, right)
        })
    }

    /// Permutes a larger set, from one of its members to the next, until inside.
    fn walk(&self, from: u64, rounds: impl Fn(u64, u64) -> (u64, u64)) -> u64 {
        let mut value = from;
        loop {
            let (left, right) = rounds(value >> self.half_bits, value & self.mask());
            value = (left << self.half_bits) | right;
            if value < self.n {
                return value;
            }
        }
    }

    fn mask(&self) -> u64 {
        (1 << self.half_bits) - 1
    }

    fn mix(&self, half: u64, key: u64) -> u64 {
        let mixed = (half ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32) & self.mask()
    }
}
