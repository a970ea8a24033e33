//! Small integer names for the parts of a rule set.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The largest number of these that one rule set may hold.
            pub const LIMIT: usize = u32::MAX as usize;

            /// The id with this index, or `None` from `LIMIT` on.
            pub fn new(index: usize) -> Option<Self> {
                u32::try_from(index).ok().filter(|&n| n != u32::MAX).map($name)
            }

            /// The index it was made from.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A rule of a plan.
    RuleId,
    /// A step of a rule: a place in its pattern.
    StepId,
    /// A name that events are bound to. Branches of one `either` may share one.
    SlotId,
    /// A group of a rule with a quantifier: the scope of a running iteration.
    GroupId,
    /// A field that a rule set reads: a column of a batch.
    FieldId,
}

impl StepId {
    /// The first of a rule.
    pub(crate) const FIRST: StepId = StepId(0);
}
