//! `link`: who has it downloads the document as it was published, for as long as it says; and nobody gets one to what
//! must not be given away.

use anyhow::{Context, Result};
use common::clock::Clock;
use hyper::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tests::s3::{S3, download};
use tests::{World, on_every_engine};

use crate::fixtures::{document, expect_one_line, load_october, run_october};

const TRADE: &str = "2026-10.trade.A001";
const TRADE_KEY: &str = "2026-10/trade/A001/2026-10.trade.A001.xlsx";

fn now() -> Timestamp {
    Clock::default().now()
}

/// A month end of two accounts in a bucket.
async fn publish(world: &World) -> Result<&S3> {
    load_october(world, 2).await?;
    let s3 = world.with_s3().await?;
    run_october(world).await?.expect(0)?;
    Ok(s3)
}

/// The URL that `link` prints for the document, and nothing else.
async fn link(world: &World, arguments: &[&str]) -> Result<String> {
    let arguments = ["link", TRADE].into_iter().chain(arguments.iter().copied());
    let answer = world.enqueuer(arguments).run().await?.expect(0)?;
    assert_eq!(answer.stderr, "");
    assert_eq!(answer.stdout.lines().count(), 1, "{}", answer.stdout);
    Ok(answer.stdout.trim_end().to_owned())
}

/// `link` refuses the document as bad data, in one line with all of the words.
async fn expect_refused(world: &World, id: &str, words: &[&str]) -> Result<()> {
    let answer = world.enqueuer(["link", id]).run().await?;
    expect_one_line(answer, 65, words)
}

