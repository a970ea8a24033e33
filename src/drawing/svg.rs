//! A drawing as SVG.

use std::fmt::{self, Write};

use super::place::{CHAR, DOT, LINE, PAD, Place, Way, place, text_size};
use super::{Arrow, Drawing, Frame, StepBox};

/// A drawing has so many arrows that nobody would see anything in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowded {
    /// How many it has.
    pub arrows: usize,
    /// How many there may be.
    pub limit: usize,
}

impl fmt::Display for Crowded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Crowded { arrows, limit } = self;
        write!(f, "the drawing has {arrows} arrows, more than the limit of {limit}")
    }
}

impl std::error::Error for Crowded {}

/// Around everything, and above the frames for their labels.
const MARGIN: f64 = 16.0;

const STYLE: &str = "\
text{font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#1f2933;white-space:pre}
.title{font-size:15px;font-weight:bold}
.head{font-weight:bold}
.caption,.guard{fill:#52606d}
.absence{fill:#b3261e}
.box{fill:#f0f4f8;stroke:#486581}
.frame{fill:none;stroke:#9aa5b1;stroke-dasharray:5 4}
.under{fill:#fff;fill-opacity:.85}
.arrow{fill:none;stroke:#486581;marker-end:url(#tip)}
.arrow.guarded{stroke:#b3261e}
.dot,#tip{fill:#486581}";

/// The drawing as SVG, placed from the top down. The same rule gives the same bytes.
pub fn svg(drawing: &Drawing) -> Result<String, Crowded> {
    let (arrows, limit) = (drawing.arrows.len(), drawing.limit);
    if arrows > limit {
        return Err(Crowded { arrows, limit });
    }
    let places = place(drawing);
    let above = (drawing.caption.len() + 1) as f64 * LINE + 2.0 * MARGIN;
    let caption = drawing.caption.iter().chain([&drawing.title]).map(|line| line.chars().count());
    let words = caption.max().unwrap_or_default() as f64 * CHAR * 1.3;
    let (width, height) = (places.width.max(words) + 2.0 * MARGIN, places.height + above + MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\">\n<style>{STYLE}</style>\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" \
         refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">\
         <path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    title(drawing, &mut out);
    let _ = writeln!(out, "<g transform=\"translate({MARGIN} {above})\">");
    drawing.arrows.iter().zip(&places.arrows).for_each(|(arrow, way)| line(arrow, way, &mut out));
    drawing.frames.iter().zip(&places.frames).for_each(|(frame, at)| outline(frame, *at, &mut out));
    let end = drawing.boxes.len() - 1;
    for (number, (step, at)) in drawing.boxes.iter().zip(&places.boxes).enumerate() {
        match number {
            0 => dot(*at, false, &mut out),
            _ if number == end => dot(*at, true, &mut out),
            _ => step_box(step, *at, &mut out),
        }
    }
    drawing.arrows.iter().zip(&places.arrows).for_each(|(arrow, way)| label(arrow, way.text, &mut out));
    out.push_str("</g>\n</svg>\n");
    Ok(out)
}

fn title(drawing: &Drawing, out: &mut String) {
    let y = MARGIN + LINE * 0.75;
    text(out, "title", (MARGIN, y), &drawing.title);
    for (line, number) in drawing.caption.iter().zip(1..) {
        text(out, "caption", (MARGIN, y + LINE * f64::from(number)), line);
    }
}

fn outline(frame: &Frame, at: Place, out: &mut String) {
    let (x, y) = (at.x - at.width / 2.0, at.y - at.height / 2.0);
    let _ = writeln!(
        out,
        "<rect class=\"frame\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"6\"/>",
        at.width, at.height
    );
    let (width, height) = text_size([&frame.label]);
    under(Place { x: x + PAD + width / 2.0, y: y + 4.0 + height / 2.0, width, height }, out);
    text(out, "caption", (x + PAD, y + LINE * 0.9), &frame.label);
}

/// A ground for text, so that no line runs through it.
fn under(at: Place, out: &mut String) {
    let (x, y) = (at.x - at.width / 2.0, at.y - at.height / 2.0);
    let _ = writeln!(
        out,
        "<rect class=\"under\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        at.width, at.height
    );
}

fn step_box(step: &StepBox, at: Place, out: &mut String) {
    let (x, y) = (at.x - at.width / 2.0, at.y - at.height / 2.0);
    let _ = writeln!(
        out,
        "<g><title>{}</title><rect class=\"box\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"8\"/>",
        escape(&step.whole),
        at.width,
        at.height
    );
    let y = y + PAD + LINE * 0.75;
    text(out, "head", (x + PAD, y), &step.head);
    for (line, number) in step.lines.iter().zip(1..) {
        text(out, "step", (x + PAD, y + LINE * f64::from(number)), line);
    }
    out.push_str("</g>\n");
}

/// The beginning, or with a ring the end.
fn dot(at: Place, ring: bool, out: &mut String) {
    let radius = if ring { DOT - 4.0 } else { DOT };
    let circle = |radius: f64, class| {
        format!("<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\"/>\n", at.x, at.y)
    };
    out.push_str(&circle(radius, "dot"));
    if ring {
        out.push_str(&circle(DOT, "box\" style=\"fill:none"));
    }
}

/// Through the middles between the points of its way, rounded at each.
fn line(arrow: &Arrow, way: &Way, out: &mut String) {
    let [first, inner @ .., last] = &way.points[..] else { return };
    let mut path = format!("M{:.1} {:.1}", first.0, first.1);
    for (at, next) in inner.iter().zip(inner.iter().skip(1).chain([last])) {
        let middle = if next == last { *last } else { ((at.0 + next.0) / 2.0, (at.1 + next.1) / 2.0) };
        let _ = write!(path, "Q{:.1} {:.1} {:.1} {:.1}", at.0, at.1, middle.0, middle.1);
    }
    if inner.is_empty() {
        let _ = write!(path, "L{:.1} {:.1}", last.0, last.1);
    }
    let class = if arrow.absences.is_empty() { "arrow" } else { "arrow guarded" };
    let _ = writeln!(out, "<path class=\"{class}\" d=\"{path}\"/>");
}

fn label(arrow: &Arrow, at: Place, out: &mut String) {
    if arrow.lines().next().is_none() {
        return;
    }
    under(at, out);
    let (x, y) = (at.x - at.width / 2.0, at.y - at.height / 2.0);
    let guards = arrow.guards.iter().map(|line| ("guard", line));
    let absences = arrow.absences.iter().map(|line| ("absence", line));
    for ((class, line), number) in guards.chain(absences).zip(0..) {
        text(out, class, (x, y + LINE * (f64::from(number) + 0.75)), line);
    }
}

fn text(out: &mut String, class: &str, (x, y): (f64, f64), text: &str) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(text));
}

/// Text between tags. XML has no way to write a control character, nor two others.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}
