//! A firm whose only way out is a proxy.

use tests::proxy::Proxy;
use tests::{Program, World, on_every_engine};

use crate::fixtures::load_october;

/// Asks for what is far away.
fn check_of<'a>(
    world: &World,
    arguments: impl IntoIterator<Item = &'a str>,
    proxy: &Proxy,
) -> Program {
    world
        .enqueuer(["check"].into_iter().chain(arguments))
        .env("HTTPS_PROXY", &proxy.url())
        .env("HTTP_PROXY", &proxy.url())
        .env("AWS_REGION", "ap-northeast-1")
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "x")
}

on_every_engine! {
    async fn alerts_and_aws_go_by_the_proxy(world: &World) {
        load_october(world, 1).await?;
        let proxy = Proxy::start().await?;
        let alert = |arguments: &[&'static str]| check_of(world, arguments.iter().copied(), &proxy)
            .env("ALERTS", "slack:https://hooks.example.invalid/services/T/B/x");
        alert(&["--send-test-alert"]).run().await?;
        assert_eq!(proxy.asked(), ["CONNECT hooks.example.invalid:443 HTTP/1.1"]);
        let bucket = |proxied: Program| proxied
            .env("STORE_URL", "s3://bucket/x")
            .env("AWS_ENDPOINT_URL_S3", "https://s3.example.invalid");
        bucket(check_of(world, [], &proxy)).run().await?;
        assert_eq!(proxy.asked(), ["CONNECT s3.example.invalid:443 HTTP/1.1"]);
        let topic = check_of(world, ["--send-test-alert"], &proxy)
            .env("ALERTS", "sns:arn:aws:sns:ap-northeast-1:123456789012:alerts")
            .env("AWS_ENDPOINT_URL_SNS", "https://sns.example.invalid");
        topic.run().await?;
        assert_eq!(proxy.asked(), ["CONNECT sns.example.invalid:443 HTTP/1.1"]);
        // Not for hosts that are excepted, for databases, nor for what a task asks its own host.
        let excepted = bucket(alert(&["--send-test-alert"])).env("NO_PROXY", "localhost,.example.invalid");
        excepted.run().await?;
        assert_eq!(proxy.asked(), Vec::<String>::new());
        Ok(())
    }
}
