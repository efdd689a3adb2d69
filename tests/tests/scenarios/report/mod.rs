//! `report`: a page that says what the ledger has, needs nothing from anywhere, and shows what people wrote as text.

mod stretch;

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use roxmltree::{Document, Node};
use serde_json::json;
use tests::{World, on_every_engine};

use crate::fixtures::{Books, PERIOD, close, load_october, run_october, run_of};

/// Makes the report with more arguments; the page.
async fn report_of(world: &World, arguments: &[&str]) -> Result<String> {
    let out = world.path("report.html").to_string_lossy().into_owned();
    let arguments = ["report", "--period", PERIOD, "--out", &out]
        .into_iter()
        .chain(arguments.iter().copied());
    world.enqueuer(arguments).run().await?.expect(0)?;
    Ok(std::fs::read_to_string(out)?)
}

/// The page as XML: its void elements are closed, and there are no others than `meta`.
fn well_formed(page: &str) -> Result<String> {
    let mut rest = page
        .strip_prefix("<!DOCTYPE html>")
        .context("no document type")?;
    let mut closed = String::new();
    while let Some((before, after)) = rest.split_once("<meta ") {
        let (attributes, after) = after.split_once('>').context("a meta without its end")?;
        write!(closed, "{before}<meta {attributes}/>")?;
        rest = after;
    }
    closed.push_str(rest);
    Ok(closed)
}

/// Nothing is fetched, linked or run.
fn expect_self_contained(page: &str, document: &Document<'_>) -> Result<()> {
    for word in ["http:", "https:", "url(", "@import", "javascript:"] {
        ensure!(!page.contains(word), "{word} in the page");
    }
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        ensure!(
            ![
                "script", "img", "link", "iframe", "object", "embed", "base", "form", "image",
                "use"
            ]
            .contains(&name),
            "an element {name}"
        );
        for attribute in node.attributes() {
            let name = attribute.name();
            ensure!(
                !name.starts_with("on") && !["src", "href", "style", "action"].contains(&name),
                "an attribute {name}"
            );
        }
    }
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    let has_policy = document
        .descendants()
        .any(|node| node.attribute("content") == Some(policy));
    ensure!(has_policy, "no content security policy");
    Ok(())
}

/// What a person reads in it.
fn text(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text);
    let joined: String = texts.filter_map(|text| text.text()).collect();
    joined.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A figure by its name.
fn figure(document: &Document<'_>, name: &str) -> Result<String> {
    let term = document
        .descendants()
        .find(|node| node.has_tag_name("dt") && text(*node) == name)
        .with_context(|| format!("no figure {name}"))?;
    Ok(text(
        term.next_sibling_element()
            .context("a term without its value")?,
    ))
}

/// Every table row as its cells.
fn rows(document: &Document<'_>) -> Vec<Vec<String>> {
    let rows = document
        .descendants()
        .filter(|node| node.has_tag_name("tr"));
    rows.map(|row| row.children().filter(Node::is_element).map(text).collect())
        .collect()
}

fn expect_row(document: &Document<'_>, cells: &[&str]) -> Result<()> {
    let rows = rows(document);
    ensure!(
        rows.iter().any(|row| row == cells),
        "no row {cells:?} in {rows:#?}"
    );
    Ok(())
}

fn verdict(document: &Document<'_>) -> Result<String> {
    let has_class = |node: &Node<'_, '_>| {
        node.attribute("class")
            .is_some_and(|class| class.starts_with("verdict"))
    };
    Ok(text(
        document
            .descendants()
            .find(has_class)
            .context("no verdict")?,
    ))
}

const HOSTILE: &str = "<script>alert(1)</script> & \"quoted\" ticket 7";

