//! Rule files: what reads and prints back, what is refused and how, hostile files, and the laws of the formatter.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tripline::{FileId, Limits, syntax};

use self::tree::{comments, tree};
use crate::clock;

/// Random rule files.
#[path = "syntax/generate.rs"]
mod generate;
/// What they say.
#[path = "syntax/tree.rs"]
pub mod tree;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/syntax").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "trip"));
    files.sort();
    assert!(!files.is_empty());
    files
}

/// `CODE line:column message`, and the help below it.
fn errors(text: &str) -> String {
    let (_, found) = syntax::parse(FileId(0), text, &Limits::default());
    let mut shown = String::new();
    for problem in found {
        let before = text.get(..problem.span().start as usize).unwrap();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        shown.push_str(&format!("{} {line}:{column} {}\n", problem.code.as_str(), problem.message));
        if let Some(help) = problem.help {
            shown.push_str(&format!("    {help}\n"));
        }
    }
    shown
}

fn format(text: &str) -> String {
    syntax::format(FileId(0), text, &Limits::default()).unwrap_or_else(|_| panic!("{}\n{text}", errors(text)))
}

#[test]
fn a_file_in_canonical_form_is_left_as_it_is() {
    for file in files("ok") {
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(errors(&text), "", "{}", file.display());
        assert_eq!(format(&text), text, "{}", file.display());
    }
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_are_read() {
    for file in files("ok").iter().filter(|file| !file.ends_with("raw.trip")) {
        let text = fs::read_to_string(file).unwrap();
        let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        assert_eq!(format(&windows), text, "{}", file.display());
    }
}

/// The expected text stands beside the file; `UPDATE=1` writes it anew.
#[test]
fn a_broken_file_gives_all_its_errors_at_once() {
    for file in files("err") {
        let found = errors(&fs::read_to_string(&file).unwrap());
        let expected = file.with_extension("err");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        assert_eq!(found, fs::read_to_string(&expected).unwrap_or_default(), "{}", file.display());
    }
}

/// No canonical text has them there, as the formatter does not break a line before a type.
#[test]
fn words_of_declarations_may_begin_a_line_as_types_and_values() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/syntax/ok/declared.trip");
    let text = fs::read_to_string(file).unwrap();
    let mut broken = text.clone();
    for word in ["event", "rule", "list"] {
        for before in ["when ", ": ", "where ", "== ", "emit "] {
            broken = broken.replace(&format!("{before}{word}"), &format!("{before}\n{word}"));
        }
    }
    assert_eq!(broken.matches("\n").count(), text.matches("\n").count() + 5);
    assert_eq!(errors(&broken), "");
    assert_eq!(tree(&broken), tree(&text));
}

#[test]
fn a_rule_reads_back_from_its_canonical_text() {
    for file in files("ok") {
        let text = fs::read_to_string(&file).unwrap();
        let (parsed, _) = syntax::parse(FileId(0), &text, &Limits::default());
        for item in &parsed.items {
            let syntax::ast::Item::Rule(rule) = item else { continue };
            let printed = syntax::print_rule(rule);
            let (again, found) = syntax::parse(FileId(0), &printed, &Limits::default());
            assert!(found.is_empty(), "{printed}\n{found:?}");
            let syntax::ast::Item::Rule(again) = &again.items[0] else { panic!("{printed}") };
            assert_eq!(syntax::print_rule(again), printed);
        }
    }
}

#[test]
fn the_canonical_text_does_not_depend_on_the_spelling() {
    let canonical = |text: &str| {
        let (file, found) = syntax::parse(FileId(0), text, &Limits::default());
        assert!(found.is_empty(), "{found:?}");
        let syntax::ast::Item::Rule(rule) = &file.items[0] else { panic!("{text}") };
        syntax::print_rule(rule)
    };
    let plain =
        "rule a { event x: t where n > 1000 and d < 90s and s == \"a\\n\" and f > 0.5 and u == \"é\" }";
    let odd = "rule `a` { # c\n event x: `t` where n > 1_000 and d < 1m30s\n and s == \"\\u000a\".p
        and f > 5e-1 and u == \"\\u00e9\" }";
    assert_eq!(canonical(plain), canonical(&odd.replace("\".p", "\"").replace("\\u000a", "a\\u000a")));
    assert_ne!(canonical(plain), canonical(&plain.replace("1000", "1001")));
}

