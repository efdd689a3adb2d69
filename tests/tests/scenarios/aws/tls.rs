//! The database's certificate is verified on AWS, unless the URL says otherwise.

use anyhow::{Context, Result};
use tests::cloud::Cloud;
use tests::{Engine, World};

use crate::fixtures::expect_one_line;

/// The authority of the test server's certificate.
fn authority() -> Result<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test command tells its tests where the authority is"
    )]
    std::env::var("TEST_POSTGRES_CA")
        .context("TEST_POSTGRES_CA is not set: run the tests with `make test`")
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_refused() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    let cloud = Cloud::of(&world).await?;
    let url = world.database_url().replace("?sslmode=disable", "");

    let refused = cloud
        .enqueuer(["migrate"])
        .env("DATABASE_URL", &url)
        .run()
        .await?;
    expect_one_line(refused, 78, &["certificate", "sslrootcert"])?;
    // Another host than the certificate names; the connection itself would work.
    let other_name = format!(
        "{}?sslrootcert={}",
        url.replace("127.0.0.1", "localhost"),
        authority()?
    );
    let refused = cloud
        .enqueuer(["migrate"])
        .env("DATABASE_URL", &other_name)
        .run()
        .await?;
    expect_one_line(refused, 78, &["certificate"])?;

    let known = format!("{url}?sslrootcert={}", authority()?);
    cloud
        .enqueuer(["migrate"])
        .env("DATABASE_URL", &known)
        .run()
        .await?
        .expect(0)?;
    world.close().await
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    let cloud = Cloud::of(&world).await?;
    let url = world.database_url().replace("?sslmode=disable", "");
    let known = format!("{url}?sslrootcert={}", authority()?);
    for (url, name, words) in [
        (
            format!("{url}?sslrootcert=/not/there/ca.pem"),
            None,
            ["sslrootcert", "/not/there/ca.pem"],
        ),
        (
            format!("{known}&sslcert=/not/there/firm.pem&sslkey=/not/there/firm.key"),
            None,
            ["sslcert", "/not/there/firm.pem"],
        ),
        (
            format!(
                "{known}&sslcert={}&sslkey=/not%2Fthere/firm.key",
                authority()?
            ),
            None,
            ["sslkey", "/not/there/firm.key"],
        ),
        (
            url.clone(),
            Some("PGSSLROOTCERT"),
            ["PGSSLROOTCERT", "/not/there/of-environment.pem"],
        ),
        (
            url,
            Some("SSL_CERT_FILE"),
            ["SSL_CERT_FILE", "/not/there/of-environment.pem"],
        ),
    ] {
        let program = cloud.enqueuer(["migrate"]).env("DATABASE_URL", &url);
        let refused = match name {
            Some(name) => program.env(name, "/not/there/of-environment.pem"),
            None => program,
        };
        expect_one_line(refused.run().await?, 78, &words)?;
    }
    // The bucket is asked with the same authorities.
    cloud.migrate().await?;
    let refused = cloud
        .enqueuer(["run"])
        .env("SSL_CERT_FILE", "/not/there/ca.pem")
        .run()
        .await?;
    expect_one_line(refused, 78, &["SSL_CERT_FILE", "/not/there/ca.pem"])?;
    world.close().await
}
