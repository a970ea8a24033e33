//! How other languages write things, and what stands here instead: remedies told by the words round a broken place.

/// What must stand behind a word of the same line, if something else does. In all tables `0` stands for what begins
/// with a digit and `a` for any word.
const BEHIND: [(&str, &str, &str); 13] = [
    ("is", "null", "write `not has(FIELD)`"),
    ("is", "not", "write `has(FIELD)`"),
    ("contains", "\"", "write `contains(FIELD, \"…\")`"),
    ("startswith", "\"", "write `starts_with(FIELD, \"…\")`"),
    ("starts_with", "\"", "write `starts_with(FIELD, \"…\")`"),
    ("endswith", "\"", "write `ends_with(FIELD, \"…\")`"),
    ("ends_with", "\"", "write `ends_with(FIELD, \"…\")`"),
    ("between", "0", "write `FIELD in LOW..=HIGH`"),
    ("within", "0", "`within` of a step stands before its colon: `x within 5m: TYPE`"),
    ("after", "0", "`after` of a step stands before its colon: `x after 5m: TYPE`"),
    ("by", "a", "`by` of a step stands before its colon: `x by FIELD: TYPE`"),
    ("not", ":", "an absence needs a name: `not x: TYPE`"),
    ("count", "*", "`count(x)` counts the events of the step `x`"),
];

/// What may be meant where something is waited for.
const WAITED: [(&str, &str, &str); 11] = [
    ("a duration", "\"", "a duration stands without quotes: `5m`"),
    ("an event type", "0", "an event type that is no name stands in quotes, as in `x: \"4624\"`"),
    ("a value", ":", "no colon stands between the word of a clause and its value"),
    ("a step", "then", "steps follow one another by themselves: leave out `then`"),
    ("a step", "else", "alternatives of a condition are joined by `or`"),
    ("`:`", "and", "a condition begins with `where`"),
    ("`:`", "or", "a condition begins with `where`"),
    ("`:`", "[", "how often a step comes stands in braces: `x{5,}`"),
    ("`:`", "-", "a name has no `-`: write `_`, or put the name in back-ticks"),
    ("`else`", "a", "each `if` has its `else`: `if … then … else …`"),
    ("`else`", "}", "each `if` has its `else`: `if … then … else …`"),
];

/// What has no meaning anywhere.
const NOWHERE: [(&str, &str); 7] = [
    ("“", "strings stand in double quotes, `\"`"),
    ("”", "strings stand in double quotes, `\"`"),
    ("„", "strings stand in double quotes, `\"`"),
    ("‘", "strings stand in double quotes, `\"`"),
    ("’", "strings stand in double quotes, `\"`"),
    ("«", "strings stand in double quotes, `\"`"),
    ("$", "names and numbers stand without `$`"),
];

/// Words that other languages begin a clause with.
const CLAUSES: [(&str, &str); 7] = [
    ("where", "a condition stands in a step: `x: TYPE where …`"),
    ("by", "`by` stands behind `sequence`: `sequence by FIELD { … }`"),
    ("within", "`within` stands behind `sequence`: `sequence by FIELD within 5m { … }`"),
    ("level", "write `severity`"),
    ("name", "write `title`; the name of a rule stands behind `rule`"),
    ("group", "write `sequence by FIELD { … }`"),
    ("select", "write `emit NAME = VALUE`"),
];

/// What to write instead of a clause that does not exist.
pub fn instead_of_clause(word: &str) -> Option<&'static str> {
    CLAUSES.iter().find(|(known, _)| *known == word).map(|(_, help)| *help)
}

