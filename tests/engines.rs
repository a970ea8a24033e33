//! The tests of the engines alone: what is built again for each mutant, quickly, as the program is not part of it.
//! `main.rs` has them too, so `cargo test` leaves this out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "here `pub` says what a module offers the others")]

mod adopt;
mod burst;
mod corpus;
mod generate;
mod judge;
mod laws;
mod limits;
mod observer;
mod oracle;
mod shed;
mod snapshot;
mod swap;
