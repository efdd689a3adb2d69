//! The topic, driven by the real SDK, and the webhook.

use anyhow::{Context, Result};
use aws_sdk_sns::Client;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sns::error::ProvideErrorMetadata;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Message, Topic};
use crate::batch::Fault;

fn client(topic: &Topic) -> Client {
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(topic.url())
        .region(Region::new("ap-northeast-1"))
        .credentials_provider(Credentials::new("AKIDTEST", "secret", None, None, "test"))
        .http_client(common::aws::http_client())
        .retry_config(
            RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(5)),
        )
        .build();
    Client::from_conf(config)
}

#[tokio::test]
async fn a_topic_takes_what_sns_takes() -> Result<()> {
    let topic = Topic::start().await?;
    let client = client(&topic);
    let text = r#"{"title":"3 件 failed & 100% + more"}"#;
    topic.fail(1);
    topic.disturb(Fault::Throttle, 1);
    let answer = client
        .publish()
        .topic_arn(topic.arn())
        .subject("失敗")
        .message(text)
        .send()
        .await?;
    assert!(answer.message_id.is_some());
    assert_eq!(topic.requests(), 3, "the SDK tried again");
    let messages = topic.wait_messages(1).await?;
    let [Message::Sns(parameters)] = &messages[..] else {
        anyhow::bail!("{messages:?}");
    };
    assert_eq!(parameters["Subject"], "失敗");
    assert_eq!(
        messages[0].json()?,
        json!({ "title": "3 件 failed & 100% + more" })
    );
    topic.expect_valid_bodies().await?;

    let other = client
        .publish()
        .topic_arn("arn:aws:sns:ap-northeast-1:1:other")
        .message(text)
        .send()
        .await;
    assert_eq!(other.expect_err("another topic").code(), Some("NotFound"));
    let empty = client
        .publish()
        .topic_arn(topic.arn())
        .message("")
        .send()
        .await;
    assert_eq!(
        empty.expect_err("nothing is said").code(),
        Some("InvalidParameter")
    );
    let lines = client
        .publish()
        .topic_arn(topic.arn())
        .message(text)
        .subject("a\nb")
        .send()
        .await;
    assert_eq!(
        lines.expect_err("two lines").code(),
        Some("InvalidParameter")
    );
    for (structure, message) in [
        ("json", text),
        ("json", "no JSON"),
        ("json", r#"{"default":{}}"#),
        ("xml", r#"{"default":"x"}"#),
    ] {
        let refused = client
            .publish()
            .topic_arn(topic.arn())
            .message_structure(structure)
            .message(message)
            .send()
            .await;
        let code = refused.expect_err(message).code().map(str::to_owned);
        assert_eq!(code.as_deref(), Some("InvalidParameter"), "{message}");
    }
    topic.disturb(Fault::Deny, 1);
    let denied = client
        .publish()
        .topic_arn(topic.arn())
        .message(text)
        .send()
        .await;
    assert_eq!(
        denied.expect_err("no right").code(),
        Some("AuthorizationError")
    );
    client
        .publish()
        .topic_arn(topic.arn())
        .message_structure("json")
        .message(r#"{"default":"{}","email":"plain"}"#)
        .send()
        .await?;
    let messages = topic.messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(
        (messages[1].by("email")?, messages[1].json()?),
        ("plain".to_owned(), json!({}))
    );
    topic.expect_valid_bodies().await
}

async fn post(topic: &Topic, body: &str) -> Result<String> {
    let url = topic.webhook();
    let (address, path) = url
        .trim_start_matches("http://")
        .split_once('/')
        .context("no path")?;
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let length = body.len();
    let request = format!(
        "POST /{path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).unwrap_or("no answer");
    let text = answer.rsplit("\r\n\r\n").next().unwrap_or_default();
    Ok(format!("{status} {text}"))
}

#[tokio::test]
async fn a_webhook_takes_what_slack_takes() -> Result<()> {
    let topic = Topic::start().await?;
    assert_eq!(post(&topic, r#"{"text":"hello"}"#).await?, "200 ok");
    assert_eq!(post(&topic, "{").await?, "400 invalid_payload");
    assert_eq!(post(&topic, "{}").await?, "400 no_text");
    topic.disturb(Fault::Throttle, 1);
    assert!(
        post(&topic, r#"{"text":"hello"}"#)
            .await?
            .starts_with("429")
    );
    topic.disturb(Fault::LoseAnswer, 1);
    assert_eq!(post(&topic, r#"{"text":"lost"}"#).await?, "no answer ");
    let told = [json!({ "text": "hello" }), json!({ "text": "lost" })].map(Message::Slack);
    assert_eq!(topic.messages(), told);
    Ok(())
}
