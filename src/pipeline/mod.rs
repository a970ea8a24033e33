//! Inputs as one stream of rows, judged by as many threads as there are.
//!
//! The way of bytes: [`Intake`](crate::io::Intake) (chunks of whole lines) -> `feed` (rows, decoded side by side and ahead) ->
//! [`Flow`] (the rows of all inputs in one order) -> [`Shards`] (engines side by side, each for its keys) -> the sink.
//! What comes out does not depend on the number of threads or the size of chunks.
//!
//! What a pipe gives is judged at once: nothing more is read of it while something that was read waits. Where others are
//! not to wait for it without end it is read by a thread of its own (`apart`).

mod apart;
mod decode;
mod feed;
mod flow;
mod shards;
mod workers;

pub use flow::{Flow, Portion, Run};
pub use shards::Shards;
pub use workers::{Failed, Workers};
