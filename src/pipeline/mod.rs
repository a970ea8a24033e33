//! Inputs as one stream of rows, judged by as many threads as there are.
//!
//! The way of bytes: [`Intake`](crate::io::Intake) (chunks of whole lines) -> `feed` (rows, decoded side by side) ->
//! [`Flow`] (the rows of all inputs in one order) -> [`Shards`] (engines side by side, each for its keys) -> the sink.
//! What comes out does not depend on the number of threads or the size of chunks.
//!
//! What is there is given at once: nothing is read while something that was read waits to be judged.

mod feed;
mod flow;
mod shards;
mod workers;

pub use flow::{Flow, Portion, Run};
pub use shards::Shards;
pub use workers::{Failed, Workers};