on_every_engine! {
    async fn it_says_what_the_ledger_has(world: &World) {
        load_october(world, 4).await?;
        close(world, "A004").await?;
        world.execute(
            "UPDATE statement_trades SET net_amount = '-1' WHERE account_id IN ('A002', 'A003');
             UPDATE statement_accounts SET electronic_delivery = 0 WHERE account_id = 'A001'",
        ).await?;
        run_october(world).await?.expect(1)?;
        world.enqueuer(["stop", "--period", PERIOD, "--reason", HOSTILE]).run().await?.expect(0)?;
        run_of(world, ["--resume"]).run().await?;
        world.enqueuer(["excuse", "2026-10.trade.A003", "--reason", HOSTILE]).run().await?.expect(0)?;
        let page = report_of(world, &["--deadline", "2037-01-01T00:00:00+09:00"]).await?;
        let closed = well_formed(&page)?;
        let document = Document::parse(&closed).context("the page is not well formed")?;
        expect_self_contained(&page, &document)?;
        assert!(page.len() < 200_000, "{} bytes", page.len());

        assert_eq!(verdict(&document)?, "1 of 5 documents failed; all others are published.");
        for (name, value) in [
            ("Documents due", "5"), ("Published", "4"), ("Failed", "1"), ("Open", "0"), ("Excused", "3"),
            ("Published for paper", "2"), ("Attempts", "6"), ("Attempts that were tried again", "0"),
        ] {
            assert_eq!(figure(&document, name)?, value, "{name}");
        }
        let sums = "SELECT CAST(sum(row_count) AS text), CAST(sum(bytes) AS text) FROM export_documents WHERE state = 'succeeded'";
        let sums = world.texts(sums).await?.concat();
        let bare = |text: &str| text.replace(',', "");
        assert_eq!(bare(&figure(&document, "Rows")?), sums[0].clone().context("no rows")?);
        let all = rows(&document).into_iter().find(|row| row.first().is_some_and(|cell| cell == "all")).context("no sums")?;
        assert_eq!(Some(bare(&all[all.len() - 1])), sums[1]);
        let run_id = run_october(world).await?.json()?["run_id"].as_str().context("no run")?.to_owned();
        assert!(!page.contains(&run_id), "of the run after it");

        // The charts say the same as the counts.
        let descriptions: Vec<String> = document.descendants().filter(|node| node.has_tag_name("desc")).map(text).collect();
        assert_eq!(descriptions.len(), 4, "{descriptions:?}");
        assert!(descriptions[0].starts_with("4 published and 1 failed between"), "{descriptions:?}");
        assert!(descriptions[2].starts_with("4 documents; half took at most"), "{descriptions:?}");
        let wide = document.descendants().filter(|node| node.attribute("class") == Some("wide")).nth(1).context("no histogram")?;
        let bars = wide.descendants().filter(|node| node.has_tag_name("rect")).map(text);
        let bars: i64 = bars.filter_map(|bar| bar.split(' ').next()?.parse::<i64>().ok()).sum();
        assert_eq!(bars, 4, "documents in the histogram");

        let whole = text(document.root_element());
        for words in [
            "1 document failed by identity",
            "For example 2026-10.trade.A002. Runbook: runbooks/gate-identity.md.",
            "enqueuer resubmit --failed --period 2026-10 --cause identity --reason 'amounts fixed in the source'",
            "Deadline 2037-01-01 00:00:00: met,",
            "It is not complete: 1 document failed.",
            "The store holds 4 objects.",
            HOSTILE,
        ] {
            assert!(whole.contains(words), "{words:?} is missing in {whole}");
        }
        assert!(!page.contains("<script"), "a script");
        assert!(!whole.contains("net_amount"), "an error's text, which may hold amounts");
        assert!(!whole.contains('山'), "a customer's name");
        expect_row(&document, &["closed_before_period", "2", "2026-10.balance.A004"])?;
        expect_row(&document, &["operator", "1", "2026-10.trade.A003"])?;
        // kind, accounts = due + excused + nothing, due = succeeded + failed + open
        expect_row(&document, &["trade", "4", "2", "2", "0", "2", "1", "1", "0"])?;
        expect_row(&document, &["balance", "4", "3", "1", "0", "3", "3", "0", "0"])?;
        expect_row(&document, &["all", "8", "5", "3", "0", "5", "4", "1", "0"])?;
        let of = |first: &str| rows(&document).into_iter().find(|row| row[0] == first).with_context(|| format!("no row of {first}"));
        assert_eq!(of("excuse")?[1..3], ["1", HOSTILE]);
        assert_eq!(of("stopped")?[1], HOSTILE);
        Ok(())
    }
}

on_every_engine! {
    async fn the_same_data_makes_the_same_page(world: &World) {
        load_october(world, 3).await?;
        run_october(world).await?.expect(0)?;
        let stable = |page: &str| page.lines().filter(|line| !line.contains("Made ")).collect::<Vec<_>>().join("\n");
        let first = report_of(world, &[]).await?;
        let out = world.enqueuer(["report", "--out", "-"]).run().await?.expect(0)?;
        assert_eq!(stable(&first), stable(&out.stdout));
        assert!(first.contains("Everything adds up: 6 documents due, all published."), "{first}");
        assert_eq!(out.stderr, "");
        Ok(())
    }
}

