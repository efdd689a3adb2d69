//! Over HTTP, with a server of a few lines.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use aws_sdk_sns::config::{BehaviorVersion, Builder, Credentials};
use common::Class;

use super::super::message::subject;
use super::super::topic::Topic;
use super::super::webhook::Webhook;
use super::*;

const SECRET: &str = "T0123/B4567/s3cr3tt0ken";
const ARN: &str = "arn:aws:sns:ap-northeast-1:123456789012:alerts";
const SOON: Duration = Duration::from_millis(1);

/// Answers a request each with a status line, headers and a body, and returns the requests.
fn server(answers: &'static [(&'static str, &'static str)]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for (head, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !is_whole(&request) {
                let read = stream.read(&mut buffer).unwrap();
                assert!(read > 0, "the request ends early");
                request.extend_from_slice(&buffer[..read]);
            }
            requests.push(String::from_utf8(request).unwrap());
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .unwrap();
        }
        requests
    });
    (address, requests)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| body.len() >= length.parse().unwrap())
}

fn webhook(address: &str) -> Webhook {
    let url = format!("{address}/services/{SECRET}");
    Webhook::with(&url, Duration::from_secs(5), [SOON, SOON])
}

#[tokio::test]
async fn a_webhook_is_posted_json() {
    let (address, requests) = server(&[("200 OK", "ok")]);
    let alert = failed("timeout", 3);
    webhook(&address).post(&webhook_body(&alert)).await.unwrap();
    let requests = requests.join().unwrap();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with(&format!("POST /services/{SECRET} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(body, webhook_body(&alert));
}

#[tokio::test]
async fn a_webhook_is_tried_three_times() {
    let (address, requests) = server(&[
        ("503 Service Unavailable", ""),
        ("429 Too Many Requests\r\nretry-after: 0", "slow down"),
        ("200 OK", "ok"),
    ]);
    webhook(&address).post("{}").await.unwrap();
    assert_eq!(requests.join().unwrap().len(), 3);

    let (address, requests) = server(&[
        ("500 No", ""),
        ("500 No", ""),
        ("500 No", "s3cr3tt0ken is broken"),
    ]);
    let error = webhook(&address).post("{}").await.unwrap_err();
    assert_eq!(requests.join().unwrap().len(), 3);
    assert_eq!(error.class(), Class::Retry);
    assert!(!error.chain().contains("s3cr3tt0ken"), "{}", error.chain());
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_not_tried_again() {
    let (address, requests) = server(&[("404 Not Found", "no_service")]);
    let error = webhook(&address).post("{}").await.unwrap_err();
    assert_eq!(requests.join().unwrap().len(), 1);
    assert_eq!(error.class(), Class::Config);
    assert!(
        error.chain().contains("404: no_service"),
        "{}",
        error.chain()
    );
}

#[tokio::test]
async fn a_web_page_is_no_answer_of_slack_whatever_its_status() {
    for status in ["200 OK", "403 Forbidden"] {
        let answer = vec![(status, "<!DOCTYPE html><html>Sign in</html>")];
        let (address, requests) = server(answer.leak());
        let error = webhook(&address).post("{}").await.unwrap_err();
        assert_eq!(requests.join().unwrap().len(), 1);
        assert_eq!(error.class(), Class::Config);
        assert!(error.to_string().contains("a web page"), "{error}");
    }
}

#[tokio::test]
async fn a_webhook_that_nobody_answers_is_given_up_without_naming_it() {
    // Bound and never accepted: connections stand, answers do not come.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!(
        "http://{}/services/{SECRET}",
        listener.local_addr().unwrap()
    );
    let closed = "http://127.0.0.1:1/services/T0123/B4567/s3cr3tt0ken";
    for (url, reason) in [
        (silent.as_str(), "did not answer in time"),
        (closed, "refused"),
        ("https://no url/s3cr3tt0ken", "is not a URL"),
    ] {
        let webhook = Webhook::with(url, Duration::from_millis(200), [SOON, SOON]);
        let error = webhook.post("{}").await.unwrap_err();
        let text = format!("{} {error:?}", error.chain());
        assert!(text.contains(reason), "{text}");
        assert!(
            !text.contains("s3cr3tt0ken") && !text.contains("T0123"),
            "{text}"
        );
    }
}

fn topic(address: &str) -> Topic {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("id", "key", None, None, "test"))
        .http_client(common::aws::http_client())
        .endpoint_url(address);
    Topic::with(config, ARN)
}

#[tokio::test]
async fn a_topic_is_published_the_notification() {
    let (address, requests) = server(&[(
        "200 OK\r\ncontent-type: text/xml",
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
         <MessageId>1</MessageId></PublishResult></PublishResponse>",
    )]);
    let alert = failed("timeout", 3);
    topic(&address)
        .publish(subject(&alert), by_protocol(&alert))
        .await
        .unwrap();
    let requests = requests.join().unwrap();
    let (head, form) = requests[0].split_once("\r\n\r\n").unwrap();
    // Signed for the topic's region.
    assert!(head.contains("/ap-northeast-1/sns/aws4_request"), "{head}");
    assert!(form.contains("Action=Publish"), "{form}");
    assert!(
        form.contains("&Message=%7B%22default%22%3A%22%7B"),
        "{form}"
    );
    assert!(form.contains("&MessageStructure=json"), "{form}");
    assert!(form.contains("client-markdown"), "{form}");
    assert!(
        form.contains("&Subject=3%20documents%20of%202026-10%20failed%3A%20timeout"),
        "{form}"
    );
}

#[tokio::test]
async fn a_topic_that_refuses_says_why() {
    let (address, requests) = server(&[(
        "403 Forbidden\r\ncontent-type: text/xml",
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
         <Code>AuthorizationError</Code><Message>no sns:Publish</Message></Error></ErrorResponse>",
    )]);
    let error = topic(&address)
        .publish("x".to_owned(), "{}".to_owned())
        .await
        .unwrap_err();
    assert_eq!(requests.join().unwrap().len(), 1);
    assert_eq!(error.class(), Class::Config);
    assert!(
        error.chain().contains("AuthorizationError: no sns:Publish"),
        "{}",
        error.chain()
    );
}

#[tokio::test]
async fn an_alert_that_cannot_be_delivered_fails_nothing() {
    let alert = failed("timeout", 3);
    assert!(Alerts::new(&AlertsTo::Log).send(&alert).await);
    let (address, requests) = server(&[("404 Not Found", "no_service")]);
    let to = AlertsTo::Slack {
        webhook: format!("{address}/services/{SECRET}"),
    };
    assert!(!Alerts::new(&to).send(&alert).await);
    assert_eq!(requests.join().unwrap().len(), 1);
}
