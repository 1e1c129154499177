//! All integration tests, one binary.

mod audit;
mod cli;
mod exactness;
mod kernel;
mod measures;
mod planted;
mod report;
mod rules;
mod scenario;
mod tidy;
mod truth;
mod what_ifs;
mod worlds;
