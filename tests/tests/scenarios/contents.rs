//! Published objects that are no longer what was published, although their sizes are: `link` hands none out, `certificate` names them,
//! and what was not compared is never called fine.

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};
use tests::s3::{Request, S3};
use tests::{Answer, World, on_every_engine};

use crate::fixtures::{PERIOD, count, document, expect_one_line, load_october, run_october};

const TRADE: &str = "2026-10.trade.A001";
const TRADE_KEY: &str = "2026-10/trade/A001/2026-10.trade.A001.xlsx";

/// The same number of bytes, of which one bit is another.
fn flipped(content: &[u8]) -> Vec<u8> {
    let mut content = content.to_vec();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    content
}

fn is_listing(request: &Request) -> bool {
    let query = request.uri.query();
    request.method == Method::GET && query.is_some_and(|query| query.contains("list-type"))
}

async fn in_a_bucket(world: &World) -> Result<&S3> {
    load_october(world, 2).await?;
    let s3 = world.with_s3().await?;
    run_october(world).await?.expect(0)?;
    Ok(s3)
}

async fn certificate(world: &World, arguments: &[&str]) -> Result<Answer> {
    let words = ["certificate", "--quick", "--period", PERIOD];
    let words = words.into_iter().chain(arguments.iter().copied());
    world.enqueuer(words).run().await
}

/// Its words, and what it says of contents.
async fn certified(world: &World, arguments: &[&str], code: i32) -> Result<(String, Value)> {
    let words = certificate(world, arguments).await?.expect(code)?.stdout;
    let json = [arguments, &["--json"]].concat();
    let answer = certificate(world, &json).await?.expect(code)?.json()?;
    Ok((words, answer["contents"].clone()))
}

async fn expect_refused(world: &World) -> Result<()> {
    let answer = world.enqueuer(["link", TRADE]).run().await?;
    let words = [
        TRADE_KEY,
        "was changed after it was published",
        "restore-deleted",
    ];
    expect_one_line(answer, 65, &words)
}

on_every_engine! {
    async fn a_replaced_object_has_no_link_and_is_named(world: &World) {
        let s3 = in_a_bucket(world).await?;
        let content = s3.content(TRADE_KEY)?;
        let listed = s3.requests().len();
        let (words, contents) = certified(world, &[], 0).await?;
        assert!(words.contains("4 objects are what was published (by ETag)."), "{words}");
        assert_eq!(contents, json!({"compared": 4, "by": "etag", "not_compared": 0, "replaced": []}));
        let asked = &s3.requests()[listed..];
        assert!(asked.iter().all(is_listing), "a listing is enough: {asked:?}");

        let puts = [S3::place, S3::place_encrypted];
        for put in puts {
            put(s3, TRADE_KEY, &flipped(&content))?;
            expect_refused(world).await?;
            for (arguments, by) in [(&[][..], "etag"), (&["--deep"], "sha256")] {
                let (words, contents) = certified(world, arguments, 1).await?;
                assert!(words.contains(&format!("replaced in the store by another object of the same size: {TRADE_KEY}")), "{words}");
                assert_eq!(contents, json!({"compared": 3, "by": by, "not_compared": 0, "replaced": [TRADE_KEY]}));
            }
            // What has no SHA-256 in the bucket is read.
            put(s3, TRADE_KEY, &content)?;
            world.enqueuer(["link", TRADE]).run().await?.expect(0)?;
        }
        Ok(())
    }
}

on_every_engine! {
    async fn what_was_put_back_is_known_again_once_it_was_looked_at(world: &World) {
        let s3 = in_a_bucket(world).await?;
        // The same bytes under another ETag, as where a key of KMS encrypts.
        s3.place_encrypted(TRADE_KEY, &s3.content(TRADE_KEY)?)?;
        let (words, _) = certified(world, &[], 1).await?;
        assert!(words.contains("by their ETags alone") && words.contains("--deep"), "{words}");
        let reads = s3.requests_of(&Method::GET).len();
        let (_, contents) = certified(world, &["--deep"], 0).await?;
        assert_eq!(contents, json!({"compared": 4, "by": "sha256", "not_compared": 0, "replaced": []}));
        let read = &s3.requests_of(&Method::GET)[reads..];
        assert!(read.iter().all(is_listing), "{read:?}");
        certified(world, &[], 0).await?;
        Ok(())
    }
}

on_every_engine! {
    async fn what_an_older_version_published_is_not_called_fine(world: &World) {
        in_a_bucket(world).await?;
        let named = "SELECT count(*) FROM export_documents WHERE etag IS NOT NULL AND version_id = 'version-' || etag";
        assert_eq!(count(world, named).await?, 4);
        world.execute("UPDATE export_documents SET etag = NULL, version_id = NULL WHERE kind = 'trade'").await?;
        let (words, contents) = certified(world, &[], 0).await?;
        assert!(words.contains("2 objects were not compared with what was published, but for their sizes"), "{words}");
        assert_eq!(contents, json!({"compared": 2, "by": "etag", "not_compared": 2, "replaced": []}));
        certified(world, &["--deep"], 0).await?;
        assert_eq!(count(world, named).await?, 4);
        assert_eq!(certified(world, &[], 0).await?.1["not_compared"], 0);
        Ok(())
    }
}

on_every_engine! {
    async fn what_is_adopted_is_known_by_its_name_in_the_bucket(world: &World) {
        in_a_bucket(world).await?;
        let names = "SELECT document_id, etag, version_id FROM export_documents ORDER BY 1";
        let before = world.texts(names).await?;
        world.execute(
            "UPDATE export_documents SET state = 'due', object_key = NULL, sha256 = NULL, etag = NULL, version_id = NULL;
             UPDATE export_attempts SET outcome = 'lost'",
        ).await?;
        run_october(world).await?.expect(0)?;
        assert_eq!(world.texts(names).await?, before);
        let made = document(world, TRADE).await?;
        assert!(made["version_id"].as_str().is_some_and(|version| version.starts_with("version-")), "{made}");
        Ok(())
    }
}

on_every_engine! {
    async fn every_file_of_a_directory_is_hashed(world: &World) {
        load_october(world, 2).await?;
        run_october(world).await?.expect(0)?;
        let file = world.store().join(TRADE_KEY);
        let content = std::fs::read(&file)?;
        let (words, contents) = certified(world, &[], 0).await?;
        assert!(words.contains("4 objects were not compared with what was published, but for their sizes"), "{words}");
        assert_eq!(contents, json!({"compared": 0, "by": null, "not_compared": 4, "replaced": []}));
        let (words, contents) = certified(world, &["--deep"], 0).await?;
        assert!(words.contains("4 objects are what was published (by SHA-256"), "{words}");
        assert_eq!(contents["compared"], 4);

        std::fs::write(&file, flipped(&content))?;
        expect_refused(world).await?;
        certified(world, &[], 0).await.context("sizes alone do not tell")?;
        let (words, contents) = certified(world, &["--deep"], 1).await?;
        assert!(words.contains(&format!("replaced in the store by another object of the same size: {TRADE_KEY}")), "{words}");
        assert_eq!(contents["replaced"], json!([TRADE_KEY]));
        std::fs::write(&file, &content)?;
        world.enqueuer(["link", TRADE]).run().await?.expect(0)?;
        certified(world, &["--deep"], 0).await?;
        Ok(())
    }
}
