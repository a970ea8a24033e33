//! A drawing in Graphviz's language.

use std::fmt::Write;

use super::{Arrow, Drawing, Frame, StepBox};

/// The drawing in Graphviz's language. The same rule gives the same text.
pub fn dot(drawing: &Drawing) -> String {
    let caption: Vec<&str> =
        [&drawing.title].into_iter().chain(&drawing.caption).map(String::as_str).collect();
    let mut out = format!("digraph {} {{\n", quote(&drawing.title));
    let _ = writeln!(out, "  label={}\n  labelloc=t\n  labeljust=l", left(&caption));
    out.push_str("  fontname=monospace\n  node [shape=box, style=rounded, fontname=monospace]\n");
    out.push_str("  edge [fontname=monospace]\n");
    let end = drawing.boxes.len() - 1;
    let _ =
        writeln!(out, "  0 [shape=point, width=0.15]\n  {end} [shape=doublecircle, label=\"\", width=0.15]");
    inside(drawing, None, 1, &mut out);
    for arrow in &drawing.arrows {
        let Arrow { from, to, guards, absences } = arrow;
        let lines: Vec<&str> = guards.iter().chain(absences).map(String::as_str).collect();
        let label = if lines.is_empty() { String::new() } else { format!(" [label={}]", left(&lines)) };
        let _ = writeln!(out, "  {from} -> {to}{label}");
    }
    out.push_str("}\n");
    out
}

/// The boxes that stand directly in a frame, and the frames in it.
fn inside(drawing: &Drawing, frame: Option<usize>, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for (number, StepBox { head, lines, .. }) in drawing.steps().filter(|(_, step)| step.frame == frame) {
        let lines: Vec<&str> = [head].into_iter().chain(lines).map(String::as_str).collect();
        let _ = writeln!(out, "{indent}{number} [label={}]", left(&lines));
    }
    for (number, Frame { label, .. }) in
        drawing.frames.iter().enumerate().filter(|(_, inner)| inner.inside == frame)
    {
        let _ = writeln!(out, "{indent}subgraph cluster_{number} {{\n{indent}  label={}", quote(label));
        inside(drawing, Some(number), depth + 1, out);
        let _ = writeln!(out, "{indent}}}");
    }
}

/// Lines that begin at the left.
fn left(lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("{}\\l", escape(line))).collect();
    format!("\"{lines}\"")
}

fn quote(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

/// Quotes and backslashes are escaped; a control character has no picture.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '"' => out.extend(['\\', c]),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}
