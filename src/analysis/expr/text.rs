//! `like`, `ilike`, `matches`.

use crate::diagnostic::{Code, Diagnostic};
use crate::event::Value;
use crate::plan::{Expr, TextOp, TextPattern};
use crate::predicate::{Matcher, TextError};
use crate::span::Span;
use crate::syntax::ast::{self, BinaryOp, ExprKind, Literal};

use super::super::types::Type;
use super::{Cx, Typed, bare};

impl Cx<'_, '_> {
    pub(super) fn text_match(&mut self, op: BinaryOp, left: &ast::Expr, right: &ast::Expr) -> Typed {
        let (op, word) = match op {
            BinaryOp::Like => (TextOp::Like, "like"),
            BinaryOp::Ilike => (TextOp::Ilike, "ilike"),
            _ => (TextOp::Regex, "matches"),
        };
        let (text, pattern) = (self.lower(left), self.lower(right));
        let fits = text.ty.is_open() || text.ty == Type::String;
        if !fits {
            let message = format!("`{word}` wants a string on its left, and this is `{}`", text.ty);
            let finding = Diagnostic::new(Code::WrongType, left.span, message);
            self.report(finding.help("convert it with `string(…)`"));
        }
        let Some(pattern) = self.text_pattern(op, word, pattern, right) else { return Typed::error() };
        if !fits {
            return Typed::error();
        }
        Typed::new(Expr::Text(Box::new(text.expr), pattern), Type::Bool).missing_with(text.missing)
    }

    fn text_pattern(&mut self, op: TextOp, word: &str, typed: Typed, at: &ast::Expr) -> Option<TextPattern> {
        let text = match typed.expr {
            _ if typed.ty == Type::Error => return None,
            Expr::Const(Value::Str(text)) => text,
            Expr::Const(_) => {
                let message = format!("`{word}` wants a string on its right, and this is `{}`", typed.ty);
                self.report(Diagnostic::new(Code::WrongType, at.span, message));
                return None;
            }
            _ => {
                let message = format!("the pattern of `{word}` must be a constant");
                let finding = Diagnostic::new(Code::NotConstant, at.span, message);
                self.report(finding.help("write a string or the name of a parameter; `contains`, `starts_with` and `ends_with` take any text"));
                return None;
            }
        };
        if op != TextOp::Regex {
            self.percent(word, &text, at.span);
        }
        let pattern = TextPattern { op, pattern: text };
        if let Err(error) = Matcher::check(&pattern, self.limits) {
            let message = format!("this pattern does not compile: {error}");
            self.report(Diagnostic::new(Code::BadPattern, place(&error, at), message));
            return None;
        }
        Some(pattern)
    }
}

/// The place of the error within a literal that is written as it reads; else the whole.
fn place(error: &TextError, at: &ast::Expr) -> Span {
    let (Some(byte), ExprKind::Literal(Literal::Str(text))) = (error.at(), &bare(at).kind) else {
        return at.span;
    };
    let before = if text.raw { 2 } else { 1 };
    if (text.span.end - text.span.start) as usize != text.value.len() + before + 1 {
        return at.span;
    }
    let start = text.span.start as usize + before + byte;
    Span::new(text.span.file, start, start + 1)
}
