//! `excuse`: a document that will not be made, with the reason for the auditor.

use serde_json::json;
use tests::on_every_engine;

use super::{
    actions, came_to, expect_adds_up, expect_stands, expect_untouched, in_states, mend_trades,
    spoil_holdings, spoil_trades, steer, whole_ledger,
};
use crate::fixtures::{PERIOD, document, expect_one_line, load_october, run_october};

const A1: &str = "2026-10.trade.A001";
const REASON: &str = "looked at by the back office";

on_every_engine! {
    async fn a_failed_document_is_excused_with_its_reason(world: &World) {
        load_october(world, 2).await?;
        spoil_trades(world, &["A001"]).await?;
        run_october(world).await?.expect(1)?;
        let answer = steer(world, "excuse", [A1]).run().await?.expect(0)?.json()?;
        assert_eq!(answer, json!({"excused": 1}));
        let excused = document(world, A1).await?;
        assert_eq!((&excused["state"], &excused["cause"], &excused["error"]), (&json!("excused"), &json!("operator"), &json!(REASON)));
        assert_eq!(actions(world).await?, [format!("{A1} excuse {REASON}")]);
        let words = world.enqueuer(["status"]).run().await?.expect(0)?.stdout;
        assert!(words.contains("1 document excused, cause operator"), "{words}");
        let trade = json!({"accounts": 2, "due": 1, "succeeded": 1, "failed": 0, "open": 0, "excused": 1, "nothing_to_report": 0});
        expect_adds_up(world, "trade", &trade).await?;

        let again = run_october(world).await?.expect(0)?.json()?;
        assert_eq!(again["due"], 0, "no run takes it up: {again}");
        expect_one_line(steer(world, "excuse", [A1]).run().await?, 78, &["is excused already"])?;

        mend_trades(world).await?;
        let back = steer(world, "resubmit", [A1]).run().await?.expect(0)?.json()?;
        assert_eq!(came_to(&back)?, [1, 1, 0], "{back}");
        let made = document(world, A1).await?;
        assert_eq!((&made["state"], &made["cause"], &made["error"]), (&json!("succeeded"), &json!(null), &json!(null)));
        assert_eq!(actions(world).await?.len(), 2);
        Ok(())
    }
}

on_every_engine! {
    async fn a_due_document_is_excused_before_it_is_made(world: &World) {
        load_october(world, 2).await?;
        world.enqueuer(["stop", "--period", PERIOD]).run().await?.expect(0)?;
        run_october(world).await?.expect(75)?;
        expect_stands(world, A1, "due", None).await?;
        steer(world, "excuse", [A1]).run().await?.expect(0)?;
        crate::fixtures::run_of(world, ["--resume"]).run().await?.expect(0)?;
        assert_eq!(in_states(world, ["succeeded", "excused", "due"]).await?, [3, 1, 0]);
        expect_stands(world, A1, "excused", Some("operator")).await?;
        Ok(())
    }
}

on_every_engine! {
    async fn what_is_published_or_under_way_is_not_excused(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        for (state, words) in [
            ("succeeded", "is succeeded"),
            ("superseded", "is superseded"),
            ("submitted", "is submitted; `enqueuer stop` first"),
            ("running", "is running; `enqueuer stop` first"),
        ] {
            world.execute(&format!("UPDATE export_documents SET state = '{state}' WHERE document_id = '{A1}'")).await?;
            let before = whole_ledger(world).await?;
            expect_one_line(steer(world, "excuse", [A1]).run().await?, 78, &[A1, words, "nothing to excuse"])?;
            expect_untouched(world, &before, state).await?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn one_cause_is_excused_and_no_other(world: &World) {
        load_october(world, 4).await?;
        spoil_trades(world, &["A001", "A002"]).await?;
        spoil_holdings(world, "A003").await?;
        run_october(world).await?.expect(1)?;
        let answer = steer(world, "excuse", ["--failed", "--cause", "identity"]).run().await?.expect(0)?.json()?;
        assert_eq!(answer, json!({"excused": 2}));
        expect_stands(world, "2026-10.balance.A003", "failed", Some("positions")).await?;
        assert_eq!(in_states(world, ["succeeded", "failed", "excused"]).await?, [5, 1, 2]);
        let none = steer(world, "excuse", ["--failed", "--cause", "identity"]).run().await?.expect(0)?.json()?;
        assert_eq!(none, json!({"excused": 0}));
        let mistyped = steer(world, "excuse", ["--failed", "--cause", "position"]).run().await?;
        expect_one_line(mistyped, 78, &["--cause position", "2026-10", "positions"])?;
        Ok(())
    }
}
