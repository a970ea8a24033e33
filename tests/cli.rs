//! The program from outside: what scripts rely on. Most cases are data in `tests/cli/`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

#[test]
fn the_cases() {
    let cases = trycmd::TestCases::new();
    cases.env("COLUMNS", "100").case("tests/cli/*.trycmd").case("tests/cli/*.toml");
}

fn tripline(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
    command.current_dir(folder).args(args).stdin(Stdio::null());
    command
}

/// Exit code, standard output, standard error.
fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    said(tripline(folder, args).output().unwrap())
}

fn said(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let folder = folder();
    fs::write(folder.path().join("a.trip"), "rule").unwrap();
    let stderr = |args: &[&str]| run(folder.path(), args).2;
    assert!(!stderr(&["check", "a.trip"]).contains('\x1b'));
    assert!(stderr(&["check", "a.trip", "--color", "always"]).contains("\x1b[1m"));
    assert!(!stderr(&["check", "a.trip", "--color=never"]).contains('\x1b'));
}

#[test]
#[cfg(unix)]
fn what_cannot_be_opened_is_named() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    fs::create_dir(folder.path().join("rules")).unwrap();
    symlink("nowhere", folder.path().join("rules/gone.trip")).unwrap();
    symlink("loop", folder.path().join("loop")).unwrap();
    let stderr = |path| run(folder.path(), &["check", path]);
    let gone = "error: cannot read `rules/gone.trip`: no such file or directory\n";
    assert_eq!(stderr("rules"), (3, String::new(), gone.into()));
    let (code, _, text) = stderr("loop");
    assert!(code == 3 && text.starts_with("error: cannot open `loop`: "), "{text}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test may look at the clock")]
fn a_hostile_file_is_refused_within_a_second() {
    // An unoptimised program on a busy machine has ten; what explodes takes longer than either.
    let allowed = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });
    let folder = folder();
    let hostile = [
        ("brackets", format!("rule a {{ event x: a where {}", "(".repeat(1 << 20))),
        ("braces", "rule a { sequence global { ".to_owned() + &"either { ".repeat(100_000)),
        ("string", format!("rule a {{ title \"{}\" event x: a }}", "x".repeat(10 << 20))),
        ("regex", "rule a { event x: a where f matches \"(((a{1000}){1000}){1000}){1000}\" }".to_owned()),
        ("not", format!("rule a {{ event x: a where {} x }}", "not ".repeat(200_000))),
        ("lines", "}\n".repeat(500_000)),
    ];
    for (name, text) in hostile {
        fs::File::create(folder.path().join(name)).unwrap().write_all(text.as_bytes()).unwrap();
        let begin = Instant::now();
        let (code, _, stderr) = run(folder.path(), &["check", name]);
        let took = begin.elapsed();
        assert_eq!(code, 2, "{name}: {stderr:.500}");
        assert!(took < allowed, "{name} took {took:?}");
        assert!(stderr.len() < 100_000, "{name} says {} bytes", stderr.len());
    }
}
