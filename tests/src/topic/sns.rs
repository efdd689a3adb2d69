//! SNS's query protocol: a form in, XML out.

use serde_json::{Map, Value};

use super::{Message, TOPIC_ARN};
use crate::batch::Fault;
use crate::loopback::{Answer, Request, uuid};

const XML_NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// SNS's limit of a message.
const MAX_MESSAGE_BYTES: usize = 262_144;
/// SNS wants a subject shorter than this, on one line.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const SUBJECT_CHARACTERS: usize = 100;

/// Why a request is refused.
struct Refusal {
    status: u16,
    code: &'static str,
    message: &'static str,
}

/// What is accepted, with SNS's answer, or its refusal.
pub(super) fn answer(
    request: &Request,
    fault: Option<Fault>,
    subscriptions: usize,
) -> Result<(Option<Message>, Answer), Answer> {
    let answered = match fault.and_then(refusal) {
        Some(refusal) => Err(refusal),
        None => perform(request, subscriptions),
    };
    answered.map_err(|refusal| refuse(&refusal))
}

fn refusal(fault: Fault) -> Option<Refusal> {
    let (status, code, message) = match fault {
        Fault::Throttle => (400, "Throttling", "Rate exceeded"),
        Fault::Fail => (500, "InternalError", "Internal error"),
        Fault::Deny => (
            403,
            "AuthorizationError",
            "The role is not authorized to publish",
        ),
        Fault::LoseAnswer | Fault::Slow(_) | Fault::AnswerLate(_) => return None,
    };
    Some(Refusal {
        status,
        code,
        message,
    })
}

fn perform(request: &Request, subscriptions: usize) -> Result<(Option<Message>, Answer), Refusal> {
    if !request.is_signed_for("sns") {
        return Err(Refusal {
            status: 403,
            code: "MissingAuthenticationToken",
            message: "Request is missing Authentication Token",
        });
    }
    let mut parameters = form(&request.body);
    let (action, version) = (parameters.remove("Action"), parameters.remove("Version"));
    if version != Some("2010-03-31".into()) {
        return Err(no_operation());
    }
    if parameters.get("TopicArn") != Some(&TOPIC_ARN.into()) {
        return Err(Refusal {
            status: 404,
            code: "NotFound",
            message: "Topic does not exist",
        });
    }
    match action.as_ref().and_then(Value::as_str) {
        Some("Publish") => publish(parameters).map(|message| (Some(message), accept())),
        Some("GetTopicAttributes") => Ok((None, attributes(subscriptions))),
        _ => Err(no_operation()),
    }
}

fn no_operation() -> Refusal {
    Refusal {
        status: 400,
        code: "InvalidAction",
        message: "Could not find operation",
    }
}

fn publish(parameters: Map<String, Value>) -> Result<Message, Refusal> {
    let invalid = |message| Refusal {
        status: 400,
        code: "InvalidParameter",
        message,
    };
    let text = |name| parameters.get(name).and_then(Value::as_str);
    match text("Message") {
        None | Some("") => return Err(invalid("Invalid parameter: Empty message")),
        Some(message) if message.len() > MAX_MESSAGE_BYTES => {
            return Err(invalid("Invalid parameter: Message too long"));
        }
        Some(_) => {}
    }
    match text("MessageStructure") {
        None => {}
        Some("json") => structured(text("Message").unwrap_or_default()).map_err(invalid)?,
        Some(_) => return Err(invalid("Invalid parameter: MessageStructure")),
    }
    let subject = text("Subject").unwrap_or("-");
    let characters = subject.chars().count();
    if !(1..SUBJECT_CHARACTERS).contains(&characters) || subject.contains(char::is_control) {
        return Err(invalid("Invalid parameter: Subject"));
    }
    Ok(Message::Sns(parameters))
}

/// Texts by protocol, one of them for whoever has none of his own.
fn structured(message: &str) -> Result<(), &'static str> {
    let Ok(Value::Object(texts)) = serde_json::from_str(message) else {
        return Err("Invalid parameter: Message Structure - JSON message body failed to parse");
    };
    match texts.get("default") {
        Some(Value::String(_)) if texts.values().all(Value::is_string) => Ok(()),
        Some(_) => Err("Invalid parameter: Message Structure - a message is no text"),
        None => Err("Invalid parameter: Message Structure - No default entry in JSON message body"),
    }
}

/// Of the topic, as far as anybody asks.
fn attributes(subscriptions: usize) -> Answer {
    let request = uuid();
    xml(
        200,
        format!(
            "<GetTopicAttributesResponse xmlns=\"{XML_NAMESPACE}\"><GetTopicAttributesResult><Attributes>\
             <entry><key>TopicArn</key><value>{TOPIC_ARN}</value></entry>\
             <entry><key>SubscriptionsConfirmed</key><value>{subscriptions}</value></entry>\
             </Attributes></GetTopicAttributesResult>\
             <ResponseMetadata><RequestId>{request}</RequestId></ResponseMetadata></GetTopicAttributesResponse>"
        ),
    )
}

fn accept() -> Answer {
    let (message, request) = (uuid(), uuid());
    xml(
        200,
        format!(
            "<PublishResponse xmlns=\"{XML_NAMESPACE}\"><PublishResult><MessageId>{message}</MessageId></PublishResult>\
             <ResponseMetadata><RequestId>{request}</RequestId></ResponseMetadata></PublishResponse>"
        ),
    )
}

fn refuse(refusal: &Refusal) -> Answer {
    let Refusal {
        status,
        code,
        message,
    } = refusal;
    let fault = if *status < 500 { "Sender" } else { "Receiver" };
    let request = uuid();
    xml(
        *status,
        format!(
            "<ErrorResponse xmlns=\"{XML_NAMESPACE}\"><Error><Type>{fault}</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>"
        ),
    )
}

fn xml(status: u16, body: String) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "text/xml".to_owned())],
        body,
    }
}

/// The fields of a form.
fn form(body: &[u8]) -> Map<String, Value> {
    let fields = body.split(|&byte| byte == b'&');
    fields
        .filter(|field| !field.is_empty())
        .map(|field| {
            let mut halves = field.splitn(2, |&byte| byte == b'=');
            let mut half = || decoded(halves.next().unwrap_or_default());
            (half(), half().into())
        })
        .collect()
}

/// `+` is a blank, `%E5` a byte.
fn decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, others)) = rest.split_first() {
        let hex = others
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        rest = others;
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &others[2..];
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
