//! Rows come from the database as one text each: what stands between its fields, or for a null, may be in the data, too.

use std::fmt::Write as _;

use anyhow::ensure;
use jiff::civil::date;
use tests::{Audit, Source, on_every_engine};

use crate::fixtures::{Books, run_october};

/// Texts that are told from a null and from two texts only when their row is read by columns.
const AMBIGUOUS: [&str; 4] = ["\u{1E}", "\u{1F}", "名\u{1F}\u{1E}\u{1F}前", "\u{1F}\u{1E}"];

on_every_engine! {
    async fn a_text_like_a_separator_or_a_null_is_shown_as_it_is(world: &World) {
        let mut books = Books::empty();
        writeln!(books.accounts, "A1,1,山田 太郎,ja,JPY,1,2020-01-01")?;
        books.snapshot("A1", "2026-09-30", 100, 10_000)?;
        for n in 0..8 {
            books.buy("A1", &format!("S{n}"), "2026-10-06", "2026-10-08")?;
        }
        books.snapshot("A1", "2026-10-31", 900, 2000)?;
        books.load(world).await?;
        for (n, text) in AMBIGUOUS.iter().enumerate() {
            world
                .execute(&format!(
                    "UPDATE statement_trades SET security_name = '{text}', market = '{text}' WHERE trade_id = 'S{}'",
                    2 * n + 1
                ))
                .await?;
        }
        let run = run_october(world).await?;
        let failures = world
            .texts("SELECT document_id, error FROM export_documents WHERE state <> 'succeeded'")
            .await?;
        ensure!(run.code == Some(0), "{failures:?}");
        let source = Source::read(world).await?;
        let audit = Audit {
            world,
            source: &source,
            period: "2026-10",
            issued_on: date(2026, 11, 2),
            failing: &[],
        };
        let audited = audit.run().await?;
        ensure!(audited.documents == 2, "{audited:?}");
        Ok(())
    }
}
