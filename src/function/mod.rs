//! The built-in functions of one value: names, signatures, what they do. One table; engines execute it.
//!
//! What speaks of bound events (`first`, `count`, `rising` …) is not here: those are forms of the language, not
//! functions of values, and the plan has nodes for them. An embedder may add functions of its own ([`Functions`]).

mod own;

use crate::event::FieldType;

pub use own::{Functions, Own};

/// What an argument or a result may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything.
    Any,
    /// Text.
    String,
    /// A whole number.
    Int,
    /// A whole number or a float.
    Number,
    /// A float.
    Float,
    /// A boolean.
    Bool,
    /// A time.
    Time,
    /// A duration.
    Duration,
    /// An address, or text that reads as one.
    Ip,
    /// A list.
    List,
    /// The common type of all arguments of this kind.
    Same,
}

impl Kind {
    /// The field type a result of this kind has, where it is one.
    pub fn field_type(self) -> FieldType {
        match self {
            Kind::String => FieldType::String,
            Kind::Int => FieldType::Int,
            Kind::Number | Kind::Float => FieldType::Float,
            Kind::Bool => FieldType::Bool,
            Kind::Time => FieldType::Time,
            Kind::Duration => FieldType::Duration,
            Kind::Ip => FieldType::Ip,
            Kind::Any | Kind::List | Kind::Same => FieldType::Any,
        }
    }
}

/// What a function takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The arguments that must be there.
    pub required: &'static [Kind],
    /// Those that may follow.
    pub optional: &'static [Kind],
    /// Whether any number more of the last kind may follow.
    pub variadic: bool,
    /// What it gives.
    pub result: Kind,
}

macro_rules! functions {
    ($($name:ident $text:literal ($($required:ident)*) [$($optional:ident)*] $variadic:literal -> $result:ident $doc:literal;)*) => {
        /// A built-in function.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Function { $(#[doc = $doc] $name,)* }

        impl Function {
            /// All of them.
            pub const ALL: &[Function] = &[$(Function::$name),*];

            /// Its name in the language.
            pub fn name(self) -> &'static str {
                match self { $(Function::$name => $text,)* }
            }

            /// What it takes and gives.
            pub fn signature(self) -> Signature {
                match self { $(Function::$name => Signature {
                    required: &[$(Kind::$required),*],
                    optional: &[$(Kind::$optional),*],
                    variadic: $variadic,
                    result: Kind::$result,
                },)* }
            }

            /// What it does, in a sentence.
            pub fn doc(self) -> &'static str {
                match self { $(Function::$name => $doc,)* }
            }
        }
    };
}

functions! {
    Lower "lower" (String) [] false -> String "The text in lower case.";
    Upper "upper" (String) [] false -> String "The text in upper case.";
    Trim "trim" (String) [] false -> String "The text without white space at its ends.";
    Len "len" (Any) [] false -> Int "The number of characters of a text or of items of a list.";
    Contains "contains" (Any Any) [] false -> Bool "Whether the text holds the other text, or the list the value.";
    StartsWith "starts_with" (String String) [] false -> Bool "Whether the text begins with the other.";
    EndsWith "ends_with" (String String) [] false -> Bool "Whether the text ends with the other.";
    Substr "substr" (String Int) [Int] false -> String "From the n-th character (from 1) on, at most as many as the third argument says.";
    Split "split" (String String) [] false -> List "The pieces between the separators.";
    Concat "concat" (Any) [Any] true -> String "All arguments as text, one behind the other.";
    Replace "replace" (String String String) [] false -> String "The text with each occurrence of the second argument replaced by the third.";
    Abs "abs" (Number) [] false -> Same "The number without its sign.";
    Round "round" (Number) [Int] false -> Same "Rounded half away from zero, to as many decimal places as the second argument says.";
    Floor "floor" (Number) [] false -> Int "The largest whole number not above it.";
    Ceil "ceil" (Number) [] false -> Int "The smallest whole number not below it.";
    Sqrt "sqrt" (Number) [] false -> Float "The square root.";
    Pow "pow" (Number Number) [] false -> Float "The first number to the power of the second.";
    Log "log" (Number) [Number] false -> Float "The natural logarithm, or that to the base of the second argument.";
    Min "min" (Same Same) [Same] true -> Same "The least of the arguments.";
    Max "max" (Same Same) [Same] true -> Same "The greatest of the arguments.";
    Int "int" (Any) [] false -> Int "As a whole number: a number cut towards zero, a text read, a boolean as 0 or 1.";
    Float "float" (Any) [] false -> Float "As a float.";
    String "string" (Any) [] false -> String "As text, the way alerts write it.";
    Bool "bool" (Any) [] false -> Bool "As a boolean: `true` and `false` as text, 0 and 1 as numbers.";
    Div "div" (Number Number) [] false -> Int "The quotient cut towards zero.";
    Mod "mod" (Number Number) [] false -> Same "What remains of the division, with the sign of the first argument.";
    Date "date" (Time) [String] false -> String "The calendar day, `2026-01-05`, in a time zone (UTC).";
    Hour "hour" (Time) [String] false -> Int "The hour of the day, 0 to 23, in a time zone (UTC).";
    Weekday "weekday" (Time) [String] false -> Int "The day of the week, 1 (Monday) to 7, in a time zone (UTC).";
    Day "day" (Time) [String] false -> Int "The day of the month, in a time zone (UTC).";
    Month "month" (Time) [String] false -> Int "The month, 1 to 12, in a time zone (UTC).";
    Year "year" (Time) [String] false -> Int "The year, in a time zone (UTC).";
    Elapsed "duration" (Time Time) [] false -> Duration "How long after the first time the second is; negative if it is before.";
    Age "age" (Time) [] false -> Duration "How long before the current event the time is; negative if it is after.";
    Cidr "cidr" (Ip String) [String] true -> Bool "Whether the address lies in one of the networks.";
    Ip "ip" (Ip) [] false -> Ip "As an address: text that is one.";
    DistanceKm "distance_km" (Number Number Number Number) [] false -> Float "The distance along the great circle between two places given by latitude and longitude in degrees.";
    Mask "mask" (Any) [] false -> String "The text with only its first and last two characters, `41***11`; `***` of fewer than eight.";
    Hash "hash" (Any) [] false -> String "The SHA-256 of the text, as 64 hexadecimal digits.";
}

impl Function {
    /// Whether the analysis writes it with others, so that no plan holds it.
    pub fn is_sugar(self) -> bool {
        self == Function::Age
    }

    /// The function of this name.
    pub fn by_name(name: &str) -> Option<Function> {
        Function::ALL.iter().copied().find(|f| f.name() == name)
    }
}
