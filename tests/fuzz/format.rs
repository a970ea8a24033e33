//! The formatter: what it writes says the same, and it leaves that as it is.

use tripline::{FileId, Limits, Program, Settings, SourceFile, syntax};

use super::tree::{comments, tree};

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(pretty) = format(text) else { return };
    assert_eq!(tree(&pretty), tree(text), "the tree is another one\n{text}\n{pretty}");
    assert_eq!(comments(&pretty), comments(text), "the comments are others\n{text}\n{pretty}");
    assert_eq!(format(&pretty).as_deref(), Ok(&*pretty), "formatted twice it is another text\n{text}");
    assert_eq!(versions(&pretty), versions(text), "the versions of the rules are others\n{text}\n{pretty}");
}

fn format(text: &str) -> Result<String, Vec<tripline::diagnostic::Diagnostic>> {
    syntax::format(FileId(0), text, &Limits::default())
}

/// The rules with the hashes of their canonical texts, if they compile.
fn versions(text: &str) -> Option<Vec<(String, String)>> {
    let limits = Limits { regex_bytes: 1 << 16, steps: 50, edges: 2_000, ..Limits::default() };
    let files = [SourceFile::new("fuzz.trip", text)];
    let (program, _) = Program::compile(&files, &Settings::default(), limits);
    let named = |info: &tripline::RuleInfo| (info.name.to_string(), info.version.to_string());
    Some(program?.rules().map(|(_, info)| named(info)).collect())
}