/// What would take long or run out of stack if it were read carelessly: each gives an error, soon.
#[test]
fn hostile_files_give_an_error_soon() {
    let mega = 1 << 20;
    let rule = |inner: &str| format!("rule a {{ event x: t where {inner} }}");
    let many = |part: &str| part.repeat(mega / part.len());
    let files: Vec<(&str, String)> = vec![
        ("(", many("(")),
        ("[", many("[")),
        ("{", many("{")),
        ("}", many("}")),
        ("([{", many("([{")),
        ("rule }", many("rule } ")),
        ("parentheses", rule(&format!("{}1{}", many("("), many(")")))),
        ("crossed brackets", rule(&format!("{}1{}", many("("), many("]")))),
        ("deep list", rule(&format!("{}{}", "[".repeat(500), "]".repeat(500)))),
        ("not", rule(&(many("not ") + "a"))),
        ("-", rule(&(many("-") + "1"))),
        ("if", rule(&many("if "))),
        ("if then", rule(&many("if a then "))),
        ("else if", rule(&(many("if a then b else ") + "c"))),
        ("1 + if", rule(&many("if a then b else 1 + "))),
        ("sum", rule(&(many("a + ") + "a"))),
        ("??", rule(&(many("a ?? ") + "a"))),
        ("<", rule(&(many("a < ") + "a"))),
        ("calls", rule(&many("f("))),
        ("string", format!("param a = \"{}\"", "a".repeat(10 << 20))),
        ("open string", format!("param a = \"{}", "a".repeat(10 << 20))),
        ("open raw strings", many("r#\"\n")),
        ("back-ticks", many("`\n")),
        ("NUL", many("\0")),
        ("clauses without a value", format!("rule a {{ {} }}", many("title "))),
        ("words", format!("rule a {{ {} = }}", many("b c "))),
        ("broken lines", format!("rule a {{ sequence global {{ {} }} }}", many("a: b where\n"))),
        ("groups", format!("rule a {{ sequence global {{ {} }} }}", many("( a: b "))),
        ("either", format!("rule a {{ sequence global {{ {} }} }}", many("either { a: b } or { "))),
        ("until", format!("rule a {{ sequence global {{ a: b {} }} }}", many("until x by "))),
        ("clauses with operators", format!("rule a {{ {} }}", many("b c == "))),
        ("fields of emit", format!("rule a {{ emit {} }}", many("b = 1, "))),
        ("any by", format!("rule a {{ sequence global {{ {} }} }}", many("any by "))),
        ("junk", many("junk ")),
    ];
    for (name, text) in files {
        let start = clock::worked();
        let found = errors(&text);
        let took = clock::worked() - start;
        assert!(!found.is_empty(), "{name}");
        assert!(found.lines().count() < 300, "{name}");
        assert!(took.as_secs() < 20, "{name} took {took:?}");
    }
}

#[test]
fn large_files_are_read() {
    let clauses = format!("rule a {{ {} }}", "title \"b\" ".repeat(100_000));
    let junction = format!("rule a {{ event x: t where {} a }}", "a == 1 and b != 2 or ".repeat(10_000));
    let list = format!("list l = [{}]", "\"item\", ".repeat(100_000));
    for text in [clauses, junction, list] {
        assert_eq!(errors(&text), "");
        assert_eq!(tree(&format(&text)), tree(&text));
    }
    let limits = Limits { rule_file_bytes: 10, ..Limits::default() };
    let (_, found) = syntax::parse(FileId(0), "param a = 1", &limits);
    assert_eq!(found[0].code.as_str(), "E0002");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn formatting_keeps_the_tree_and_the_comments_and_is_idempotent(choices in prop::collection::vec(any::<u8>(), 0..600)) {
        let text = generate::file(&choices);
        prop_assert_eq!(errors(&text), "", "{}", text);
        let pretty = format(&text);
        prop_assert_eq!(tree(&pretty), tree(&text), "{}\n{}", text, pretty);
        prop_assert_eq!(comments(&pretty), comments(&text), "{}\n{}", text, pretty);
        prop_assert_eq!(format(&pretty), &*pretty, "{}", text);
    }

    #[test]
    fn mutilated_files_are_refused_without_a_crash(
        choices in prop::collection::vec(any::<u8>(), 0..300),
        wounds in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..6),
    ) {
        let mut text = generate::file(&choices);
        for (place, byte, how) in wounds {
            generate::mutilate(&mut text, place, byte, how);
        }
        let (file, found) = syntax::parse(FileId(0), &text, &Limits::default());
        for problem in &found {
            prop_assert!(text.get(problem.span().start as usize..).is_some(), "{}", text);
        }
        if found.is_empty() {
            prop_assert_eq!(tree(&syntax::print(&file, &text)), tree(&text), "{}", text);
        }
    }
}
