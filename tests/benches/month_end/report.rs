//! The figures as Markdown: printed, kept below `target/bench`, and, when the documents' own are made anew, put between the
//! markers that stand for them there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The project's directory.
const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Where the documents take figures from this benchmark: `<!-- bench:NAME -->` to `<!-- /bench:NAME -->`.
const DOCUMENTS: [&str; 2] = ["README.md", "docs/speed.md"];

/// Every block there is; each must stand in one document at least.
const BLOCKS: [&str; 8] = [
    "machine",
    "big",
    "big-beside",
    "small",
    "growth",
    "figures",
    "instructions",
    "enqueue",
];

/// Where figures go.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    into_documents: bool,
}

impl Report {
    /// Fails now rather than after half an hour when a document lacks a place for its figures.
    pub fn new(into_documents: bool) -> Result<Self> {
        std::fs::create_dir_all(kept(""))?;
        for name in BLOCKS {
            let mut texts = DOCUMENTS.iter().map(|document| {
                let path = Path::new(PROJECT).join(document);
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())
            });
            let found = texts.try_fold(false, |found, text| {
                anyhow::Ok(found || place(&text?, name)?.is_some())
            })?;
            ensure!(
                found || !into_documents,
                "no document has a place for the figures `<!-- bench:{name} -->`"
            );
        }
        Ok(Self { into_documents })
    }

    /// Tells a block of figures.
    pub fn tell(self, name: &str, markdown: &str) -> Result<()> {
        ensure!(BLOCKS.contains(&name), "{name} is no block of figures");
        let markdown = markdown.trim();
        println!("{markdown}\n");
        std::fs::write(kept(&format!("{name}.md")), format!("{markdown}\n"))?;
        if !self.into_documents {
            return Ok(());
        }
        for document in DOCUMENTS {
            let path = Path::new(PROJECT).join(document);
            let text = std::fs::read_to_string(&path)?;
            if let Some((from, to)) = place(&text, name)? {
                let text = format!("{}\n{markdown}\n\n{}", &text[..from], &text[to..]);
                std::fs::write(&path, text)?;
            }
        }
        Ok(())
    }

    /// Keeps a picture, for the documents when it is theirs.
    pub fn picture(self, name: &str, svg: &str) -> Result<()> {
        std::fs::write(kept(name), svg)?;
        if self.into_documents {
            std::fs::write(Path::new(PROJECT).join("docs").join(name), svg)?;
        }
        Ok(())
    }
}

/// A path below `target/bench`.
pub fn kept(name: &str) -> PathBuf {
    Path::new(PROJECT).join("target/bench").join(name)
}

/// Between the markers of a block: after the line of the first, before the second.
fn place(text: &str, name: &str) -> Result<Option<(usize, usize)>> {
    let (first, second) = (
        format!("<!-- bench:{name} -->\n"),
        format!("<!-- /bench:{name} -->"),
    );
    let Some(begin) = text.find(&first) else {
        return Ok(None);
    };
    let from = begin + first.len();
    let length = text[from..]
        .find(&second)
        .with_context(|| format!("`{}` is not closed by `{second}`", first.trim()))?;
    Ok(Some((from, from + length)))
}

/// A Markdown table.
pub struct Table {
    text: String,
}

impl Table {
    pub fn new(head: &[&str]) -> Self {
        let mut table = Self {
            text: String::new(),
        };
        table.row(head);
        table.text.push('|');
        table.text.push_str(&"---|".repeat(head.len()));
        table.text.push('\n');
        table
    }

    pub fn row<T: AsRef<str>>(&mut self, cells: &[T]) {
        for cell in cells {
            // An empty cell has one blank, as in the documents' other tables.
            self.text.push_str("| ");
            self.text.push_str(cell.as_ref());
            self.text
                .push_str(if cell.as_ref().is_empty() { "" } else { " " });
        }
        self.text.push('|');
        self.text.push('\n');
    }

    pub fn finish(self) -> String {
        self.text
    }
}

/// A number with so many decimals and its thousands set apart.
pub fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (position, digit) in whole.chars().enumerate() {
        let left = whole.len() - position;
        if position > 0 && left.is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}
