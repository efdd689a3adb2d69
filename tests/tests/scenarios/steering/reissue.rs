//! `reissue`: a corrected revision beside the one that was issued, which never changes and is superseded only by a published one.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::{Workbook, World, on_every_engine, part};

use super::{
    actions, came_to, expect_adds_up, expect_stands, expect_untouched, in_states, kept,
    mend_trades, spoil_trades, steer, whole_ledger,
};
use crate::fixtures::{
    Books, PERIOD, count, document, expect_ledger_agrees_with_store, expect_one_line, load_october,
    run_october,
};

const R1: &str = "2026-10.trade.A001";
const R2: &str = "2026-10.trade.A001.r2";
const R3: &str = "2026-10.trade.A001.r3";
const NOTE: &str = "約定単価を訂正いたしました";

/// The key below which a revision is published.
fn key(id: &str) -> String {
    format!("2026-10/trade/A001/{id}.xlsx")
}

/// The published file of a revision.
fn file(world: &World, id: &str) -> Result<tests::Published> {
    let published = world.published()?;
    let found = published.into_iter().find(|file| file.key == key(id));
    found.with_context(|| format!("{id} is not published"))
}

/// Demands a link's refusal as bad data.
async fn expect_no_link(world: &World, id: &str, words: &[&str]) -> Result<()> {
    expect_one_line(world.enqueuer(["link", id]).run().await?, 65, words)
}

/// Every text of the workbook that a reader could come by.
fn all_texts(world: &World, id: &str) -> Result<String> {
    let path = file(world, id)?.path;
    let mut texts = format!("{:?}", Workbook::read(&path)?.custom_properties);
    let package = zip::ZipArchive::new(std::fs::File::open(&path)?)?;
    for name in package.file_names() {
        let name = name?;
        if name.ends_with("xml") {
            texts.push_str(&part(&path, &name)?);
        }
    }
    Ok(texts)
}

on_every_engine! {
    async fn the_next_revision_stands_beside_the_first(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        let first = file(world, R1)?;
        let answer = steer(world, "reissue", [R1, "--customer-note", NOTE]).run().await?.expect(0)?.json()?;
        assert_eq!(came_to(&answer)?, [1, 1, 0], "{answer}");

        assert_eq!(file(world, R1)?, first, "what was issued never changes");
        assert_eq!(world.published()?.len(), 5);
        let made = document(world, R2).await?;
        assert_eq!((&made["revision"], &made["state"], &made["object_key"]), (&json!(2), &json!("succeeded"), &json!(key(R2))));
        assert_eq!(made["sha256"], file(world, R2)?.sha256);
        expect_stands(world, R1, "superseded", None).await?;
        assert_eq!(kept(world, R2, "issued_on").await?, "2026-11-05");
        assert_eq!(kept(world, R1, "issued_on").await?, "2026-11-02");
        assert_eq!(actions(world).await?, [format!("{R2} reissue looked at by the back office")]);

        let workbook = Workbook::read(&file(world, R2)?.path)?;
        for words in ["訂正版（第2版、", "第1版を差替え", NOTE] {
            assert!(workbook.sheets[0].says(words), "{words}: {:?}", workbook.sheets[0].cells);
        }
        assert!(workbook.sheets[0].says(R2), "the document's number");
        let texts = all_texts(world, R2)?;
        assert!(texts.contains(NOTE) && !texts.contains("back office"), "the reason is no business of the customer's");

        expect_no_link(world, R1, &["is superseded", &format!("link {R2}")]).await?;
        world.enqueuer(["link", R2]).run().await?.expect(0)?;
        let trade = json!({"accounts": 2, "due": 2, "succeeded": 2, "failed": 0, "open": 0, "excused": 0, "nothing_to_report": 0});
        expect_adds_up(world, "trade", &trade).await?;
        expect_ledger_agrees_with_store(world).await?;

        // The month's next run finds nothing of it due.
        assert_eq!(run_october(world).await?.expect(0)?.json()?["due"], 0);
        Ok(())
    }
}

