//! Writes what the fuzzing of each target begins with, made of what the project has: its rules and corpora, words of the
//! language, snapshots of engines. `seed FOLDER` makes there a folder for each target, and dictionaries.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

mod inputs;
mod snapshots;

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let to = PathBuf::from(std::env::args().nth(1).ok_or("seed FOLDER")?);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut rules = Vec::new();
    for folder in ["rules", "tests", "examples"] {
        collect(&root.join(folder), &mut |path| rules.extend(texts(path)))?;
    }
    write(&to, "rules", &rules)?;
    write(&to, "format", &rules)?;
    fs::write(to.join("rules.dict"), words())?;
    fs::write(to.join("format.dict"), words())?;
    let inputs = inputs::read(&root.join("tests/io"))?;
    write(&to, "events", &inputs.events)?;
    write(&to, "tables", &inputs.tables)?;
    write(&to, "texts", &inputs.texts)?;
    write(&to, "snapshot", &snapshots::all())
}

/// Shows every file below a folder.
fn collect(folder: &Path, each: &mut impl FnMut(&Path)) -> Done {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, each)? } else { each(&path) }
    }
    Ok(())
}

/// The rule files that a file is or, if it has cases, holds.
fn texts(path: &Path) -> Vec<Vec<u8>> {
    let Ok(text) = fs::read_to_string(path) else { return Vec::new() };
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("trip") => vec![text.into_bytes()],
        Some("toml") => {
            let cases = text.parse::<toml::Table>().ok().and_then(|file| file.get("case").cloned());
            let cases = cases.as_ref().and_then(toml::Value::as_array).cloned().unwrap_or_default();
            let rule = |case: &toml::Value| Some(case.get("rule")?.as_str()?.as_bytes().to_vec());
            cases.iter().filter_map(rule).collect()
        }
        _ => Vec::new(),
    }
}

fn write(to: &Path, target: &str, seeds: &[Vec<u8>]) -> Done {
    let folder = to.join(target);
    fs::create_dir_all(&folder)?;
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("{number:04}")), seed)?;
    }
    println!("{target}: {} seeds", seeds.len());
    Ok(())
}

/// The words of the language, as a dictionary.
fn words() -> String {
    use tripline::function::Function;
    use tripline::syntax::{CLAUSES, METADATA, POLICIES, RESERVED};
    let functions = Function::ALL.iter().map(|function| format!("{}(", function.name()));
    let words = [&CLAUSES[..], &POLICIES[..], &METADATA[..], &RESERVED[..]].concat();
    let words = words.into_iter().map(|word| format!("{word} ")).chain(functions);
    words.map(|word| format!("{word:?}\n")).collect()
}
