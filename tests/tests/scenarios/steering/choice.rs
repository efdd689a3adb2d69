//! Whom operators mean, why, and whether they mean it: nothing changes otherwise.

use anyhow::Result;
use tests::{Engine, World, on_every_engine};

use super::{
    came_to, expect_stands, expect_untouched, kept, mend_trades, spoil_all_trades, spoil_trades,
    steer, whole_ledger,
};
use crate::fixtures::{count, expect_one_line, load_october, run_october, run_of};
use crate::terminal::answered_on_a_terminal;

const A1: &str = "2026-10.trade.A001";
const A2: &str = "2026-10.trade.A002";

on_every_engine! {
    async fn what_succeeded_or_is_open_is_not_resubmitted(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        for (state, words) in [
            ("succeeded", "never touched; `enqueuer reissue`"),
            ("superseded", "is superseded"),
            ("due", "is due already"),
            ("submitted", "is submitted"),
            ("running", "is running"),
        ] {
            world.execute(&format!("UPDATE export_documents SET state = '{state}' WHERE document_id = '{A1}'")).await?;
            let before = whole_ledger(world).await?;
            expect_one_line(steer(world, "resubmit", [A1]).run().await?, 78, &[A1, words, "nothing to resubmit"])?;
            expect_untouched(world, &before, state).await?;
        }
        let before = whole_ledger(world).await?;
        expect_one_line(
            steer(world, "resubmit", ["2026-10.trade.A009"]).run().await?, 78, &["knows no document 2026-10.trade.A009"],
        )?;
        expect_untouched(world, &before, "a document that nobody knows").await
    }
}

on_every_engine! {
    async fn beside_one_that_failed_the_others_are_left_alone(world: &World) {
        load_october(world, 2).await?;
        spoil_trades(world, &["A001"]).await?;
        run_october(world).await?.expect(1)?;
        mend_trades(world).await?;
        let answer = steer(world, "resubmit", [A2, A1, A1]).run().await?.expect(0)?;
        assert!(answer.stderr.contains(&format!("left alone: {A2} is succeeded")), "{}", answer.stderr);
        assert_eq!(came_to(&answer.json()?)?, [1, 1, 0]);
        assert_eq!(kept(world, A2, "issued_on").await?, "2026-11-02");
        Ok(())
    }
}

on_every_engine! {
    async fn nothing_is_done_without_a_reason(world: &World) {
        load_october(world, 2).await?;
        spoil_trades(world, &["A001"]).await?;
        run_october(world).await?.expect(1)?;
        let before = whole_ledger(world).await?;
        for command in [["resubmit", A1], ["reissue", A2], ["excuse", A1]] {
            let without = world.enqueuer(command).run().await?.expect(78)?;
            assert!(without.stderr.contains("--reason"), "{}", without.stderr);
            for reason in ["", " \t"] {
                let empty = world.enqueuer(command).arg("--reason").arg(reason).run().await?.expect(78)?;
                assert!(empty.stderr.contains("--reason"), "{}", empty.stderr);
            }
        }
        expect_untouched(world, &before, "a command without a reason").await
    }
}

on_every_engine! {
    async fn a_dry_run_tells_and_changes_nothing(world: &World) {
        load_october(world, 3).await?;
        spoil_trades(world, &["A001"]).await?;
        run_october(world).await?.expect(1)?;
        mend_trades(world).await?;
        let before = whole_ledger(world).await?;
        for (command, chosen, told) in [
            ("resubmit", A1, A1), ("resubmit", "--failed", A1), ("reissue", A2, A2), ("excuse", A1, A1), ("excuse", "--failed", A1),
        ] {
            let words = world.enqueuer([command, chosen, "--reason", "x", "--dry-run"]).run().await?.expect(0)?;
            assert!(words.stderr.contains(&format!("{command} 1 document:\n  {told}")), "{}", words.stderr);
            assert_eq!(words.stdout, "Dry run: nothing was changed.\n");
            let json = world.enqueuer([command, chosen, "--reason", "x", "--dry-run", "--json"]).run().await?.expect(0)?.json()?;
            assert_eq!(json, serde_json::json!({"dry_run": true, "documents": [told]}));
            expect_untouched(world, &before, command).await?;
        }
        assert_eq!(world.published()?.len(), 5);
        Ok(())
    }
}

