//! What the manual must not leave out: the words of the grammar, each in a block that is run, and the options of the
//! commands.

use std::collections::BTreeSet;
use std::process::Command;

use super::markdown::{Page, Part};

const GRAMMAR: &str = include_str!("../../grammar/tripline.pest");

/// Every word of the grammar that stands in no block whose alerts are compared, no expression and no command.
pub fn words(page: &Page) -> Vec<String> {
    let run = run(page);
    let words: BTreeSet<&str> = run.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let wanted = key_words();
    assert!(wanted.len() > 60, "the words of the grammar were not found: {wanted:?}");
    wanted
        .iter()
        .filter(|word| !words.contains(*word))
        .map(|word| format!("`{word}` is in no block"))
        .collect()
}

/// What is in quotes in the rules for words of the grammar.
fn key_words() -> BTreeSet<&'static str> {
    const RULES: [&str; 4] = ["k_", "reserved", "clause_word", "infix"];
    let mut wanted = BTreeSet::new();
    let mut inside = false;
    for line in GRAMMAR.lines() {
        inside |= RULES.iter().any(|rule| line.starts_with(rule));
        let quoted = line.split('"').skip(1).step_by(2).filter(|_| inside);
        wanted.extend(quoted.filter(|word| word.chars().all(|c| c.is_ascii_alphabetic())));
        inside &= !line.trim_end().ends_with('}');
    }
    wanted
}

/// The rules whose alerts are compared, the expressions with a value, and the commands.
fn run(page: &Page) -> String {
    let (mut text, mut rules) = (String::new(), None);
    for part in &page.parts {
        let block = match part {
            Part::Block(block) => block,
            Part::Table(table) => {
                let example = table.head.iter().position(|name| name == "example");
                text.extend(example.into_iter().flat_map(|at| table.rows.iter().map(move |row| &*row[at])));
                continue;
            }
        };
        match block.kind.as_str() {
            "trip" => rules = Some(&block.text),
            "alerts" => text.extend(rules.take().map(String::as_str)),
            "sh" => text.push_str(&block.text),
            _ => {}
        }
    }
    text
}

/// Every option of a command that the page does not name.
pub fn options(text: &str) -> Vec<String> {
    let (mut missing, mut count) = (Vec::new(), 0);
    for command in ["run", "check", "fmt", "test", "graph", "demo"] {
        let help = Command::new(env!("CARGO_BIN_EXE_tripline")).args([command, "--help"]).output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        for option in help.lines().filter_map(option).filter(|option| *option != "--help") {
            count += 1;
            let named = [" ", "`", "="].iter().any(|end| text.contains(&format!("`{option}{end}")));
            missing.extend((!named).then(|| format!("`{option}` of `tripline {command}`")));
        }
    }
    assert!(count > 40, "the options of the commands were not found: {count}");
    missing
}

/// The long name with which a line of the help begins.
fn option(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("--").filter(|(before, _)| before.trim().len() <= 3)?;
    let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(rest.len());
    let start = line.len() - rest.len() - 2;
    line.get(start..start + 2 + end)
}
