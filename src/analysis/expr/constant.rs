//! Constant texts that functions take for something: networks, time zones, addresses.

use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic};
use crate::function::Function;
use crate::span::Span;
use crate::time::Zone;

use super::super::report::suggest;

/// What is wrong with a constant text as the argument at this place.
pub(super) fn check(function: Function, at: usize, text: &str, span: Span) -> Option<Diagnostic> {
    let wrong = |message: String| Diagnostic::new(Code::WrongArguments, span, message);
    match (function, at) {
        (Function::Cidr, 1..) if !is_network(text) => {
            let finding = Diagnostic::new(Code::BadPattern, span, format!("`{text}` is no network"));
            Some(finding.help("write an address and the length of its prefix: `10.0.0.0/8`"))
        }
        (Function::Ip, _) if text.trim().parse::<IpAddr>().is_err() => {
            Some(wrong(format!("`{text}` is no address")).help("write one as `10.0.0.7` or `2001:db8::1`"))
        }
        (Function::Date | Function::Hour | Function::Weekday, 1)
        | (Function::Day | Function::Month | Function::Year, 1)
            if Zone::parse(text).is_none() =>
        {
            let finding = wrong(format!("`{text}` is no time zone"))
                .help("write a name as `Europe/Berlin` or `UTC`, or an offset as `+02:00`");
            Some(suggest(finding, text, Zone::names()))
        }
        _ => None,
    }
}

fn is_network(text: &str) -> bool {
    let (address, length) = text.split_once('/').unwrap_or((text, "0"));
    let bits = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= bits)
}