/// What to do about `found`, which stands between two texts where something else is expected.
pub(super) fn remedy(before: &str, found: &str, behind: &str, expected: &[&str]) -> Option<String> {
    let waits = |word: &str| expected.contains(&word);
    let line = before.rsplit('\n').next().unwrap_or_default().trim_end();
    let word = last_word(line.trim_end_matches('('));
    if let Some(help) = emitted(line, found, waits("`=`")) {
        return Some(help);
    }
    if expected == ["`:`"] && is_like(found, "a") {
        return Some("a colon stands between a field and its type".to_owned());
    }
    let nowhere = NOWHERE.iter().filter(|(what, _)| *what == found).map(|(_, help)| *help);
    let waited = WAITED.iter().filter(|(what, this, _)| waits(what) && is_like(found, this));
    let behind_word = |what: &str| what == word && (waits("`:`") || what != "by");
    let after = BEHIND.iter().filter(|(what, this, _)| behind_word(what) && is_like(found, this));
    let known = nowhere.chain(waited.chain(after).map(|(.., help)| *help)).next();
    known
        .map(str::to_owned)
        .or_else(|| of_number(word, found, behind, expected))
        .or_else(|| of_list(line, found))
}

fn is_like(found: &str, what: &str) -> bool {
    match what {
        "0" => is_digit(found),
        "a" => found.starts_with(|c: char| c.is_alphabetic() || c == '_'),
        _ => found == what,
    }
}

fn is_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn last_word(text: &str) -> &str {
    text.rsplit(|c: char| !(c == '_' || c.is_alphanumeric())).next().unwrap_or_default()
}

/// `emit a.b`, `emit f(x)`, `emit n: x`, `emit a, b`
fn emitted(line: &str, found: &str, equals: bool) -> Option<String> {
    let name = last_word(line);
    let before = line.strip_suffix(name).unwrap_or_default().trim_end();
    let first = ["emit", "final"].contains(&last_word(before));
    if name.is_empty() || !(first || equals && before.ends_with(',')) {
        return None;
    }
    match found {
        ":" => Some(format!("a field of an alert is written `{name} = …`")),
        "," => Some(format!("a field of an alert is written `{name} = {name}`")),
        "." | "(" => Some("a field of an alert needs a name: `NAME = VALUE`".to_owned()),
        _ => None,
    }
}

/// A number in parts, or what is written like one.
fn of_number(number: &str, found: &str, behind: &str, expected: &[&str]) -> Option<String> {
    let digits = is_digit(number);
    let follows = is_digit(behind);
    match found {
        "," if digits && behind.bytes().take_while(u8::is_ascii_digit).count() == 3 => {
            Some(format!("a number is written without commas: `{number}_{}`", behind.get(..3)?))
        }
        "." if digits && follows => Some("an address stands in quotes".to_owned()),
        "+" if digits && expected.contains(&"`,`") => {
            Some(format!("so many or more are written `{{{number},}}`"))
        }
        _ if digits && number.bytes().all(|b| b.is_ascii_digit()) => {
            let unit = unit(found)?;
            Some(format!("no space stands between a number and its unit: write `{number}{unit}`"))
        }
        _ => None,
    }
}

/// How a unit is written here.
fn unit(word: &str) -> Option<&'static str> {
    const UNITS: [(&str, &str); 6] = [
        ("ms", "milliseconds"),
        ("w", "weeks"),
        ("d", "days"),
        ("h", "hours"),
        ("m", "minutes"),
        ("s", "seconds"),
    ];
    UNITS
        .iter()
        .find(|(short, long)| word == *short || word.len() > 2 && long.starts_with(word))
        .map(|(short, _)| *short)
}

/// `in (a, b)`, `list[0]`
fn of_list(line: &str, found: &str) -> Option<String> {
    let named = line.ends_with(|c: char| c == '_' || c.is_alphanumeric());
    if found == "[" && named || is_digit(found) && line.ends_with('.') {
        let help = "lists have no index: `contains(LIST, x)` and `x in LIST` look into one";
        return Some(help.to_owned());
    }
    let (list, _) = line.rsplit_once('(')?;
    (found == "," && last_word(list.trim_end()) == "in").then(|| "a list is written `[a, b]`".to_owned())
}
