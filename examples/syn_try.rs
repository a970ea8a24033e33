use tripline::{FileId, Limits, syntax};
fn main() {
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&path).unwrap();
        let t = std::time::Instant::now();
        let (file, errors) = syntax::parse(FileId(0), &text, &Limits::default());
        println!(
            "{path}: {} items, {} comments, {} errors, {:?}",
            file.items.len(),
            file.comments.len(),
            errors.len(),
            t.elapsed()
        );
        if std::env::var("V").is_ok() {
            println!("{:#?}", file);
        }
        for e in errors.iter().take(12) {
            let at = e.span().start as usize;
            let line = text[..at].matches('\n').count() + 1;
            let col = at - text[..at].rfind('\n').map_or(0, |n| n + 1) + 1;
            println!(
                "  {} {line}:{col} {} [help: {}]",
                e.code.as_str(),
                e.message,
                e.help.as_deref().unwrap_or("-")
            );
        }
    }
}