on_every_engine! {
    async fn the_old_one_stands_until_the_new_one_succeeds(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        spoil_trades(world, &["A001"]).await?;
        let answer = steer(world, "reissue", [R1, "--customer-note", NOTE]).run().await?.expect(1)?.json()?;
        assert_eq!(came_to(&answer)?, [1, 0, 1], "{answer}");
        expect_stands(world, R1, "succeeded", None).await?;
        expect_stands(world, R2, "failed", Some("identity")).await?;
        world.enqueuer(["link", R1]).run().await?.expect(0)?;

        let before = whole_ledger(world).await?;
        expect_one_line(steer(world, "reissue", [R1]).run().await?, 78, &[R1, "later revision under way"])?;
        expect_untouched(world, &before, "a second reissue").await?;

        mend_trades(world).await?;
        steer(world, "resubmit", [R2]).run().await?.expect(0)?;
        expect_stands(world, R1, "superseded", None).await?;
        expect_stands(world, R2, "succeeded", None).await?;
        assert!(Workbook::read(&file(world, R2)?.path)?.sheets[0].says(NOTE), "the note is kept for the next try");
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn only_what_is_published_is_reissued(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        for state in ["due", "submitted", "running", "failed", "excused", "superseded"] {
            world.execute(&format!("UPDATE export_documents SET state = '{state}' WHERE document_id = '{R1}'")).await?;
            let before = whole_ledger(world).await?;
            expect_one_line(
                steer(world, "reissue", [R1]).run().await?, 78, &[&format!("{R1} is {state}"), "nothing to reissue"],
            )?;
            expect_untouched(world, &before, state).await?;
        }
        expect_one_line(steer(world, "reissue", ["2026-10.trade.A009"]).run().await?, 78, &["knows no document"])?;
        Ok(())
    }
}

on_every_engine! {
    async fn periods_are_reissued_one_at_a_time(world: &World) {
        Books::of(["A001"], &["2026-09", "2026-10"])?.load(world).await?;
        for period in ["2026-09", PERIOD] {
            world.enqueuer(["run", "--period", period]).run().await?.expect(0)?;
        }
        let before = whole_ledger(world).await?;
        expect_one_line(
            steer(world, "reissue", [R1, "2026-09.trade.A001"]).run().await?, 78, &["different periods"],
        )?;
        expect_untouched(world, &before, "a reissue of two periods").await
    }
}

on_every_engine! {
    async fn two_at_the_same_instant_make_one_revision(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let reissue = || steer(world, "reissue", [R1]).run();
        let (one, other) = tokio::join!(reissue(), reissue());
        let codes = [one?.code, other?.code];
        // Whoever came later finds the revision there: recorded meanwhile, under way or published.
        assert!(codes.contains(&Some(0)), "{codes:?}");
        assert!(codes.iter().all(|code| matches!(code, Some(0 | 78))), "{codes:?}");
        assert_eq!(count(world, "SELECT count(*) FROM export_documents WHERE kind = 'trade'").await?, 2);
        assert_eq!(actions(world).await?.len(), 1);
        expect_stands(world, R1, "superseded", None).await?;
        expect_stands(world, R2, "succeeded", None).await?;
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn a_third_revision_follows_the_second(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        steer(world, "reissue", [R1, "--customer-note", NOTE]).run().await?.expect(0)?;
        expect_one_line(steer(world, "reissue", [R1]).run().await?, 78, &["is superseded: reissue its latest revision"])?;
        steer(world, "reissue", [R2]).run().await?.expect(0)?;
        for (id, state) in [(R1, "superseded"), (R2, "superseded"), (R3, "succeeded")] {
            expect_stands(world, id, state, None).await?;
            file(world, id)?;
        }
        let sheet = &Workbook::read(&file(world, R3)?.path)?.sheets[0];
        assert!(sheet.says("訂正版（第3版、") && sheet.says("第2版を差替え"), "{:?}", sheet.cells);
        assert!(!sheet.says(NOTE), "that was the second one's");
        expect_no_link(world, R2, &["is superseded", &format!("link {R3}")]).await?;
        assert_eq!(in_states(world, ["succeeded", "superseded"]).await?, [2, 2]);
        expect_ledger_agrees_with_store(world).await
    }
}

on_every_engine! {
    async fn consent_that_was_withdrawn_meanwhile_makes_it_paper(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        world.execute("UPDATE statement_accounts SET electronic_delivery = 0 WHERE account_id = 'A001'").await?;
        steer(world, "reissue", [R1, "2026-10.trade.A002"]).run().await?.expect(0)?;
        assert_eq!(kept(world, R1, "delivery").await?, "electronic");
        assert_eq!(kept(world, R2, "delivery").await?, "paper");
        assert_eq!(kept(world, "2026-10.trade.A002.r2", "delivery").await?, "electronic");
        expect_no_link(world, R2, &["made for paper"]).await
    }
}

on_every_engine! {
    async fn a_note_that_says_nothing_is_refused(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let before = whole_ledger(world).await?;
        let refused = steer(world, "reissue", [R1, "--customer-note", " "]).run().await?.expect(78)?;
        ensure!(refused.stderr.contains("--customer-note"), "{}", refused.stderr);
        expect_untouched(world, &before, "an empty note").await
    }
}
