//! As much of Markdown as the pages use: fenced blocks, tables, headings, links.

/// One page.
#[derive(Debug)]
pub struct Page {
    /// Its path in the project.
    pub path: String,
    /// What is in it, in order, prose aside.
    pub parts: Vec<Part>,
    /// Its headings as anchors.
    pub anchors: Vec<String>,
    /// Its links, with their lines.
    pub links: Vec<(usize, String)>,
}

/// A part of a page.
#[derive(Clone, Debug)]
pub enum Part {
    /// A fenced block.
    Block(Block),
    /// A table.
    Table(Table),
}

/// A fenced block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The line of its fence.
    pub line: usize,
    /// The first word of its fence.
    pub kind: String,
    /// The words behind it: a name, and the value behind `=`.
    pub words: Vec<(String, String)>,
    /// What stands in it.
    pub text: String,
}

impl Block {
    /// The value of a word of the fence.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.words.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// A table, its cells without their padding.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The line of its head.
    pub line: usize,
    /// The names of its columns.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

impl Page {
    /// Takes a page apart.
    pub fn parse(path: &str, text: &str) -> Page {
        let mut page = Page { path: path.into(), parts: Vec::new(), anchors: Vec::new(), links: Vec::new() };
        let mut open: Option<Block> = None;
        let mut table: Option<Table> = None;
        for (line, text) in (1..).zip(text.lines()) {
            if let Some(mut block) = open.take() {
                if text.trim_end() == "```" {
                    page.parts.push(Part::Block(block));
                } else {
                    block.text.push_str(text);
                    block.text.push('\n');
                    open = Some(block);
                }
                continue;
            }
            if let Some(fence) = text.strip_prefix("```") {
                open = Some(fenced(line, fence));
            } else if text.starts_with('|') {
                add_row(table.get_or_insert_with(|| Table { line, ..Table::default() }), text);
                page.links.extend(links(text).map(|link| (line, link)));
                continue;
            } else if let Some(heading) = text.strip_prefix('#') {
                page.anchors.push(anchor(heading.trim_start_matches('#')));
            }
            page.links.extend(links(text).map(|link| (line, link)));
            page.parts.extend(table.take().map(Part::Table));
        }
        assert!(open.is_none(), "{path}: a block is not closed");
        page.parts.extend(table.map(Part::Table));
        page
    }

    /// Where a line is.
    pub fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }

    /// The tables with this head.
    pub fn tables<'a>(&'a self, head: &'a [&'a str]) -> impl Iterator<Item = &'a Table> {
        self.parts.iter().filter_map(move |part| match part {
            Part::Table(table) if table.head == head => Some(table),
            _ => None,
        })
    }
}

fn fenced(line: usize, fence: &str) -> Block {
    let mut words = fence.split_whitespace().map(str::to_owned);
    let kind = words.next().unwrap_or_default();
    let words = words.map(|word| match word.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (word, String::new()),
    });
    Block { line, kind, words: words.collect(), text: String::new() }
}

/// `\|` within a cell is a bar.
fn add_row(table: &mut Table, text: &str) {
    let text = text.trim().trim_start_matches('|').replace("\\|", "\u{1}");
    let text = text.strip_suffix('|').unwrap_or(&text);
    let cells: Vec<String> = text.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect();
    if table.head.is_empty() {
        table.head = cells;
    } else if !cells.iter().all(|cell| cell.chars().all(|c| c == '-' || c == ':')) {
        table.rows.push(cells);
    }
}

/// The text of a cell that is code.
pub fn code(cell: &str) -> &str {
    let ticks = cell.len() - cell.trim_start_matches('`').len();
    cell.trim_matches('`')
        .strip_prefix(' ')
        .filter(|_| ticks > 1)
        .map_or(cell.trim_matches('`'), str::trim_end)
}

/// A heading as links name it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The targets of the links of a line that stand in no code.
fn links(text: &str) -> impl Iterator<Item = String> {
    let outside: String = text.split('`').step_by(2).collect::<Vec<_>>().join("code");
    let targets: Vec<String> =
        outside.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect();
    targets.into_iter()
}
