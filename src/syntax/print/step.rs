//! Layout of steps and blocks.

use super::doc::{Doc, Role};
use super::{Printer, role_of, start};
use crate::span::Span;
use crate::syntax::ast::{
    DurationLit, Expr, ExprKind, Mode, Partition, Quantifier, Sequence, SequenceItem, Step, Window,
    WindowShape,
};
use crate::syntax::words::{STEP_WORDS, quote_ident, tick};

impl Printer<'_> {
    pub(super) fn sequence(&mut self, sequence: &Sequence) -> Vec<Doc> {
        let mut parts = self.sequence_head(sequence);
        parts.push(" {".into());
        parts.extend(self.block(&sequence.items, sequence.span));
        parts.push("}".into());
        parts
    }

    pub(super) fn sequence_head(&mut self, sequence: &Sequence) -> Vec<Doc> {
        let mut parts: Vec<Doc> = vec!["sequence".into()];
        parts.extend(self.partition(&sequence.partition));
        parts.extend(sequence.within.map(|within| self.bound("within", within).into()));
        parts
    }

    /// A window with a single step stands on one line if it fits.
    pub(super) fn window(&mut self, window: &Window) -> Vec<Doc> {
        let mut parts = self.window_head(window);
        parts.push(" {".into());
        let mut steps = Vec::new();
        let widths = self.widths(window.steps.iter().map(Some));
        for (index, (step, width)) in window.steps.iter().zip(widths).enumerate() {
            steps.push(self.line(start(step.span), " ", role_of(index)));
            steps.push(self.step(step, width));
        }
        let close = self.line((window.span.end as usize).saturating_sub(1), " ", Role::Close);
        let body = vec![Doc::Nest(2, steps), close, "}".into()];
        let several = window.steps.len() > 1;
        parts.push(if several { Doc::Group(body, true) } else { Doc::group(body) });
        parts
    }

    pub(super) fn window_head(&mut self, window: &Window) -> Vec<Doc> {
        let mut parts: Vec<Doc> = vec!["window".into()];
        parts.extend(self.partition(&window.partition));
        parts.push(format!(" {}", self.shape(&window.shape)).into());
        parts
    }

    fn shape(&self, shape: &WindowShape) -> String {
        match shape {
            WindowShape::Sliding(length) => format!("over {}", self.duration(*length)),
            WindowShape::Count(count, _) => format!("over {count} events"),
            WindowShape::Hopping { over, every } => {
                format!("over {} every {}", self.duration(*over), self.duration(*every))
            }
            WindowShape::Session(gap) => format!("session {}", self.duration(*gap)),
            WindowShape::Tumbling { every, offset, zone } => {
                let offset = offset.map(|offset| self.bound("offset", offset)).unwrap_or_default();
                let zone = zone.as_ref().map(|zone| format!(" tz {}", self.string(zone))).unwrap_or_default();
                format!("every {}{offset}{zone}", self.duration(*every))
            }
        }
    }

    pub(super) fn partition(&mut self, partition: &Partition) -> Vec<Doc> {
        match partition {
            Partition::By(keys) => self.keys(keys),
            Partition::Global(_) => vec![" global".into()],
            Partition::Missing(_) => Vec::new(),
        }
    }

    /// ` by a, b`
    pub(super) fn keys(&mut self, keys: &[Expr]) -> Vec<Doc> {
        let mut parts = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            parts.push(if index == 0 { " by ".into() } else { ", ".into() });
            parts.push(self.expr(key));
        }
        parts
    }

    fn bound(&self, word: &str, length: DurationLit) -> String {
        format!(" {word} {}", self.duration(length))
    }

    pub(super) fn duration(&self, length: DurationLit) -> String {
        match self.source.slice(length.span) {
            Some(text) => text.to_owned(),
            None => length.value.to_string(),
        }
    }

    /// The lines of a block and the line that its closing bracket begins.
    fn block(&mut self, items: &[SequenceItem], whole: Span) -> Vec<Doc> {
        let widths = self.widths(items.iter().map(|item| match item {
            SequenceItem::Step(step) => Some(step),
            _ => None,
        }));
        let mut lines = Vec::new();
        for (index, (item, width)) in items.iter().zip(widths).enumerate() {
            lines.push(self.line(start(span(item)), "", role_of(index)));
            lines.extend(self.sequence_item(item, width));
        }
        let end = items.last().map_or(whole.start, |item| span(item).end);
        let close = self.line(self.source.next_token(end as usize), "", Role::Close);
        vec![Doc::Nest(2, lines), close]
    }

    fn sequence_item(&mut self, item: &SequenceItem, width: usize) -> Vec<Doc> {
        match item {
            SequenceItem::Step(step) => vec![self.step(step, width)],
            SequenceItem::Until { step, .. } => vec!["until ".into(), self.step(step, 0)],
            SequenceItem::Group { items, quantifier, until, span } => {
                let mut parts = vec!["(".into()];
                parts.extend(self.block(items, *span));
                let times = quantifier.map(Quantifier::text).unwrap_or_default();
                parts.push(format!("){times}").into());
                if let Some(until) = until {
                    let end = vec![" until ".into(), self.ending(until)];
                    parts.push(Doc::group(vec![Doc::Nest(4, end)]));
                }
                parts
            }
            SequenceItem::Either { branches, span } => {
                let mut parts: Vec<Doc> = vec!["either {".into()];
                for (index, branch) in branches.iter().enumerate() {
                    if index > 0 {
                        parts.push("} or {".into());
                    }
                    parts.extend(self.block(branch, *span));
                }
                parts.push("}".into());
                parts
            }
            SequenceItem::All { members, span } => self.members("all", members, *span),
            SequenceItem::Of { take, members, span, .. } => {
                self.members(&format!("{take} of"), members, *span)
            }
        }
    }

    fn members(&mut self, word: &str, members: &[SequenceItem], span: Span) -> Vec<Doc> {
        let mut parts: Vec<Doc> = vec![format!("{word} {{").into()];
        parts.extend(self.block(members, span));
        parts.push("}".into());
        parts
    }

    /// A step, its head filled up to `width`. Conditions that do not fit go on deeper.
    pub(super) fn step(&mut self, step: &Step, width: usize) -> Doc {
        let plain = plain_head(step);
        let mut parts: Vec<Doc> = vec![plain.clone().into()];
        parts.extend(step.by.as_ref().map(|keys| Doc::Nest(0, self.keys(keys))));
        let bounds = [("after", step.after), ("within", step.within)];
        parts.extend(bounds.into_iter().filter_map(|(word, length)| Some(self.bound(word, length?).into())));
        let fill = width.saturating_sub(plain.chars().count());
        parts.push(format!(":{} {}", " ".repeat(fill), self.types(step)).into());
        if let Some(filter) = &step.filter {
            parts.push(" where ".into());
            parts.extend(self.condition(filter));
        }
        if let Some(until) = &step.until {
            let before =
                step.filter.as_ref().map_or_else(|| self.types_end(step), |filter| filter.span.end as usize);
            parts.push(self.line(self.source.next_token(before), " ", Role::Continue));
            parts.push("until ".into());
            parts.push(self.ending(until));
        }
        Doc::group(vec![Doc::Nest(4, parts)])
    }

    /// The condition behind `until`. Before a step, a mode alone would be read as that of a step that cancels.
    fn ending(&mut self, until: &Expr) -> Doc {
        if matches!(until.kind, ExprKind::Path(_)) {
            self.quote = &["next", "any"];
        }
        self.expr(until)
    }

    fn types(&self, step: &Step) -> String {
        if step.types.is_empty() {
            return "*".to_owned();
        }
        let names: Vec<String> = step.types.iter().map(|name| self.type_name(name)).collect();
        names.join(" | ")
    }

    /// Where the types of a step end. `*` has no place of its own: it stands behind the colon behind the head.
    fn types_end(&self, step: &Step) -> usize {
        if let Some(last) = step.types.last() {
            return last.span.end as usize;
        }
        let keys = step.by.iter().flatten().map(|key| key.span.end);
        let bounds = step.after.iter().chain(&step.within).map(|length| length.span.end);
        let times = step.quantifier.iter().map(|quantifier| quantifier.span.end);
        let head = keys.chain(bounds).chain(times).max().unwrap_or(step.name.span.end);
        let colon = self.source.next_token(head as usize);
        self.source.next_token(colon + 1) + 1
    }

    /// How wide the head of each item is set: consecutive steps without keys and bounds share a column for their
    /// types; a blank line or anything else ends it.
    fn widths<'s>(&self, items: impl Iterator<Item = Option<&'s Step>>) -> Vec<usize> {
        let plain: Vec<Option<(usize, bool)>> = items
            .map(|step| {
                let step =
                    step.filter(|step| step.by.is_none() && step.after.is_none() && step.within.is_none())?;
                Some((plain_head(step).chars().count(), self.source.is_apart(start(step.span))))
            })
            .collect();
        columns(&plain)
    }
}