on_every_engine! {
    async fn a_link_leads_to_the_published_document(world: &World) {
        let s3 = publish(world).await?;
        let url = link(world, &[]).await?;
        assert!(url.contains("X-Amz-Expires=900") && url.contains("X-Amz-SignedHeaders=host&"), "{url}");
        let got = download(&url).await?;
        assert_eq!(got.status, 200, "{}", String::from_utf8_lossy(&got.content));
        assert!(got.content == s3.content(TRADE_KEY)?, "other bytes");
        let header = |name: &str| got.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert!(
            header("content-disposition").ends_with("UTF-8''%E5%8F%96%E5%BC%95%E6%98%8E%E7%B4%B0%E6%9B%B8_2026-10_A001.xlsx"),
            "{:?}", got.headers
        );
        assert_eq!(header("content-type"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");

        let json = world.enqueuer(["link", TRADE, "--json", "--expires", "7d"]).run().await?.expect(0)?.json()?;
        let made = document(world, TRADE).await?;
        for field in ["document_id", "object_key", "sha256", "bytes"] {
            assert_eq!(json[field], made[field], "{field}");
        }
        assert!(json["expires_at"].as_str().is_some_and(|end| end.ends_with('Z')), "{json}");
        let url = json["url"].as_str().context("no URL")?;
        assert!(url.contains("X-Amz-Expires=604800"), "{url}");
        assert_eq!(download(url).await?.status, 200);
        Ok(())
    }
}

on_every_engine! {
    async fn a_link_opens_nothing_else_and_ends(world: &World) {
        let s3 = publish(world).await?;
        let url = link(world, &["--expires", "1s"]).await?;
        tokio::time::sleep(std::time::Duration::from_millis(2200)).await;
        let late = download(&url).await?;
        assert_eq!(late.status, 403, "the link has ended");
        assert!(String::from_utf8_lossy(&late.content).contains("expired"), "{late:?}");

        let url = link(world, &[]).await?;
        for tampered in [
            url.replace("A001", "A002"),
            url.replace("X-Amz-Expires=900", "X-Amz-Expires=9000"),
            url.split('?').next().unwrap_or_default().to_owned(),
        ] {
            assert_eq!(download(&tampered).await?.status, 403, "{tampered}");
        }
        assert_eq!(download(&url).await?.status, 200, "{:?}", s3.requests().last());
        Ok(())
    }
}

on_every_engine! {
    async fn only_what_the_customer_may_have_is_linked(world: &World) {
        let s3 = publish(world).await?;
        let asked = s3.requests().len();
        expect_one_line(
            world.enqueuer(["link", "2026-10.trade.A009"]).run().await?, 78, &["knows no document 2026-10.trade.A009"],
        )?;
        expect_one_line(
            world.enqueuer(["link", TRADE, "--expires", "8d"]).run().await?, 78, &["--expires \"8d\"", "7 days"],
        )?;
        for state in ["due", "submitted", "running", "failed", "excused"] {
            let cause = if state == "failed" { "'shape'" } else { "NULL" };
            world.execute(&format!(
                "UPDATE export_documents SET state = '{state}', cause = {cause} WHERE document_id = '{TRADE}'"
            )).await?;
            expect_refused(world, TRADE, &[TRADE, &format!("is {state}"), "only what is published"]).await?;
        }
        let columns = "period, kind, account_id, run_id, delivery, estimated_rows, issued_on, profile_hash, program_version, due_at";
        world.execute(&format!(
            "UPDATE export_documents SET state = 'superseded', cause = NULL WHERE document_id = '{TRADE}';
             INSERT INTO export_documents (document_id, revision, state, {columns})
             SELECT '{TRADE}.r2', 2, 'succeeded', {columns} FROM export_documents WHERE document_id = '{TRADE}'"
        )).await?;
        expect_refused(world, TRADE, &["is superseded", "link 2026-10.trade.A001.r2"]).await?;
        world.execute(&format!(
            "DELETE FROM export_documents WHERE document_id = '{TRADE}.r2';
             UPDATE export_documents SET state = 'succeeded', delivery = 'paper' WHERE document_id = '{TRADE}'"
        )).await?;
        expect_refused(world, TRADE, &["made for paper"]).await?;

        world.execute("UPDATE export_documents SET delivery = 'electronic'").await?;
        world.execute("UPDATE statement_accounts SET electronic_delivery = 0 WHERE account_id = 'A001'").await?;
        expect_refused(world, TRADE, &["account A001 does not consent", "today"]).await?;
        world.execute("DELETE FROM statement_accounts WHERE account_id = 'A001'").await?;
        expect_refused(world, TRADE, &["no row for account A001 any more"]).await?;
        assert_eq!(s3.requests().len(), asked, "nobody had to ask the bucket");
        world.enqueuer(["link", "2026-10.trade.A002"]).run().await?.expect(0)?;
        Ok(())
    }
}

on_every_engine! {
    async fn what_is_linked_is_there_and_as_it_was_published(world: &World) {
        let s3 = publish(world).await?;
        let content = s3.content(TRADE_KEY)?;
        s3.place(TRADE_KEY, &content[1..])?;
        expect_refused(world, TRADE, &[TRADE_KEY, "was changed after it was published"]).await?;
        s3.remove(TRADE_KEY)?;
        expect_refused(world, TRADE, &[TRADE_KEY, "is not there"]).await?;
        assert_eq!(s3.requests_of(&Method::HEAD).len(), 2);
        Ok(())
    }
}

on_every_engine! {
    async fn a_link_that_ends_with_its_credentials_says_so(world: &World) {
        let s3 = publish(world).await?;
        let end = (now() + SignedDuration::from_mins(40)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let (name, address) = s3.role_until(&end);
        let of_role = |arguments: &[&'static str]| {
            let program = world.enqueuer(arguments.iter().copied()).env(name, &address);
            program.without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY")
        };
        let answer = of_role(&["link", TRADE, "--expires", "2h"]).run().await?.expect(0)?;
        assert!(answer.stderr.starts_with("enqueuer: warning: ") && answer.stderr.contains(&end), "{}", answer.stderr);
        assert_eq!(download(answer.stdout.trim_end()).await?.status, 200);
        let json = of_role(&["link", TRADE, "--expires", "2h", "--json"]).run().await?.expect(0)?.json()?;
        assert_eq!(json["expires_at"], end);
        let short = of_role(&["link", TRADE]).run().await?.expect(0)?;
        assert_eq!(short.stderr, "");
        Ok(())
    }
}

on_every_engine! {
    async fn a_directory_has_file_urls(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let url = link(world, &["--expires", "2h"]).await?;
        let path = url.strip_prefix("file://").context(url.clone())?;
        assert_eq!(path, world.store().join(TRADE_KEY).to_string_lossy());
        let json = world.enqueuer(["link", TRADE, "--json"]).run().await?.expect(0)?.json()?;
        assert_eq!((&json["url"], &json["expires_at"]), (&Value::from(url), &Value::Null));
        std::fs::remove_file(world.store().join(TRADE_KEY))?;
        expect_refused(world, TRADE, &[TRADE_KEY, "is not there"]).await
    }
}
