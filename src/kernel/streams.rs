//! Randomness by key: each draw comes from a ChaCha stream addressed by (seed, purpose, entity, number),
//! never from a shared generator. A feature or server more does not move anybody else's luck.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a draw is for, as the FNV-1a hash of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purpose(u64);

impl Purpose {
    /// The purpose of this name.
    pub const fn new(name: &str) -> Self {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let bytes = name.as_bytes();
        let mut hash = OFFSET;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(PRIME);
            i += 1;
        }
        Purpose(hash)
    }
}

/// All randomness of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

/// One addressed stream. It cannot be cloned, so no two places share its numbers by accident.
#[derive(Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Streams {
    /// The streams of a seed.
    pub fn new(seed: u64) -> Self {
        Streams { seed }
    }

    /// The stream at an address; the same address gives the same numbers, wherever and whenever.
    pub fn stream(&self, purpose: Purpose, entity: u64, number: u64) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&purpose.0.to_le_bytes());
        key[16..24].copy_from_slice(&entity.to_le_bytes());
        key[24..].copy_from_slice(b"fedheal1");
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(number);
        generator.set_word_pos(0);
        Stream { generator }
    }
}

impl Stream {
    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A number in [0, 1) with 53 random bits.
    pub(super) fn unit(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
        (self.bits() >> 11) as f64 * SCALE
    }
}
