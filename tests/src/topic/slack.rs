//! Slack's incoming webhooks: JSON in, a word as text out.

use serde_json::Value;

use super::Message;
use crate::batch::Fault;
use crate::loopback::{Answer, Request};

/// What is accepted, with Slack's answer, or its refusal.
pub(super) fn answer(request: &Request, fault: Option<Fault>) -> Result<(Message, Answer), Answer> {
    match fault {
        Some(Fault::Throttle) => {
            let mut answer = text(429, "rate_limited");
            answer.headers.push(("retry-after", "1".to_owned()));
            return Err(answer);
        }
        Some(Fault::Fail) => return Err(text(500, "rollup_error")),
        Some(Fault::Deny) => return Err(text(403, "action_prohibited")),
        None | Some(Fault::LoseAnswer | Fault::Slow(_) | Fault::AnswerLate(_)) => {}
    }
    let is_json = request
        .header("content-type")
        .starts_with("application/json");
    match serde_json::from_slice::<Value>(&request.body) {
        Ok(Value::Object(body)) if is_json => {
            if body.contains_key("text") || body.contains_key("blocks") {
                Ok((Message::Slack(Value::Object(body)), text(200, "ok")))
            } else {
                Err(text(400, "no_text"))
            }
        }
        _ => Err(text(400, "invalid_payload")),
    }
}

fn text(status: u16, word: &str) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "text/html".to_owned())],
        body: word.to_owned(),
    }
}
