//! Random rule files from a list of choices: each construct of the grammar, with white space and comments anywhere.

use proptest::sample::Index;

/// A rule file.
pub(super) fn file(choices: &[u8]) -> String {
    let mut generator = Generator { choices: choices.iter(), tokens: Vec::new(), depth: 0 };
    generator.declarations();
    generator.join()
}

/// Puts a byte in, takes a part away, doubles a part, or puts a telling piece in.
pub(super) fn mutilate(text: &mut String, place: Index, byte: u8, how: u8) {
    let pieces = ["{", "}", "(", "\"", "`", "#", "rule ", "r#\"", "..", " until ", " by ", "\n"];
    let mut start = place.index(text.len() + 1);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = text.len().min(start + usize::from(byte) % 20);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    match how {
        0 => text.insert(start, char::from(byte)),
        1 => text.replace_range(start..end, ""),
        2 => {
            let part: String = text[start..end].into();
            text.insert_str(start, &part);
        }
        _ => text.insert_str(start, pieces[usize::from(byte) % pieces.len()]),
    }
}

struct Generator<'c> {
    choices: std::slice::Iter<'c, u8>,
    tokens: Vec<String>,
    depth: u32,
}

const NAMES: &[&str] = &[
    "a",
    "user",
    "ip",
    "next",
    "any",
    "by",
    "within",
    "after",
    "until",
    "where",
    "either",
    "all",
    "of",
    "emit",
    "final",
    "on",
    "timeout",
    "event",
    "rule",
    "list",
    "table",
    "param",
    "key",
    "limit",
    "every",
    "first",
    "to",
    "latest",
    "div",
    "global",
    "title",
    "matches_",
    "r",
    "t",
    "x1",
    "größe",
    "`odd name`",
    "`in`",
    "`a``b`",
    "`matches`",
    "this",
    "über",
];
const LITERALS: &[&str] = &[
    "1",
    "1_000",
    "0",
    "18446744073709551615",
    "1.5",
    "1e9",
    "2.5E-3",
    "\"s\"",
    "\"a \\\"q\\\" # \\u00e9\"",
    "r\"\\d+\"",
    "r#\"a \"b\" c\"#",
    "r\"two\nlines\"",
    "90s",
    "1h30m",
    "7d",
    "500ms",
    "t\"2026-01-05T10:00:00Z\"",
    "true",
    "false",
    "null",
];
const OPERATORS: &[&str] = &[
    "==", "!=", "<", "<=", ">", ">=", "like", "ilike", "matches", "in", "not in", "??", "+", "-", "*", "/",
    "%", "div",
];
const DURATIONS: &[&str] = &["5m", "1h30m", "0s", "2w", "1_000ms"];
const TYPES: &[&str] = &["login", "transfer", "\"odd type\"", "`in`", "event", "where", "by", "*"];
const SEPARATORS: &[&str] = &[" ", " ", " ", "\n", "\n  ", "\n\n", "\n\n\n", "\t"];

