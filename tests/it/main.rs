//! All integration tests, one binary.

mod audit;
mod cli;
mod exactness;
mod planted;
mod report;
mod rules;
mod scenario;
mod tidy;
mod worlds;