on_every_engine! {
    async fn a_month_says_nothing_of_another(world: &World) {
        Books::of(["A001", "A002"], &["2026-09", PERIOD])?.load(world).await?;
        run_october(world).await?.expect(0)?;
        world.enqueuer(["reissue", "2026-10.trade.A001", "--reason", "ticket 7"]).run().await?.expect(0)?;
        world.enqueuer(["stop", "--period", PERIOD, "--reason", "ticket 8"]).run().await?.expect(0)?;
        world.enqueuer(["run", "--period", "2026-09"]).run().await?.expect(0)?;
        let page = world.enqueuer(["report", "--period", "2026-09", "--out", "-"]).run().await?.expect(0)?.stdout;
        assert!(page.contains("Everything adds up: 4 documents due, all published."), "{page}");
        for other in [PERIOD, "ticket"] {
            assert!(!page.contains(other), "{other} is told in {page}");
        }
        let closed = well_formed(&page)?;
        let document = Document::parse(&closed)?;
        assert_eq!(figure(&document, "Attempts")?, "4");
        Ok(())
    }
}

on_every_engine! {
    async fn without_the_source_it_says_what_the_ledger_knows(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        let nowhere = world.path("nowhere.db");
        let answer = world.enqueuer(["report", "--out", "-"])
            .env("SOURCE_DATABASE_URL", &format!("sqlite://{}", nowhere.display()))
            .run().await?.expect(0)?;
        assert!(answer.stderr.contains("The report has no certificate: there is no database file"), "{}", answer.stderr);
        let closed = well_formed(&answer.stdout)?;
        let document = Document::parse(&closed)?;
        assert_eq!(verdict(&document)?, "4 documents due, all published. The certificate could not be made.");
        assert!(answer.stdout.contains("class=\"verdict open\""), "nobody knows whether it adds up");
        assert_eq!(figure(&document, "Published")?, "4");
        let whole = text(document.root_element());
        assert!(whole.contains("It could not be made: there is no database file"), "{whole}");
        Ok(())
    }
}

on_every_engine! {
    async fn a_period_that_is_open_empty_or_late_is_told(world: &World) {
        load_october(world, 2).await?;
        world.enqueuer(["migrate"]).run().await?.expect(0)?;
        let answer = world.enqueuer(["report", "--period", PERIOD]).run().await?;
        crate::fixtures::expect_one_line(answer, 65, &["no run has been recorded for 2026-10"])?;

        run_october(world).await?.expect(0)?;
        // As if two were still under way, and one had failed by a word that is none of ours.
        world.execute(
            "UPDATE export_documents SET state = 'submitted', settled_at = NULL WHERE account_id = 'A001';
             UPDATE export_documents SET state = 'failed', cause = '<img src=x onerror=alert(1)>'
             WHERE document_id = '2026-10.trade.A002'",
        ).await?;
        let page = report_of(world, &["--deadline", "2020-01-01T00:00:00+09:00"]).await?;
        let closed = well_formed(&page)?;
        let document = Document::parse(&closed)?;
        expect_self_contained(&page, &document)?;
        // What the store has besides is the failed one's; what is open may be there already.
        assert_eq!(verdict(&document)?, "2 of 4 documents are open, 1 failed. So far the certificate below names 1 difference.");
        assert!(page.contains("1 object in the store is no published document of the ledger"), "{page}");
        let whole = text(document.root_element());
        for words in [
            "Deadline 2020-01-01 00:00:00: missed, 2 documents still open.",
            "1 document failed by <img src=x onerror=alert(1)>",
            // A word that a shell would read otherwise is not put into a command.
            "enqueuer resubmit --failed --period 2026-10 --reason",
        ] {
            assert!(whole.contains(words), "{words:?} is missing in {whole}");
        }
        world.execute("UPDATE export_documents SET state = 'succeeded', settled_at = due_at WHERE account_id = 'A001'").await?;
        let late = report_of(world, &["--deadline", "2020-01-01T00:00:00+09:00"]).await?;
        assert!(late.contains("Deadline 2020-01-01 00:00:00: missed. 4 documents settled after it"), "{late}");
        Ok(())
    }
}

