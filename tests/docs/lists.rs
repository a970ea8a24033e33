//! What the manual lists: codes, functions, reasons, limits; and where links lead.

use std::path::Path;

use tripline::Limits;
use tripline::diagnostic::{Code, Severity};
use tripline::function::{Function, Kind};
use tripline::io::Reason;

use super::blocks::{all_findings, findings, shown};
use super::markdown::{Page, Part, code};

/// Compares the rows of the only tables with this head with what there is, in its order.
fn compare(page: &Page, head: &[&str], wanted: Vec<Vec<String>>, columns: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> = page.tables(head).flat_map(|table| table.rows.clone()).collect();
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row[..columns].to_vec()).collect();
    let missing = wanted
        .iter()
        .filter(|row| !rows.contains(row))
        .map(|row| format!("missing: | {} |", row.join(" | ")));
    let wrong =
        rows.iter().filter(|row| !wanted.contains(row)).map(|row| format!("wrong: | {} |", row.join(" | ")));
    let found: Vec<String> = missing.chain(wrong).collect();
    if found.is_empty() && rows != wanted {
        vec![format!("{head:?}: twice, or in another order")]
    } else {
        found
    }
}

/// Every code with its title, in order; and each example raises its code and no other.
pub fn codes(page: &Page) -> Vec<String> {
    const HEAD: [&str; 4] = ["code", "means", "raised by", "remedy"];
    let wanted = Code::ALL.iter().map(|c| vec![format!("`{}`", c.as_str()), c.title().to_owned()]);
    let mut wrong = compare(page, &HEAD, wanted.collect(), 2);
    for row in page.tables(&HEAD).flat_map(|table| &table.rows) {
        let (expected, example, remedy) = (code(&row[0]), &row[2], &row[3]);
        if remedy.is_empty() {
            wrong.push(format!("{expected}: no remedy"));
        }
        // An example that is no code stands elsewhere on the page and is run there.
        if !example.starts_with('`') {
            wrong.extend((!is_shown(page, expected)).then(|| format!("{expected}: no example")));
            continue;
        }
        let asked = expected == Code::Unbounded.as_str();
        let found = if asked { all_findings(code(example)) } else { findings(code(example)) };
        if found.is_empty() || found.iter().any(|finding| finding.code.as_str() != expected) {
            wrong.push(format!("{expected}: {example} gives\n{}", shown(&found)));
        }
        let severity = if expected.starts_with('L') { Severity::Warning } else { Severity::Error };
        wrong.extend(
            found.iter().find(|f| f.severity != severity).map(|_| format!("{expected}: its severity")),
        );
    }
    wrong
}

/// Whether the output of a command on the page shows a code.
fn is_shown(page: &Page, code: &str) -> bool {
    page.parts.iter().any(|part| match part {
        Part::Block(block) => block.word("output").is_some() && block.text.contains(code),
        Part::Table(_) => false,
    })
}

/// Every function with its signature and what it does.
pub fn functions(page: &Page) -> Vec<String> {
    let wanted = Function::ALL.iter().map(|f| vec![format!("`{}`", call(*f)), f.doc().to_owned()]);
    compare(page, &["function", "gives", "example", "value"], wanted.collect(), 2)
}

/// `substr(string, int [, int])`
fn call(function: Function) -> String {
    let signature = function.signature();
    let names = |kinds: &[Kind]| kinds.iter().map(|kind| word(*kind)).collect::<Vec<_>>();
    let mut text = names(signature.required).join(", ");
    for name in names(signature.optional) {
        text += &format!(" [, {name}{}]", if signature.variadic { " …" } else { "" });
    }
    format!("{}({text})", function.name())
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Any => "any",
        Kind::String => "string",
        Kind::Int => "int",
        Kind::Number => "number",
        Kind::Float => "float",
        Kind::Bool => "bool",
        Kind::Time => "time",
        Kind::Duration => "duration",
        Kind::Ip => "ip",
        Kind::List => "list",
        Kind::Same => "value",
    }
}

/// Every reason for which a line is no event.
pub fn reasons(page: &Page) -> Vec<String> {
    let wanted = Reason::ALL.iter().map(|r| vec![format!("`{}`", r.as_str()), r.title().to_owned()]);
    compare(page, &["reason", "means"], wanted.collect(), 2)
}

/// Every limit with its value.
pub fn limits(page: &Page) -> Vec<String> {
    let text = format!("{:?}", Limits::default());
    let fields = text.trim_start_matches("Limits { ").trim_end_matches(" }").split(", ");
    let wanted = fields.map(|field| {
        let (name, value) = field.split_once(": ").unwrap();
        vec![format!("`{name}`"), grouped(value)]
    });
    compare(page, &["limit", "default", "of what", "beyond it"], wanted.collect(), 2)
}

/// `1 048 576`
fn grouped(digits: &str) -> String {
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
    groups.join(" ")
}

/// Links to files that do not exist and to headings that are not there.
pub fn links(page: &Page) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join(&page.path).parent().unwrap().to_path_buf();
    let mut wrong = Vec::new();
    for (line, link) in page.links.iter().filter(|(_, link)| !link.contains("://")) {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() { root.join(&page.path) } else { folder.join(path) };
        let Ok(text) = std::fs::read_to_string(&target) else {
            wrong.extend((!target.is_dir()).then(|| format!("{}: {link} is not there", page.at(*line))));
            continue;
        };
        let is_there = anchor.is_empty() || Page::parse(path, &text).anchors.iter().any(|a| a == anchor);
        wrong.extend((!is_there).then(|| format!("{}: {link} has no such heading", page.at(*line))));
    }
    wrong
}
