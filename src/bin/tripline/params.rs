//! What every sub-command that compiles rules takes: `--param name=value`, `--allow-read FOLDER`.

use std::path::PathBuf;

/// Values of parameters, and where lists and tables may lie.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Params {
    /// Set a parameter of the rules; repeat for several
    #[arg(long = "param", short = 'p', value_name = "NAME=VALUE", value_parser = split)]
    pub(crate) params: Vec<(String, String)>,

    /// Let lists and tables be read from beneath this folder too, not only from beneath that of the rules; repeat for
    /// several
    #[arg(long, value_name = "FOLDER")]
    pub(crate) allow_read: Vec<PathBuf>,
}

fn split(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, as in `limit=500`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_value_may_hold_anything() {
        assert_eq!(split("limit=500"), Ok(("limit".into(), "500".into())));
        assert_eq!(split("q=a=b "), Ok(("q".into(), "a=b ".into())));
        assert_eq!(split("empty="), Ok(("empty".into(), String::new())));
        assert!(split("limit").is_err() && split("=5").is_err());
    }
}