on_every_engine! {
    async fn durations_causes_and_holds_are_those_of_the_ledger(world: &World) {
        load_october(world, 3).await?;
        run_october(world).await?.expect(0)?;
        for (reason, ago) in [("held second", 1), ("held first", 2)] {
            world.enqueuer(["stop", "--period", PERIOD, "--reason", reason]).run().await?.expect(0)?;
            world.execute(&format!(
                "UPDATE export_holds SET held_at = held_at - {ago} * 3600000, lifted_at = held_at WHERE reason = '{reason}'"
            )).await?;
        }
        // Five take 4.321 s, and one a minute; the balance statements have fifty rows.
        world.execute(
            "UPDATE export_attempts SET ended_at = started_at + 4321;
             UPDATE export_attempts SET ended_at = started_at + 60000 WHERE document_id = '2026-10.trade.A001';
             UPDATE export_documents SET row_count = 9 WHERE kind = 'trade';
             UPDATE export_documents SET row_count = 50 WHERE kind = 'balance';
             UPDATE export_documents SET cause = 'cash' WHERE document_id = '2026-10.trade.A003';
             UPDATE export_documents SET cause = 'positions' WHERE kind = 'balance'"
        ).await?;
        let page = report_of(world, &[]).await?;
        let closed = well_formed(&page)?;
        let document = Document::parse(&closed)?;
        for (name, value) in [
            ("P50 of a document", "4.3 s"), ("P95 of a document", "1 min 00 s"), ("Longest document", "1 min 00 s"), ("Rows", "177"),
        ] {
            assert_eq!(figure(&document, name)?, value, "{name}");
        }
        expect_row(&document, &["under 10", "3", "4.3 s", "1 min 00 s", "1 min 00 s", "0.39"])?;
        expect_row(&document, &["10 to 99", "3", "4.3 s", "4.3 s", "4.3 s", "11.5"])?;
        let places = |one: &str, other: &str| page.find(one).zip(page.find(other)).context("one of them is missing");
        let (positions, cash) = places("<code>positions</code>", "<code>cash</code>")?;
        assert!(positions < cash, "most first");
        let (first, second) = places("held first", "held second")?;
        assert!(first < second, "in their order");
        Ok(())
    }
}

on_every_engine! {
    async fn the_file_is_replaced_whole_and_named(world: &World) {
        load_october(world, 1).await?;
        run_october(world).await?.expect(0)?;
        let out = world.path("pages");
        std::fs::create_dir(&out)?;
        let file = out.join("october.html").to_string_lossy().into_owned();
        std::fs::write(&file, "what was there before")?;
        let mut reader = std::fs::File::open(&file)?;
        let told = world.enqueuer(["report", "--json", "--out", &file]).run().await?.expect(0)?.json()?;
        assert_eq!(told, json!({"file": file, "period": PERIOD, "due": 2, "published": 2, "failed": 0, "open": 0, "adds_up": true}));
        assert!(std::fs::read_to_string(&file)?.starts_with("<!DOCTYPE html>"));
        assert_eq!(std::fs::read_dir(&out)?.count(), 1, "nothing is left beside it");
        assert_eq!(std::io::read_to_string(&mut reader)?, "what was there before", "whole for whoever reads it");
        let other = world.path("other.html");
        std::fs::write(&other, "any other file")?;
        // It tells of customers, whatever rights the file before had.
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file)?.permissions());
        assert_eq!(mode & 0o7777, 0o600);
        // A link stays one, to the new page.
        let link = world.path("link.html");
        std::os::unix::fs::symlink(&other, &link)?;
        world.enqueuer(["report", "--out", &link.to_string_lossy()]).run().await?.expect(0)?;
        assert!(link.is_symlink() && std::fs::read_to_string(&other)?.starts_with("<!DOCTYPE html>"));

        world.enqueuer(["report"]).run().await?.expect(0)?;
        assert!(world.path("report.2026-10.html").is_file(), "the name without --out");
        let directory = out.to_string_lossy().into_owned();
        for (arguments, says) in [
            (&["--out", &directory][..], "is not a file"),
            (&["--out", "nowhere/page.html"], "there is no such directory"),
            (&["--out", "-", "--json"], "name a file"),
            (&["--deadline", "soon"], "is no time"),
        ] {
            let refused = world.enqueuer(["report"].iter().chain(arguments).copied()).run().await?;
            crate::fixtures::expect_one_line(refused, 78, &[says])?;
        }
        Ok(())
    }
}