on_every_engine! {
    async fn where_nobody_could_answer_yes_is_said_beforehand(world: &World) {
        many_that_failed(world).await?;
        let all = ["--failed", "--documents-per-slot", "101"];
        let refused = steer(world, "resubmit", all).run().await?.expect(78)?;
        assert!(refused.stderr.contains("then say --yes"), "{}", refused.stderr);
        assert_eq!(count(world, "SELECT count(*) FROM export_documents WHERE state = 'failed'").await?, 101);
        let answer = steer(world, "resubmit", all.into_iter().chain(["--yes"])).run().await?.expect(0)?;
        assert!(!answer.stderr.contains("Go on?"), "{}", answer.stderr);
        assert!(answer.stderr.contains("resubmit 101 documents:") && answer.stderr.contains("and 96 more"), "{}", answer.stderr);
        assert_eq!(came_to(&answer.json()?)?, [101, 101, 0]);
        Ok(())
    }
}

/// More failed documents than an operator may touch without being asked; the source is mended.
async fn many_that_failed(world: &World) -> Result<()> {
    load_october(world, 101).await?;
    spoil_all_trades(world).await?;
    let in_one_slot = [
        "--kind",
        "trade",
        "--documents-per-slot",
        "101",
        "--refusals-percent",
        "100",
    ];
    run_of(world, in_one_slot).run().await?.expect(1)?;
    mend_trades(world).await
}

// Storage plays no part in the question, so one engine serves.

#[tokio::test]
async fn whoever_says_no_on_a_terminal_changes_nothing() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    many_that_failed(&world).await?;
    let before = whole_ledger(&world).await?;
    for command in ["resubmit", "excuse"] {
        for answer in ["n\n", "\n"] {
            let arguments = format!("{command} --failed --reason mended");
            let shown = answered_on_a_terminal(&world, &arguments, answer).await?;
            assert!(
                shown.contains(&format!("{command} 101 documents:")),
                "{shown}"
            );
            assert!(
                shown.contains("Go on? [y/N]") && shown.contains("Nothing was changed."),
                "{shown}"
            );
            expect_untouched(&world, &before, "an answer of no").await?;
        }
    }
    world.close().await
}

#[tokio::test]
async fn whoever_says_yes_on_a_terminal_goes_on() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    many_that_failed(&world).await?;
    let shown = answered_on_a_terminal(
        &world,
        "resubmit --failed --reason mended --documents-per-slot 101",
        "y\n",
    )
    .await?;
    assert!(shown.contains("Go on? [y/N]"), "{shown}");
    assert!(
        shown.contains("101 documents published, 0 failed"),
        "{shown}"
    );
    world.close().await
}

#[tokio::test]
async fn whoever_is_sure_is_not_asked() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    many_that_failed(&world).await?;
    let shown = answered_on_a_terminal(&world, "excuse --failed --yes --reason x", "n\n").await?;
    assert!(!shown.contains("Go on?"), "{shown}");
    assert!(shown.contains("101 documents are excused."), "{shown}");
    let excused = "SELECT count(*) FROM export_documents WHERE state = 'excused'";
    assert_eq!(count(&world, excused).await?, 101);
    expect_stands(&world, A1, "excused", Some("operator")).await?;
    world.close().await
}

#[tokio::test]
async fn a_hundred_documents_are_not_asked_about() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    many_that_failed(&world).await?;
    steer(&world, "excuse", [A1]).run().await?.expect(0)?;
    let shown = answered_on_a_terminal(&world, "excuse --failed --reason x", "n\n").await?;
    assert!(shown.contains("100 documents are excused."), "{shown}");
    world.close().await
}