/// For each item of a table the width of its run; `None` ends a run, and so does one that is set apart.
pub(super) fn columns(items: &[Option<(usize, bool)>]) -> Vec<usize> {
    let mut widths = Vec::with_capacity(items.len());
    let runs = items.chunk_by(|left, right| left.is_some() && right.is_some_and(|(_, apart)| !apart));
    for run in runs {
        let widest = run.iter().flatten().map(|(width, _)| *width).max().unwrap_or_default();
        widths.extend(run.iter().map(|_| widest));
    }
    widths
}

/// `next a{2,}`
pub(super) fn plain_head(step: &Step) -> String {
    let mode = match step.mode {
        Some((Mode::Next, _)) => "next ",
        Some((Mode::Any, _)) => "any ",
        Some((Mode::Not, _)) => "not ",
        None => "",
    };
    // `div` behind an expression would be taken for its continuation.
    let name = match step.name.name.as_str() {
        word if word == "div" || STEP_WORDS.iter().any(|(reserved, _)| *reserved == word) => tick(word),
        name => quote_ident(name),
    };
    format!("{mode}{name}{}", step.quantifier.map(Quantifier::text).unwrap_or_default())
}

impl Quantifier {
    /// As it is written.
    pub fn text(self) -> String {
        let times = match (self.min, self.max) {
            (0, Some(1)) => "?".to_owned(),
            (0, None) => "*".to_owned(),
            (1, None) => "+".to_owned(),
            (min, None) => format!("{{{min},}}"),
            (min, Some(max)) if min == max => format!("{{{min}}}"),
            (min, Some(max)) => format!("{{{min},{max}}}"),
        };
        if self.reluctant { times + "?" } else { times }
    }
}

fn span(item: &SequenceItem) -> Span {
    match item {
        SequenceItem::Step(step) => step.span,
        SequenceItem::Group { span, .. }
        | SequenceItem::Either { span, .. }
        | SequenceItem::All { span, .. }
        | SequenceItem::Of { span, .. }
        | SequenceItem::Until { span, .. } => *span,
    }
}
