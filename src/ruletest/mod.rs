//! Rule tests: events with relative times in, expected alerts out, and the difference where there is one.
//!
//! text --`yaml`--> values --`read`--> [`Suite`] --`run`, `compare`--> [`Outcome`] --`report`--> text
//!
//! Nothing here opens a file: the caller brings the text of the tests and the compiled rules.

mod compare;
mod read;
mod report;
mod run;
mod suite;

pub use crate::yaml::Problem;
pub use compare::{Difference, FieldDifference};
pub use report::Report;
pub use run::{Outcome, run};
pub use suite::{BASE, Expected, Suite, Test};
