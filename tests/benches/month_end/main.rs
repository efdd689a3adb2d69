//! `make bench`: how fast everything is, each figure beside what it can be compared with in the same run. Prints Markdown;
//! `make bench-docs` puts it into the documents, too.

mod alone;
mod big;
mod converter;
mod enqueue;
mod figures;
mod growth;
mod instructions;
mod machine;
mod measure;
mod peers;
mod plot;
mod reading;
mod report;
mod same_cells;
mod settings;
mod small;
mod source;

use std::path::Path;

use anyhow::{Context, Result, bail};
use report::Report;
use settings::Sizes;

/// What can be measured by itself, in the order of the whole.
const PARTS: [&str; 6] = [
    "big",
    "small",
    "growth",
    "figures",
    "instructions",
    "enqueue",
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        // Cargo's own.
        .filter(|argument| *argument != "--bench")
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match arguments[..] {
        // The processes that are measured beside.
        ["--alone", documents, rows, directory] => {
            alone::write(documents.parse()?, rows.parse()?, Path::new(directory))
        }
        ["--read", url, rows] => runtime.block_on(reading::read(url, rows.parse()?)),
        ["--docs", ref parts @ ..] => runtime.block_on(bench(parts, true)),
        ref parts => runtime.block_on(bench(parts, false)),
    }
}

async fn bench(parts: &[&str], into_documents: bool) -> Result<()> {
    if let Some(unknown) = parts
        .iter()
        .find(|part| **part != "all" && !PARTS.contains(part))
    {
        bail!(
            "there is no part {unknown}: write {} or all",
            PARTS.join(", ")
        );
    }
    let sizes = Sizes::read()?;
    let report = Report::new(into_documents)?;
    report.tell("machine", &machine::describe().await?)?;
    for part in PARTS {
        if parts.is_empty() || parts.contains(&"all") || parts.contains(&part) {
            measure_part(part, report, sizes)
                .await
                .with_context(|| format!("measuring {part}"))?;
        }
    }
    Ok(())
}

async fn measure_part(part: &str, report: Report, sizes: Sizes) -> Result<()> {
    match part {
        "big" => big::measure(report, sizes).await,
        "small" => small::measure(report, sizes).await,
        "growth" => growth::measure(report, sizes).await,
        "figures" => figures::measure(report, sizes).await,
        "instructions" => instructions::measure(report).await,
        _ => enqueue::measure(report).await,
    }
}
