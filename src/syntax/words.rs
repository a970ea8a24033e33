//! Words with a meaning, and how names and texts are quoted.

/// Words that need back-ticks as names.
pub const RESERVED: [&str; 13] =
    ["and", "or", "not", "in", "like", "ilike", "matches", "if", "then", "else", "true", "false", "null"];

/// Words that need back-ticks as names of steps, and how they are used.
pub(super) const STEP_WORDS: [(&str, &str); 9] = [
    ("until", "the cancelling line needs a name, `until x: TYPE`"),
    ("next", "a strict step needs a name, `next x: TYPE`"),
    ("any", "a step that may pass over events needs a name, `any x: TYPE`"),
    ("where", "a condition stands behind the event type, `x: TYPE where …`"),
    ("by", "keys stand behind a step's name, `x by FIELD: TYPE`"),
    ("after", "a gap stands behind a step's name, `x after 5m: TYPE`"),
    ("within", "a gap stands behind a step's name, `x within 5m: TYPE`"),
    ("either", "a choice is written `either { … } or { … }`"),
    ("all", "steps in any order are written `all { … }`"),
];

/// Clauses that say something about the rule: a word and a value.
pub const METADATA: [&str; 15] = [
    "id",
    "title",
    "description",
    "severity",
    "risk",
    "status",
    "author",
    "date",
    "modified",
    "tags",
    "references",
    "falsepositives",
    "runbook",
    "enabled",
    "key",
];

/// Clauses that say what a rule looks for and what it reports.
pub const CLAUSES: [&str; 11] = [
    "event", "sequence", "window", "when", "whenever", "matches", "emit", "on", "suppress", "hold", "forget",
];

/// The policies of `matches`, which `to first` and `to last` complete.
pub const POLICIES: [&str; 6] = ["disjoint", "separate", "every", "latest", "all", "to"];

/// The name as it is written in a rule: in back-ticks if it is reserved or has odd characters.
///
/// ```
/// use tripline::syntax::quote_ident;
/// assert_eq!(quote_ident("user"), "user");
/// assert_eq!(quote_ident("user id"), "`user id`");
/// assert_eq!(quote_ident("in"), "`in`");
/// ```
pub fn quote_ident(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { tick(name) }
}

/// The text as a string literal.
///
/// ```
/// use tripline::syntax::quote_string;
/// assert_eq!(quote_string("a \"b\"\n"), r#""a \"b\"\n""#);
/// ```
pub fn quote_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

pub(super) fn tick(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The name without its back-ticks.
pub(super) fn untick(text: &str) -> compact_str::CompactString {
    match text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) {
        Some(inner) => inner.replace("``", "`").into(),
        None => text.into(),
    }
}

fn is_plain(name: &str) -> bool {
    !RESERVED.contains(&name) && super::parser::is_ident(name)
}
