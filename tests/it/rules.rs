//! What real servers do, each rule as a small story: the script player plays it, the books are looked at.

mod backfill;
mod clean_up;
mod edges;
mod limits;
mod long;
mod loss;
mod media;
mod people;
mod policies;
mod purge;
mod random;
mod receiving;
mod refusals;
mod sending;
mod story;
mod waking;
