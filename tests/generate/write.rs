//! A rule tree as text: names are given and references to earlier steps resolved while writing, so that most rules
//! compile.

use std::fmt::Write as _;

use super::rules::{Filter, Gap, Part, RuleTree, Step};

/// Writes a rule and remembers what may be named.
struct Writer<'r> {
    rule: &'r RuleTree,
    text: String,
    count: usize,
    /// All steps that bind events.
    steps: Vec<String>,
    /// Steps that have bound one event wherever the writer stands.
    single: Vec<String>,
    /// Steps that may have bound any number.
    many: Vec<String>,
}

pub fn write_rule(rule: &RuleTree) -> String {
    let mut writer = Writer {
        rule,
        text: String::new(),
        count: 0,
        steps: Vec::new(),
        single: Vec::new(),
        many: Vec::new(),
    };
    let partition = rule.keys.map_or("global".to_owned(), |(key, _)| format!("by {key}"));
    let within = match rule.policy.starts_with("all") {
        true => Some(rule.within.unwrap_or(9)),
        false => rule.within,
    };
    let within = within.map(|n| format!(" within {n}s")).unwrap_or_default();
    _ = writeln!(writer.text, "rule r {{\n  sequence {partition}{within} {{");
    if let Some((kind, length)) = rule.first {
        _ = writeln!(writer.text, "    not first within {length}s: {kind}");
    }
    rule.parts.iter().for_each(|part| writer.part(part));
    for (kind, length) in &rule.last {
        let length = length.map(|n| format!(" within {n}s")).unwrap_or_default();
        _ = writeln!(writer.text, "    not last{length}: {kind}");
    }
    if let Some((kind, above)) = rule.cancel {
        let filter = above.map(|n| format!(" where v > {n}")).unwrap_or_default();
        _ = writeln!(writer.text, "    until stop: {kind}{filter}");
    }
    let policy = match rule.policy {
        "to first" | "to last" => format!("{} {}", rule.policy, writer.steps[writer.steps.len() / 2]),
        policy => policy.to_owned(),
    };
    let fields = if rule.emits { " k = k, l = l, w = w, v = v" } else { "" };
    let emit = match (rule.is_final, rule.emits) {
        (true, _) => format!("\n  emit final{fields}"),
        (false, true) => format!("\n  emit{fields}"),
        (false, false) => String::new(),
    };
    let timeout = rule.timeout.map_or(String::new(), |after| match after {
        Some(n) => format!("\n  on timeout after {} emit{fields}", writer.steps[n % writer.steps.len()]),
        None => format!("\n  on timeout emit{fields}"),
    });
    let suppress = rule.suppress.map_or(String::new(), |(length, by)| {
        let length = length.map_or("forever".to_owned(), |n| format!("{n}s"));
        let keys: Vec<&str> = rule.keys.map_or(Vec::new(), |(keys, _)| keys.split(", ").collect());
        let by = by.and_then(|n| Some(format!(" by {}", keys.get(n)?))).unwrap_or_default();
        format!("\n  suppress {length}{by}")
    });
    let hold = rule.hold.map_or(String::new(), |(most, full)| format!("\n  hold {most} starts{full}"));
    let forget = rule.forget.map_or(String::new(), |length| format!("\n  forget after {length}s"));
    _ = write!(writer.text, "  }}\n  matches {policy}{emit}{timeout}{suppress}{hold}{forget}\n}}");
    writer.text
}

impl Writer<'_> {
    fn part(&mut self, part: &Part) {
        match part {
            Part::Step(step) => self.step(step),
            Part::Group { parts, quantifier, until } => {
                self.text.push_str("    (\n");
                let outside = self.single.len();
                parts.iter().for_each(|part| self.part(part));
                // From outside a repeated group its steps are seen as loops.
                if !quantifier.is_empty() {
                    self.many.extend(self.single.split_off(outside));
                }
                let until = until.map(|n| format!(" until v > {n}")).unwrap_or_default();
                _ = writeln!(self.text, "    ){quantifier}{until}");
            }
            Part::Optional(parts) => {
                self.text.push_str("    (\n");
                let outside = self.single.len();
                parts.iter().for_each(|part| self.part(part));
                self.many.extend(self.single.split_off(outside));
                self.text.push_str("    )?\n");
            }
            Part::Either(branches) => {
                self.text.push_str("    either {\n");
                for (n, branch) in branches.iter().enumerate() {
                    if n > 0 {
                        self.text.push_str("    } or {\n");
                    }
                    self.branch(branch);
                }
                self.text.push_str("    }\n");
            }
            Part::Of { take, members } => {
                match take {
                    None => self.text.push_str("    all {\n"),
                    Some(n) => _ = writeln!(self.text, "    {n} of {{"),
                }
                members.iter().for_each(|member| self.branch(std::slice::from_ref(member)));
                self.text.push_str("    }\n");
            }
        }
    }

    /// What one branch binds, the others and what follows cannot rely on.
    fn branch(&mut self, parts: &[Part]) {
        let (single, many) = (self.single.len(), self.many.len());
        parts.iter().for_each(|part| self.part(part));
        self.single.truncate(single);
        self.many.truncate(many);
    }

    fn step(&mut self, step: &Step) {
        if let Some((kind, bound, filter)) = &step.absence {
            self.count += 1;
            let bound = match bound {
                Some(Gap::Within(n)) => format!(" within {n}s"),
                _ => String::new(),
            };
            let filter = self.filter(filter.as_ref(), None);
            _ = writeln!(self.text, "    not n{}{bound}: {kind}{filter}", self.count);
        }
        self.count += 1;
        let name = format!("s{}", self.count);
        self.steps.push(name.clone());
        let bound = match step.bound {
            Some(Gap::After(n)) => format!(" after {n}s"),
            Some(Gap::Within(n)) => format!(" within {n}s"),
            None => String::new(),
        };
        let filter = self.filter(step.filter.as_ref(), Some(&name));
        let until = step.until.map(|n| format!(" until v > {n}")).unwrap_or_default();
        let own_key = self.rule.keys.filter(|_| step.own_key);
        let own_key = own_key.map_or(String::new(), |(_, key)| format!(" by {key}"));
        _ = writeln!(
            self.text,
            "    {}{name}{}{}{bound}: {}{filter}{until}",
            step.mode, step.quantifier, own_key, step.kind
        );
        if step.quantifier.is_empty() { self.single.push(name) } else { self.many.push(name) }
    }

    fn filter(&self, filter: Option<&Filter>, own: Option<&str>) -> String {
        let named: Vec<&String> = self.single.iter().chain(&self.many).collect();
        let condition = match (filter, own) {
            (None, _) => return String::new(),
            (Some(Filter::Above(n)), _) => format!("v > {n}"),
            (Some(Filter::Refers(op, n)), _) if !self.single.is_empty() => {
                format!("v {op} {}.v", self.single[n % self.single.len()])
            }
            (Some(Filter::Sum(n, which)), _) if !named.is_empty() => {
                format!("(sum({}.v) ?? 0) < {n}", named[which % named.len()])
            }
            (Some(Filter::Rising), Some(_)) => "rising(v)".to_owned(),
            (Some(Filter::Many(n)), _) if !self.many.is_empty() => {
                let looped = &self.many[self.many.len() - 1];
                if n % 2 == 0 {
                    format!("distinct({looped}.v) >= {n}")
                } else {
                    format!("v > 1 and count({looped}) > {n}")
                }
            }
            (Some(Filter::Own(n)), Some(name)) => format!("count({name}) < {n}"),
            (Some(_), _) => "not (v > 3)".to_owned(),
        };
        format!(" where {condition}")
    }
}
