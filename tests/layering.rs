//! The rules of ARCHITECTURE.md, whose tables are the only lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_document_names_every_module_and_only_those() {
    let written: BTreeSet<String> = ranks().into_keys().filter(|name| !name.contains('/')).collect();
    let there: BTreeSet<String> = sources().into_iter().filter_map(|file| file.module).collect();
    let missing: Vec<_> = there.difference(&written).collect();
    let extra: Vec<_> = written.difference(&there).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "the table of modules in ARCHITECTURE.md has no row for {missing:?} and a row too many for {extra:?}"
    );
}

#[test]
fn a_module_names_only_lower_ranks() {
    let ranks = ranks();
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(own) = &file.module else { continue };
        for (line, name) in names_at_the_root(&file, &ranks) {
            let place = format!("{}:{line}: `{own}`", file.path.display());
            match (ranks.get(own), ranks.get(&name)) {
                _ if *own == name => {}
                (_, None) => {
                    wrong.push(format!("{place} names `crate::{name}`, which is no module: name its module"))
                }
                (Some(from), Some(to)) if from > to => {}
                (_, Some(to)) => wrong.push(format!("{place} names `{name}`, which has rank {to}")),
            }
        }
    }
    assert!(wrong.is_empty(), "a module names only modules of lower rank:\n{}", wrong.join("\n"));
}

#[test]
fn a_crate_for_one_place_is_named_there_only() {
    let mut wrong = Vec::new();
    for (krate, place) in crate_places() {
        for file in sources().iter().filter(|file| !file.path.starts_with(&place)) {
            let named = file.lines().any(|(_, line)| words(line, &format!("{krate}::")).next().is_some());
            if named {
                wrong.push(format!("{} names `{krate}`, which only `{place}` may", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_is_free_of_the_crates_of_the_edges() {
    let tree = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--offline", "--no-default-features", "-e", "normal", "--prefix", "none"])
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let packages: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(packages.contains("tripline"), "{tree}");
    let found: Vec<String> = edge_crates().into_iter().filter(|c| packages.contains(c.as_str())).collect();
    assert!(found.is_empty(), "the core depends on {found:?}");
}

#[test]
fn the_paths_the_document_names_exist() {
    let text = document();
    let words = text.lines().filter(|line| !line.starts_with("```")).flat_map(quoted);
    let paths = words.filter(|word| word.contains('/') && !word.contains([' ', '*']));
    // A crate may have its place before it is used.
    let places: Vec<String> = crate_places().into_iter().map(|(_, place)| place).collect();
    let missing: Vec<String> = paths.filter(|p| !root().join(p).exists() && !places.contains(p)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names {missing:?}, which does not exist");
}

/// A source file of the library.
struct Source {
    path: PathBuf,
    /// The top-level module it belongs to; `lib.rs` to none.
    module: Option<String>,
    /// How many modules lie between it and the root, itself included.
    depth: usize,
    text: String,
}

impl Source {
    /// Its lines with their numbers, without comments.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(n, line)| (n + 1, line.split("//").next().unwrap_or_default()))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// The cells of the table rows of the document.
fn rows() -> Vec<Vec<String>> {
    let text = document();
    let rows = text.lines().filter(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What stands in back-ticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Rows `| rank | modules | … |`.
fn ranks() -> BTreeMap<String, u32> {
    let ranked = rows().into_iter().filter_map(|row| Some((row.first()?.parse().ok()?, quoted(row.get(1)?))));
    let ranks: BTreeMap<_, _> =
        ranked.flat_map(|(rank, names): (u32, _)| names.into_iter().map(move |name| (name, rank))).collect();
    assert!(!ranks.is_empty(), "ARCHITECTURE.md has no table of modules");
    ranks
}

/// Rows `| crate | place |`, where the place begins with `src/`.
fn crate_places() -> Vec<(String, String)> {
    let rows = rows().into_iter().filter_map(|row| Some((quoted(row.first()?), quoted(row.get(1)?).pop()?)));
    rows.filter(|(_, place)| place.starts_with("src/"))
        .flat_map(|(crates, place)| crates.into_iter().map(move |name| (name, place.clone())))
        .collect()
}

/// The crates in the line that begins `The core is free of`.
fn edge_crates() -> Vec<String> {
    let text = document();
    let line = text.lines().find(|line| line.starts_with("The core is free of")).unwrap();
    let crates = quoted(line);
    assert!(!crates.is_empty(), "no crate in back-ticks: {line}");
    crates
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join("src"), &mut found);
    found.retain(|source: &Source| !source.path.starts_with("src/bin"));
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(source(&path));
        }
    }
}

fn source(path: &Path) -> Source {
    let inner = path.strip_prefix(root().join("src")).unwrap().with_extension("");
    let mut modules: Vec<String> = inner.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    modules.retain(|part| part != "mod" && part != "lib");
    Source {
        path: path.strip_prefix(root()).unwrap().to_owned(),
        module: modules.first().cloned(),
        depth: modules.len(),
        text: fs::read_to_string(path).unwrap(),
    }
}

/// The names that follow `crate::`, or as many `super::` as lead to the root. What is no module behind `super::` is
/// an item of the file itself, seen from its tests.
fn names_at_the_root(file: &Source, modules: &BTreeMap<String, u32>) -> Vec<(usize, String)> {
    let up = "super::".repeat(file.depth);
    let mut found = Vec::new();
    for (number, line) in file.lines() {
        let through_super = words(line, &up).flat_map(first_names).filter(|name| modules.contains_key(name));
        let names = words(line, "crate::").flat_map(first_names).chain(through_super);
        found.extend(names.map(|name| (number, name)));
    }
    found
}

/// What follows each place where `prefix` stands at the beginning of a word.
fn words<'a>(line: &'a str, prefix: &str) -> impl Iterator<Item = &'a str> {
    let is_word = |c: char| c.is_alphanumeric() || "_:$".contains(c);
    line.match_indices(prefix)
        .filter(move |(at, _)| !line[..*at].ends_with(is_word))
        .map(|(at, found)| &line[at + found.len()..])
}

/// The name a path begins with, or those of a brace group.
fn first_names(rest: &str) -> Vec<String> {
    let name =
        |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    match rest.strip_prefix('{') {
        None => vec![name(rest)],
        Some(group) => {
            let mut depth = 0;
            let mut parts = vec![String::new()];
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => parts.push(String::new()),
                    _ if depth == 0 => parts.last_mut().unwrap().push(c),
                    _ => {}
                }
            }
            parts.iter().map(|part| name(part.trim())).filter(|name| !name.is_empty()).collect()
        }
    }
}

#[test]
fn the_reference_shares_no_evaluation_with_the_engine() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| file.module.as_deref() == Some("reference")) {
        for (line, text) in file.lines() {
            let shared = text.contains("crate::automaton") || text.contains("crate::runtime");
            if shared || text.contains("predicate::") && !text.contains("predicate::Matcher") {
                wrong.push(format!("{}:{line}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "the judge must not be made of what it judges: {}", wrong.join(", "));
}
