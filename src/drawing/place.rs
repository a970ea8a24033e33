//! A place for everything in a drawing, from the top down.

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, Point, layout};

use super::{Arrow, Drawing, StepBox};

/// The size of a character of the drawing's font, and of a line.
pub(super) const CHAR: f64 = 7.3;
pub(super) const LINE: f64 = 17.0;
/// Between the text of a box and its border.
pub(super) const PAD: f64 = 10.0;
/// The radius of the beginning and the end.
pub(super) const DOT: f64 = 8.0;

/// Where everything is.
pub(super) struct Places {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) boxes: Vec<Place>,
    pub(super) frames: Vec<Place>,
    pub(super) arrows: Vec<Way>,
}

/// A rectangle by its middle.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The way of an arrow, and the middle of its text.
#[derive(Default)]
pub(super) struct Way {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) text: Place,
}

pub(super) fn place(drawing: &Drawing) -> Places {
    let options = GraphOptions { directed: true, multigraph: true, compound: true };
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(options);
    for (number, frame) in drawing.frames.iter().enumerate() {
        graph.set_node(frame_id(number), Some(NodeLabel::default()));
        if let Some(outer) = frame.inside {
            graph.set_parent(&frame_id(number), Some(&frame_id(outer)));
        }
    }
    for (number, step) in drawing.boxes.iter().enumerate() {
        let (width, height) = size(step);
        graph.set_node(box_id(number), Some(NodeLabel { width, height, ..NodeLabel::default() }));
        if let Some(frame) = step.frame {
            graph.set_parent(&box_id(number), Some(&frame_id(frame)));
        }
    }
    for (number, arrow) in drawing.arrows.iter().enumerate() {
        let (width, height) = text_size(arrow.lines());
        let label = EdgeLabel {
            width,
            height,
            labelpos: dagre::layout::types::LabelPos::Center,
            ..EdgeLabel::default()
        };
        graph.set_edge(box_id(arrow.from), box_id(arrow.to), Some(label), Some(&number.to_string()));
    }
    let options = LayoutOptions { nodesep: 36.0, edgesep: 24.0, ranksep: 34.0, ..LayoutOptions::default() };
    layout(&mut graph, Some(options));
    read(drawing, &graph)
}

fn read(drawing: &Drawing, graph: &Graph<NodeLabel, EdgeLabel>) -> Places {
    let node = |id: String| {
        graph.node(&id).map_or(Place::default(), |node| Place {
            x: node.x.unwrap_or_default(),
            y: node.y.unwrap_or_default(),
            width: node.width,
            height: node.height,
        })
    };
    let way = |(number, arrow): (usize, &Arrow)| {
        let loops_at = (arrow.from == arrow.to).then(|| node(box_id(arrow.from)));
        let edge = graph.edge(&box_id(arrow.from), &box_id(arrow.to), Some(&number.to_string()));
        let Some(edge) = edge else { return Way::default() };
        let (x, y) = (edge.x.unwrap_or_default(), edge.y.unwrap_or_default());
        let text = Place { x, y, width: edge.width, height: edge.height };
        Way { points: loops_at.map_or_else(|| points_of(edge), |at| around(at, text)), text }
    };
    let boxes: Vec<Place> = (0..drawing.boxes.len()).map(|number| node(box_id(number))).collect();
    let frames: Vec<Place> = (0..drawing.frames.len()).map(|number| node(frame_id(number))).collect();
    let arrows: Vec<Way> = drawing.arrows.iter().enumerate().map(way).collect();
    let places = || boxes.iter().chain(&frames).copied().chain(arrows.iter().map(|way| way.text));
    let points = || arrows.iter().flat_map(|way| &way.points);
    let width = places().map(|p| p.x + p.width / 2.0).chain(points().map(|p| p.0)).fold(0.0, f64::max);
    let height = places().map(|p| p.y + p.height / 2.0).chain(points().map(|p| p.1)).fold(0.0, f64::max);
    Places { width, height, boxes, frames, arrows }
}

/// The way of a loop: out of the right side of its box and back, as far as its text.
fn around(step: Place, text: Place) -> Vec<(f64, f64)> {
    let (side, far, high) = (step.x + step.width / 2.0, text.x - text.width / 2.0 - 3.0, step.height / 4.0);
    let (top, bottom) = (step.y - high, step.y + high);
    vec![(side, top), (far, top), (far, step.y), (far, bottom), (side, bottom)]
}

fn points_of(edge: &EdgeLabel) -> Vec<(f64, f64)> {
    edge.points.iter().map(|Point { x, y }| (*x, *y)).collect()
}

fn box_id(number: usize) -> String {
    format!("box {number}")
}

fn frame_id(number: usize) -> String {
    format!("frame {number}")
}

fn size(step: &StepBox) -> (f64, f64) {
    if step.head.is_empty() {
        return (2.0 * DOT, 2.0 * DOT);
    }
    let (width, height) = text_size([&step.head].into_iter().chain(&step.lines));
    (width + 2.0 * PAD, height + 2.0 * PAD)
}

pub(super) fn text_size<'t>(lines: impl IntoIterator<Item = &'t String>) -> (f64, f64) {
    let (mut width, mut height) = (0.0f64, 0.0);
    for line in lines {
        width = width.max(line.chars().count() as f64 * CHAR);
        height += LINE;
    }
    (width, height)
}