impl Generator<'_> {
    fn pick(&mut self, count: usize) -> usize {
        self.choices.next().map_or(0, |choice| usize::from(*choice) % count)
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.pick(one_in) == one_in - 1
    }

    fn one(&mut self, words: &[&str]) -> String {
        let index = self.pick(words.len());
        words[index].to_owned()
    }

    fn put(&mut self, token: impl Into<String>) {
        self.tokens.push(token.into());
    }

    fn put_all(&mut self, tokens: &[&str]) {
        self.tokens.extend(tokens.iter().map(|token| (*token).to_owned()));
    }

    fn put_one(&mut self, words: &[&str]) {
        let word = self.one(words);
        self.put(word);
    }

    /// Tokens with white space and comments between them. What is left of the choices says which.
    fn join(&mut self) -> String {
        let tokens = std::mem::take(&mut self.tokens);
        let mut text = String::new();
        for (index, token) in tokens.iter().enumerate() {
            if self.chance(6) {
                text.push_str(&format!(" # c{index}\n"));
            }
            if self.chance(12) {
                text.push_str(&format!("\n# own{index}\n"));
            }
            let glued = self.chance(3) && [")", "]", ",", ";"].contains(&token.as_str());
            if index > 0 && !glued {
                text.push_str(&self.one(SEPARATORS));
            }
            text.push_str(token);
        }
        if self.chance(3) {
            text.push_str("\n# last");
        }
        text
    }

    fn declarations(&mut self) {
        for _ in 0..1 + self.pick(4) {
            match self.pick(8) {
                0 => self.event(),
                1 => self.list(),
                2 => {
                    self.put_all(&["param", "p", "="]);
                    self.put_one(&["", "-"]);
                    self.put_one(&["1", "1.5", "90s"]);
                }
                3 => self.put_all(&["table", "users", "from", "\"users.csv\"", "key", "`user id`"]),
                _ => self.rule(),
            }
        }
    }

    fn event(&mut self) {
        self.put("event");
        self.put_one(&TYPES[..6]);
        self.put("{");
        for _ in 0..self.pick(4) {
            let path = self.path();
            self.put(path);
            self.put_one(&["", "?"]);
            self.put(":");
            self.put_one(&["string", "int", "[ip]", "[[any]]"]);
            self.put(",");
        }
        if self.chance(2) && self.tokens.last().is_some_and(|last| last == ",") {
            self.tokens.pop();
        }
        self.put("}");
    }

    fn list(&mut self) {
        self.put_all(&["list", "l"]);
        if self.chance(3) {
            return self.put_all(&["from", "\"l.txt\""]);
        }
        self.put_all(&["=", "["]);
        for _ in 0..self.pick(12) {
            self.put_one(LITERALS);
            self.put(",");
        }
        self.put("]");
    }

    fn rule(&mut self) {
        self.put("rule");
        self.put_one(NAMES);
        self.put("{");
        for _ in 0..self.pick(6) {
            self.clause();
        }
        self.put("}");
    }

    fn clause(&mut self) {
        match self.pick(14) {
            0 => self.put_all(&["title", "\"a title\""]),
            1 => self.put_all(&[
                "severity",
                "high",
                "author",
                "jane-doe",
                "date",
                "2026-01-05",
                "enabled",
                "false",
            ]),
            2 => {
                self.put_all(&["tags", "["]);
                for _ in 0..self.pick(5) {
                    self.put_one(&["attack.t1110", "`odd tag`", "\"s\"", "4625", "[", "and"]);
                    if self.tokens.last().is_some_and(|last| last == "[") {
                        self.put_all(&["1", "]"]);
                    }
                    self.put(",");
                }
                self.put("]");
            }
            3 => {
                self.put("event");
                self.step();
            }
            4 | 5 => self.sequence(),
            6 => self.window(),
            7 => {
                self.put_one(&["when", "whenever"]);
                self.expr();
            }
            8 => self.put_one(&[
                "matches disjoint",
                "matches separate",
                "matches every",
                "matches latest",
                "matches all limit 5",
                "matches to first a",
                "matches to last by",
                "matches all",
            ]),
            9 => {
                self.put("emit");
                self.emitted();
            }
            10 => {
                self.put_all(&["on", "timeout"]);
                if self.chance(2) {
                    self.put_all(&["after", "a"]);
                }
                self.put("emit");
                self.emitted();
            }
            11 => {
                self.put_all(&["hold", "3", "starts"]);
                if self.chance(2) {
                    self.put_one(&["refuse new", "drop oldest"]);
                }
            }
            12 => self.put_all(&["forget", "after", "30d"]),
            _ => {
                self.put("suppress");
                self.put_one(&["10m", "forever"]);
                if self.chance(2) {
                    self.keys();
                }
            }
        }
    }

    fn emitted(&mut self) {
        if self.chance(3) {
            self.put("final");
        }
        if self.chance(3) {
            self.put_one(&["alert_type", "\"a type\"", "`title`", "`final`"]);
        }
        for index in 0..1 + self.pick(5) {
            if index > 0 {
                self.put(",");
            }
            self.put_one(NAMES);
            self.put("=");
            self.expr();
        }
    }

    fn keys(&mut self) {
        self.put("by");
        self.expr();
        if self.chance(3) {
            self.put(",");
            self.expr();
        }
    }

    fn sequence(&mut self) {
        self.put("sequence");
        match self.pick(3) {
            0 => self.keys(),
            1 => self.put("global"),
            _ => {}
        }
        if self.chance(2) {
            self.put("within");
            self.put_one(DURATIONS);
        }
        self.block("{", "}");
    }

    fn block(&mut self, open: &str, close: &str) {
        self.depth += 1;
        self.put(open);
        for _ in 0..1 + self.pick(4) {
            self.item();
            if self.chance(8) {
                self.put(";");
            }
        }
        self.put(close);
        self.depth -= 1;
    }

    fn item(&mut self) {
        match if self.depth > 4 { 0 } else { self.pick(10) } {
            5 => {
                self.block("(", ")");
                self.quantifier();
                if self.chance(3) {
                    self.put("until");
                    self.expr();
                }
            }
            6 => {
                self.put("either");
                self.block("{", "}");
                for _ in 0..1 + self.pick(2) {
                    self.put("or");
                    self.block("{", "}");
                }
            }
            7 => {
                self.put("all");
                self.block("{", "}");
            }
            8 => {
                self.put_all(&["2", "of"]);
                self.block("{", "}");
            }
            9 => {
                self.put("until");
                self.put_all(&["x", ":", "cancel", "where"]);
                self.expr();
            }
            _ => self.step(),
        }
    }

    fn step(&mut self) {
        self.put_one(&["", "", "", "next", "any", "not"]);
        // Behind an expression, or with keys, some names would be read as what they say.
        self.put_one(&[
            "a", "b", "`next`", "`any`", "of", "emit", "`where`", "`until`", "`div`", "`a b`", "title",
            "first",
        ]);
        self.quantifier();
        if self.chance(6) {
            self.keys();
        }
        for bound in ["after", "within"] {
            if self.chance(6) {
                self.put(bound);
                self.put_one(DURATIONS);
            }
        }
        self.put(":");
        self.put_one(TYPES);
        if self.tokens.last().is_some_and(|last| last != "*") && self.chance(4) {
            self.put_all(&["|", "other"]);
        }
        for word in ["where", "until"] {
            if self.chance(3) {
                self.put(word);
                self.expr();
            }
        }
    }

    fn quantifier(&mut self) {
        let times = self.one(&["", "", "", "?", "*", "+", "{2}", "{2,}", "{2,3}", "{ 2 , 3 }"]);
        self.put(times.clone());
        if !times.is_empty() && self.chance(3) {
            self.put("?");
        }
    }

    fn window(&mut self) {
        self.put("window");
        match self.pick(3) {
            0 => self.keys(),
            1 => self.put("global"),
            _ => {}
        }
        self.put_one(&[
            "over 24h",
            "over 100 events",
            "over 1h every 5m",
            "every 1d",
            "every 1d offset 2h tz \"Europe/Berlin\"",
            "session 30m",
        ]);
        self.put("{");
        for _ in 0..1 + self.pick(3) {
            self.step();
        }
        self.put("}");
    }

    fn expr(&mut self) {
        self.depth += 1;
        match if self.depth > 6 { 0 } else { self.pick(14) } {
            0..=3 => self.comparison(),
            4 | 5 => {
                let word = self.one(&["and", "or"]);
                self.comparison();
                for _ in 0..1 + self.pick(5) {
                    self.put(word.clone());
                    self.comparison();
                }
            }
            6 => {
                self.put("not");
                self.comparison();
            }
            7 => {
                self.put("if");
                self.expr();
                self.put("then");
                self.expr();
                self.put("else");
                self.expr();
            }
            8 => {
                self.comparison();
                self.put("and");
                self.comparison();
                self.put("or");
                self.put("not");
                self.comparison();
            }
            _ => self.operand(),
        }
        self.depth -= 1;
    }

    fn comparison(&mut self) {
        self.operand();
        match self.pick(8) {
            0 => {
                self.put("in");
                self.operand();
                self.put_one(&["..", "..="]);
                self.operand();
            }
            1..=5 => {
                self.put_one(OPERATORS);
                self.operand();
            }
            _ => {}
        }
    }

    fn operand(&mut self) {
        if self.chance(8) {
            self.put("-");
        }
        match if self.depth > 6 { 0 } else { self.pick(10) } {
            0..=2 => {
                let path = self.path();
                // Behind `matches`, `div` and `until`, some words begin what comes next.
                let tick = self
                    .tokens
                    .last()
                    .is_some_and(|last| ["matches", "div", "-", "until"].contains(&last.as_str()));
                self.put(if tick { "a.b".to_owned() } else { path });
            }
            3..=5 => self.put_one(LITERALS),
            6 => {
                self.put("(");
                self.expr();
                self.put(")");
            }
            7 => {
                self.put("[");
                for _ in 0..self.pick(4) {
                    self.expr();
                    self.put(",");
                }
                self.put("]");
            }
            _ => {
                let name = self.one(&["count", "first", "lookup", "`odd f`", "time"]);
                self.put(format!("{name}("));
                for index in 0..self.pick(4) {
                    if index > 0 {
                        self.put(",");
                    }
                    self.expr();
                }
                let tail = self.one(&[")", ").ip", ").col.`odd sub`"]);
                self.put(tail);
            }
        }
    }

    fn path(&mut self) -> String {
        let mut path = self.one(NAMES);
        for _ in 0..self.pick(3) {
            path = format!("{path}.{}", self.one(NAMES));
        }
        path
    }
}
