//! The prose is kept true: every block, table and command of the manual and of the README is run.
//!
//! What the fences mean is said at the head of `grammar/README.md`.

mod blocks;
mod complete;
mod lists;
mod markdown;
mod policies;
mod shell;
mod values;

use std::path::Path;

use markdown::Page;

/// The manual.
fn manual() -> Page {
    page("grammar/README.md")
}

fn page(path: &str) -> Page {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    Page::parse(path, &text)
}

/// Fails with all that is wrong.
fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{} wrong\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn every_block_of_the_manual_does_what_it_says() {
    none(blocks::check(&manual()));
}

#[test]
fn every_expression_of_the_manual_has_its_value() {
    none(values::check(&manual()));
}

#[test]
fn the_worked_examples_of_the_policies_hold() {
    none(policies::check(&manual()));
}

#[test]
fn the_manual_lists_every_code() {
    none(lists::codes(&manual()));
}

#[test]
fn the_manual_lists_every_function() {
    none(lists::functions(&manual()));
}

#[test]
fn the_manual_lists_every_reason_of_a_reject() {
    none(lists::reasons(&manual()));
}

#[test]
fn the_manual_lists_every_limit() {
    none(lists::limits(&manual()));
}

#[test]
fn every_word_of_the_grammar_stands_in_a_block_that_is_run() {
    none(complete::words(&manual()));
}

#[test]
fn the_manual_names_every_option() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar/README.md");
    none(complete::options(&std::fs::read_to_string(path).unwrap()));
}

#[test]
fn links_lead_somewhere() {
    for path in ["README.md", "grammar/README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        none(lists::links(&page(path)));
    }
}

#[test]
fn the_commands_of_the_manual_print_what_it_says() {
    none(shell::check(&manual()));
}

#[test]
fn the_readme_does_what_it_says() {
    let readme = page("README.md");
    none([blocks::check(&readme), shell::check(&readme)].concat());
}
