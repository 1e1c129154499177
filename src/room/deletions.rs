//! Messages that their authors take back: which ones, and when, as a function of (seed, room, message) alone.
//!
//! How many of a day's messages are taken back is drawn first (a binomial), then which ones (a keyed permutation), then
//! when. So who looks at a day pays for what is taken back, and not for what is said.

use crate::kernel::{Permutation, Purpose, SimDuration, SimTime, Streams};

use super::{Times, Traffic};

const HOW_MANY: Purpose = Purpose::new("deletions.count");
const WHICH: Purpose = Purpose::new("deletions.which");
const AFTER: Purpose = Purpose::new("deletions.after");

/// How people take back what they said.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Deletions {
    /// Of 1000 drawn messages, how many.
    pub per_mille: u32,
    /// Median time until then.
    pub after: SimDuration,
    /// Standard deviation of that time's logarithm.
    pub sigma: f64,
}

impl Traffic {
    /// The messages of a day, made at these times, that their authors take back: the number of each in the day, in
    /// order, and when. Whether it was ever said is another question: there may have been nobody to say it.
    pub fn deletions(&self, streams: &Streams, day: u32, times: &Times) -> Vec<(u32, SimTime)> {
        let how = self.deletions;
        let (room, count) = (u64::from(self.room.0), u64::from(times.count()));
        if how.per_mille == 0 || count == 0 {
            return Vec::new();
        }
        let stream = |purpose, number| streams.stream(purpose, room, number);
        let share = f64::from(how.per_mille) / 1000.0;
        let many = stream(HOW_MANY, u64::from(day)).binomial(count, share);
        let which = Permutation::new(stream(WHICH, u64::from(day)), count);
        let taken_back = (0..many).map(|place| {
            let number = which.apply(place) as u32;
            let mut stream = stream(AFTER, (u64::from(day) << 32) | u64::from(number));
            let after = stream.lognormal(how.after, how.sigma);
            // Nobody takes back what is not said yet.
            let at = times.at(number) + after.max(SimDuration(1));
            (number, at)
        });
        let mut deletions: Vec<(u32, SimTime)> = taken_back.collect();
        deletions.sort_unstable();
        deletions
    }
}
