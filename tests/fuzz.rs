//! What fuzzing has kept, once more: each target over its corpus and over whatever it has ever found. `fuzz/README.md`
//! says how they come about.

use std::fs;
use std::path::{Path, PathBuf};

use crate::syntax::tree;

mod events;
mod format;
mod rules;
mod snapshot;
mod tables;
mod texts;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = |kind: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(kind).join(target);
    let corpus = files(&folder("corpus"));
    assert!(!corpus.is_empty(), "the corpus of `{target}` is not there");
    for file in corpus.iter().chain(&files(&folder("found"))) {
        let data = fs::read(file).unwrap();
        // It says which input it was, if one fails.
        let checked = std::panic::catch_unwind(|| check(&data));
        assert!(checked.is_ok(), "{} fails", file.display());
    }
}

/// The files of a folder, which need not be there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn kept_rules() {
    replay("rules", rules::check);
}

#[test]
fn kept_formats() {
    replay("format", format::check);
}

#[test]
fn kept_events() {
    replay("events", events::check);
}

#[test]
fn kept_tables() {
    replay("tables", tables::check);
}

#[test]
fn kept_texts() {
    replay("texts", texts::check);
}

#[test]
fn kept_snapshots() {
    replay("snapshot", snapshot::check);
}
