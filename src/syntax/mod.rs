//! Text to tree and back: parse, print.

pub mod ast;
