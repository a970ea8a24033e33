//! The program: one file for each sub-command.

mod check;
mod cli;
mod config;
mod data;
mod demo;
mod fmt;
mod graph;
mod log;
mod params;
mod plan;
mod reading;
mod rules;
mod run;
mod seen;
mod terminal;
mod test;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main().into()
}
