//! Commands: blocks of `sh` are run one after the other in one empty folder, with the program on the path; a block
//! with the word `output` holds what the one before it printed on its standard output. JSON may be laid out freely, and
//! the version of a rule is not compared: it changes with the canonical form.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::markdown::{Block, Page, Part};

/// What is wrong with the commands of a page and what they print.
pub fn check(page: &Page) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let shim = folder.path().join(".bin");
    fs::create_dir(&shim).unwrap();
    cargo(&shim);
    let (mut wrong, mut printed, mut commands) = (Vec::new(), None, 0);
    for part in &page.parts {
        let Part::Block(block) = part else { continue };
        if block.kind == "sh" {
            commands += 1;
            let (text, complaint) = run(block, folder.path(), &shim);
            wrong.extend(complaint.map(|complaint| format!("{}: {complaint}", page.at(block.line))));
            printed = Some(text);
        } else if block.word("output").is_some() {
            let found = printed.take().unwrap_or_default();
            let complaint = || format!("{}: printed was\n{found}", page.at(block.line));
            wrong.extend((!same(block, &found)).then(complaint));
        }
    }
    assert!(commands > 0, "{} has commands", page.path);
    wrong
}

/// Whether what was printed is what the page says.
fn same(block: &Block, found: &str) -> bool {
    if block.kind != "json" {
        return found.trim_end() == block.text.trim_end();
    }
    let found = records(found);
    found.is_ok() && found == records(&block.text)
}

fn records(text: &str) -> Result<Vec<Value>, String> {
    let mut records: Vec<Value> = serde_json::Deserializer::from_str(text)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|e| e.to_string())?;
    records
        .iter_mut()
        .filter_map(|record| record.get_mut("version"))
        .for_each(|version| *version = Value::Null);
    Ok(records)
}

/// Runs a block; what it printed, and the complaint if a command of it failed.
fn run(block: &Block, folder: &Path, shim: &Path) -> (String, Option<String>) {
    let program = Path::new(env!("CARGO_BIN_EXE_tripline")).parent().unwrap().to_path_buf();
    let path = std::env::join_paths([shim.to_path_buf(), program].into_iter().chain(inherited())).unwrap();
    let output = Command::new("sh")
        .args(["-eu", "-c", &block.text])
        .current_dir(folder)
        .env("PATH", path)
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let complaint = format!("{}\n{}", output.status, text(&output.stderr));
    (text(&output.stdout), (!output.status.success()).then_some(complaint))
}

fn inherited() -> Vec<std::path::PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect()
}

/// A `cargo` that runs the program that is built already instead of building it once more, and a smaller demo: here it
/// shows that the command exists and finds what was planted.
fn cargo(folder: &Path) {
    let text = "#!/bin/sh\n\
        case \"$*\" in\n\
        'run --release -- demo') exec tripline demo --events 5000;;\n\
        'test') ;;\n\
        *) echo \"this page does not use: cargo $*\" >&2; exit 1;;\n\
        esac\n";
    let path = folder.join("cargo");
    fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}
