//! The registry of codes. A code never changes its meaning; a retired one is not used again.

/// Whether a finding stops compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look; the rule runs.
    Warning,
    /// The rule set does not run.
    Error,
}

macro_rules! codes {
    ($($name:ident $code:literal $severity:ident $title:literal;)*) => {
        /// The kind of a finding: `E…` an error, `L…` a lint.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $title] $name,)* }

        impl Code {
            /// All of them, in the order of the manual.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The stable text, `E0101`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// What it stands for, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// Whether it stops compilation.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }
        }
    };
}

// E00 text and syntax, E01 names, E02 clauses, E03 types and expressions, E04 patterns, E05 files, L lints.
codes! {
    Syntax "E0001" Error "the text does not follow the grammar";
    TooLarge "E0002" Error "a limit on rule files is exceeded";
    BadLiteral "E0003" Error "a literal that cannot be read";
    NotUtf8 "E0004" Error "a rule file that is not UTF-8";
    ChainedComparison "E0005" Error "comparisons cannot be chained";

    DuplicateName "E0101" Error "a name is declared twice";
    UnknownName "E0102" Error "a name that nothing declares";
    UnknownType "E0103" Error "a field type that does not exist";
    UnknownField "E0104" Error "a field that the schema does not have";
    UnknownFunction "E0105" Error "a function that does not exist";
    StepOutOfReach "E0106" Error "a step that cannot be bound at this place";
    UnknownParam "E0107" Error "a parameter that no rule file declares";

    UnknownClause "E0201" Error "a clause that does not exist";
    DuplicateClause "E0202" Error "a clause that stands twice";
    MissingClause "E0203" Error "a clause that must be there";
    NoEffect "E0204" Error "a clause that has no effect";
    BadValue "E0205" Error "a clause with a value it cannot take";
    Conflict "E0206" Error "clauses that exclude each other";

    WrongType "E0301" Error "an expression of the wrong type";
    WrongArguments "E0302" Error "a function called with the wrong arguments";
    NeedsAggregate "E0303" Error "a repeated step used as if it were one event";
    BadPattern "E0304" Error "a text pattern that does not compile";
    NotConstant "E0305" Error "an expression that must be constant";
    Misplaced "E0306" Error "an expression that cannot stand at this place";

    MissingKey "E0401" Error "a stateful rule with neither `by` nor `global`";
    EmptyMatch "E0402" Error "a pattern that can match nothing at all";
    BadAbsence "E0403" Error "an absence that cannot be judged";
    BadQuantifier "E0404" Error "a quantifier that cannot hold";
    BadKey "E0405" Error "keys that do not fit together";
    BadPolicy "E0406" Error "a `matches` policy that this pattern cannot have";
    NeedsWithin "E0407" Error "a rule that needs a time bound";
    BadBlock "E0408" Error "a block with members it cannot have";
    BadMode "E0409" Error "a mode that cannot stand here";
    Circle "E0410" Error "rules that look at each other's alerts in a circle";

    NoFile "E0501" Error "a list or table whose file cannot be read";
    BadFile "E0502" Error "a file that holds no list or table";

    NotMissing "L0001" Warning "`not` over a field that may be missing";
    UnusedParam "L0002" Warning "a parameter that no rule uses";
    NullComparison "L0003" Warning "a comparison with `null`, which is never true";
    Misspelt "L0004" Warning "an event type without a schema that looks like one with";
    MisspeltStep "L0005" Warning "a field that looks like a misspelt step";
    LooseDefault "L0006" Warning "`??` with arithmetic for a default";
    FirstIteration "L0007" Warning "a loop's condition that its first iteration cannot meet";
    DateArithmetic "L0008" Warning "a subtraction that reads as a date";
    EmptyRange "L0009" Warning "a range that holds nothing";
    PercentWildcard "L0010" Warning "`like` with `%`, which stands for itself";
    LoneType "L0011" Warning "`emit` with a type and no field";
    NeverBinds "L0012" Warning "a step at the end that never binds anything";
    UnseenAlerts "L0013" Warning "a step over alerts that no rule sees";
    NeverSaid "L0014" Warning "a field that no alert of the type has";
    NeverTrue "L0015" Warning "conditions that are never true at once";
    NeverInTime "L0016" Warning "a `within` that is shorter than the gaps of the steps";
    NeverAllowed "L0017" Warning "a step that takes only what the absence before it forbids";
    UnboundedChoice "L0018" Warning "an `any` step that nothing bounds";
    Unbounded "L0019" Warning "partial matches that are kept for ever";
    ExpensiveStart "L0020" Warning "a first step that searches every event of the stream for text";
    Subsumed "L0021" Warning "a rule that says nothing that another does not say";
    NeverTaken "L0022" Warning "a branch at the end that an earlier one always comes before";
    GlobalKey "L0023" Warning "a `global` rule whose steps ask for one and the same key";
}
