//! The charts show the night, whatever was done weeks before or after it.

use anyhow::Context;
use roxmltree::Document;
use tests::on_every_engine;

use super::{figure, report_of, text, well_formed};
use crate::fixtures::{load_october, run_october, run_of};

on_every_engine! {
    async fn a_reissue_weeks_later_does_not_squeeze_the_night(world: &World) {
        load_october(world, 3).await?;
        run_october(world).await?.expect(0)?;
        // The night was three weeks ago; one document was settled just now.
        let three_weeks = 21 * 86_400_000_i64;
        world.execute(&format!(
            "UPDATE export_runs SET started_at = started_at - {three_weeks};
             UPDATE export_attempts SET started_at = started_at - {three_weeks}, ended_at = ended_at - {three_weeks};
             UPDATE export_documents SET settled_at = settled_at - {three_weeks} WHERE document_id <> '2026-10.trade.A001'"
        )).await?;
        let page = report_of(world, &[]).await?;
        let closed = well_formed(&page)?;
        let document = Document::parse(&closed)?;
        let whole = text(document.root_element());
        assert!(whole.contains("The stretch in which most were settled; 0 were before it, 1 after it."), "{whole}");
        let description = document.descendants().find(|node| node.has_tag_name("desc")).map(text).context("no chart")?;
        assert!(description.starts_with("5 published and 0 failed between"), "{description}");
        // The curve is as fine as that of the night alone: five documents of a process each were not settled at once.
        let curve = document.descendants().find(|node| node.has_tag_name("details")).context("no table")?;
        let steps = curve.descendants().filter(|node| node.has_tag_name("td")).count() / 3;
        assert!(steps > 1, "the night in {steps} step");
        // Of all, and what is of the stretch alone says so.
        assert!(figure(&document, "Took").is_err());
        let day = |name: &str| figure(&document, name).map(|instant| instant[..10].to_owned());
        assert_ne!(day("Last end")?, day("First start")?);
        let took = figure(&document, "Most of them took")?;
        assert!(!took.contains('d') && !took.contains('h'), "the night took {took}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_rehearsal_weeks_before_does_not_squeeze_the_night(world: &World) {
        load_october(world, 3).await?;
        run_of(world, ["--kind", "trade", "--account", "A001"]).run().await?.expect(0)?;
        let three_weeks = 21 * 86_400_000_i64;
        world.execute(&format!(
            "UPDATE export_runs SET started_at = started_at - {three_weeks}, ended_at = ended_at - {three_weeks};
             UPDATE export_documents SET settled_at = settled_at - {three_weeks}"
        )).await?;
        run_october(world).await?.expect(0)?;
        // It looked into its source for five minutes, until the first document was settled.
        let five_minutes = 300_000;
        world.execute(&format!(
            "UPDATE export_runs SET started_at = started_at - {five_minutes}
             WHERE run_id = (SELECT d.run_id FROM export_documents d WHERE d.document_id = '2026-10.trade.A002')"
        )).await?;
        let page = report_of(world, &[]).await?;
        let closed = well_formed(&page)?;
        let document = Document::parse(&closed)?;
        let whole = text(document.root_element());
        assert!(whole.contains("The stretch in which most were settled; 1 were before it, 0 after it."), "{whole}");
        let took = figure(&document, "Most of them took")?;
        assert!(took.starts_with("5 min "), "from its start on: {took}");
        Ok(())
    }
}
