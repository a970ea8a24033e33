//! The program from outside: what scripts rely on. Most cases are data in `tests/cli/`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

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

/// A rule that is not in canonical form, and its canonical form.
const LOOSE: &str = "rule  a{event x:login}";
const CANONICAL: &str = "rule a {\n  event x: login\n}\n";

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let folder = folder();
    // More than a pipe holds, so that the program is still writing when nobody reads any more.
    let rules: String = (0..20_000).map(|n| format!("rule r{n} {{ event x: login }}\n")).collect();
    fs::write(folder.path().join("many.trip"), &rules).unwrap();
    let mut child = tripline(folder.path(), &["fmt", "-"])
        .stdin(fs::File::open(folder.path().join("many.trip")).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "rule r0 {\n");
    assert_eq!(said(child.wait_with_output().unwrap()), (0, String::new(), String::new()));
}

#[test]
#[cfg(unix)]
fn fmt_keeps_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder();
    let (file, link) = (folder.path().join("a.trip"), folder.path().join("link.trip"));
    fs::write(&file, LOOSE).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.trip", &link).unwrap();
    assert_eq!(run(folder.path(), &["fmt", "link.trip"]).0, 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), CANONICAL);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
}

#[test]
fn fmt_leaves_a_canonical_file_alone() {
    let folder = folder();
    let file = folder.path().join("a.trip");
    fs::write(&file, CANONICAL).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
    let summary = "0 files changed, 1 in canonical form\n";
    assert_eq!(run(folder.path(), &["fmt", "a.trip"]), (0, String::new(), summary.into()));
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), long_ago);
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
fn of_very_many_findings_the_first_are_listed_and_the_rest_is_mentioned() {
    let folder = folder();
    fs::write(folder.path().join("a.trip"), "}\n".repeat(500)).unwrap();
    for args in [&["check", "--format=short", "a.trip"][..], &["fmt", "--check", "a.trip"]] {
        let (code, out, err) = run(folder.path(), args);
        let all = out + &err;
        assert_eq!((code, all.matches("closes nothing").count()), (2, 100), "{all}");
        let (last, mention) =
            (all.find("a.trip:100:1"), all.find("only the first `100` findings are listed"));
        assert!(last.is_some() && last < mention && !all.contains("a.trip:101:1"), "{all}");
    }
}

/// A second of processor time: a busy machine does not lengthen it. The shell has the system end what takes more.
#[test]
#[cfg(unix)]
fn a_hostile_file_is_refused_within_a_second() {
    // An unoptimised program has ten; what explodes takes longer than either.
    let allowed = if cfg!(debug_assertions) { "10" } else { "1" };
    let check = |folder: &Path, name: &str| {
        let program = env!("CARGO_BIN_EXE_tripline");
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -t $0 && exec \"$@\"", allowed, program, "check", name]);
        shell.current_dir(folder).stdin(Stdio::null()).output().unwrap()
    };
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
        let output = check(folder.path(), name);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {}, {stderr:.500}", output.status);
        assert!(stderr.len() < 100_000, "{name} says {} bytes", stderr.len());
    }
}
