//! The nodes of a compiled expression.

use std::sync::Arc;

use crate::data::{List, Table};
use crate::event::Value;
use crate::function::{Function, Own};
use crate::id::StepId;
use crate::plan::{Aggregate, Binary, Compare, Pick, SlotRef};

use super::members::Members;
use super::read::Read;
use super::text::Matcher;

/// An expression that gives a value. The forms are those of `plan::Expr`.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Const(Value),
    Field(Read),
    Bound {
        slot: SlotRef,
        pick: Pick,
        read: Read,
    },
    Lag {
        step: StepId,
        read: Read,
    },
    Now,
    TimeOf {
        slot: SlotRef,
        pick: Pick,
    },
    Count(SlotRef),
    /// A list that it makes has at most so many bytes.
    Aggregate {
        function: Aggregate,
        slot: SlotRef,
        arg: Box<Node>,
        most: usize,
        /// The gauge that tells it, where there are some.
        gauge: Option<usize>,
    },
    Test(Box<Test>),
    Neg(Box<Node>),
    Binary(Binary, Box<[Node; 2]>),
    Coalesce(Box<[Node; 2]>),
    If(Box<[Node; 3]>),
    /// Of at most so many bytes.
    List(Box<[Node]>, usize),
    /// A text or list that it makes has at most so many bytes.
    Call(Function, Box<[Node]>, usize),
    Own(Arc<Own>, Box<[Node]>, usize),
    Lookup {
        table: Arc<Table>,
        key: Box<Node>,
        column: usize,
    },
}

/// An expression that is true, false or unknown, which is found out without making a value of it.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Has(Node),
    Not(Node),
    /// `and`, of any number.
    All(Box<[Node]>),
    /// `or`, of any number.
    Any(Box<[Node]>),
    Compare(Compare, Node, Node),
    /// The most frequent comparison by far: a field of the current event with a constant.
    Against(Compare, Read, Value),
    /// `distinct(…)` of at least so many, which too few bound events cannot be.
    Several {
        slot: SlotRef,
        arg: Box<Node>,
        least: u64,
    },
    Member(Node, Members),
    Items(Node, Box<[Node]>),
    Listed(Node, Node),
    InFile(Node, Arc<List>),
    Range {
        value: Node,
        low: Node,
        high: Node,
        inclusive: bool,
    },
    Text(Node, Matcher),
    Trend {
        slot: SlotRef,
        falling: bool,
        value: Node,
    },
}

impl From<Test> for Node {
    fn from(test: Test) -> Self {
        Node::Test(Box::new(test))
    }
}
