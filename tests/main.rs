//! All integration tests, in one binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "here `pub` says what a module offers the others")]

mod adopt;
mod burst;
mod claims;
mod cli;
mod clock;
mod corpus;
mod diagnostics;
mod docs;
mod drawing;
mod fuzz;
mod generate;
mod io;
mod judge;
mod laws;
mod layering;
mod limits;
mod live;
mod observer;
mod oracle;
mod pipeline;
mod plan;
mod predicate;
mod rules;
mod run;
mod shed;
mod snapshot;
mod swap;
mod syntax;
