//! An alert as text: for SNS Amazon Q Developer's custom notification, and plain text with a subject for e-mail; Slack's markup for a
//! webhook; a line for the log.

use serde_json::{Map, json};

use super::Alert;

/// Limits of a custom notification.
const MAX_TITLE: usize = 250;
const MAX_DESCRIPTION: usize = 8_000;

/// Slack shows some 4,000 characters of a message well; title and steps need their share of them.
const MAX_WEBHOOK_DESCRIPTION: usize = 2_500;

/// SNS takes fewer than a hundred, and mail programs show ASCII wherever they are.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const MAX_SUBJECT: usize = 99;

/// Ours: steps, keywords and the thread's id are short, and the sum stays far below the 256 KiB of SNS.
const MAX_STEP: usize = 500;
const MAX_LINE: usize = 1_000;
const MAX_KEYWORD: usize = 100;

/// The message for SNS, by the protocols of its subscribers (`MessageStructure=json`): people read e-mail, and everybody else, Amazon Q
/// Developer by HTTPS among them, gets the notification.
pub fn by_protocol(alert: &Alert) -> String {
    json!({"default": custom_notification(alert), "email": plain_text(alert)}).to_string()
}

/// The subject of an e-mail.
pub fn subject(alert: &Alert) -> String {
    let ascii = |char: char| if char.is_ascii() { char } else { '?' };
    let title: String = alert.title.chars().map(ascii).collect();
    shown(title.trim_start(), MAX_SUBJECT, "...", |_| "")
}

/// The alert for a person's mail program. The command has a line of its own, as it is to be pasted.
fn plain_text(alert: &Alert) -> String {
    let plain = |text: &str, limit| shown(text, limit, "…", |_| "");
    let mut text = vec![plain(&alert.title, MAX_TITLE), String::new()];
    text.push(plain(alert.meaning, MAX_DESCRIPTION));
    text.extend(lines(alert).iter().map(|line| plain(line, MAX_LINE)));
    text.push(runbook(alert));
    text.push(String::new());
    text.push(plain(&alert.command, MAX_STEP));
    text.join("\n")
}

/// The notification that Amazon Q Developer in chat applications shows in the run's thread.
pub fn custom_notification(alert: &Alert) -> String {
    let title = slack(&alert.title, MAX_TITLE);
    let period = alert.about.as_ref().map(|about| about.period.to_string());
    let run_id = alert.about.as_ref().and_then(|about| about.run_id.clone());
    let thread = run_id.as_ref().or(period.as_ref());
    let words = [Some(&alert.cause), period.as_ref(), run_id.as_ref()];
    let keywords: Vec<_> = words
        .into_iter()
        .flatten()
        .map(|word| slack(word, MAX_KEYWORD))
        .collect();
    let mut context = Map::new();
    let documents = alert.documents.map(|documents| documents.to_string());
    for (key, value) in [
        ("cause", Some(alert.cause.clone())),
        ("period", period.clone()),
        ("run_id", run_id.clone()),
        ("documents", documents),
        ("runbook", Some(alert.runbook.to_owned())),
    ] {
        if let Some(value) = value {
            context.insert(key.to_owned(), json!(slack(&value, MAX_KEYWORD)));
        }
    }
    json!({
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": description(alert, MAX_DESCRIPTION),
            "nextSteps": steps(alert),
            "keywords": keywords,
        },
        "metadata": {
            "threadId": slack(thread.map_or("statement-export", String::as_str), MAX_KEYWORD),
            "summary": title,
            "additionalContext": context,
        },
    })
    .to_string()
}

/// The body for a Slack webhook.
pub fn webhook_body(alert: &Alert) -> String {
    let title = slack(&alert.title, MAX_TITLE);
    let description = description(alert, MAX_WEBHOOK_DESCRIPTION);
    let steps = steps(alert).join("\n");
    json!({"text": format!("*{title}*\n{description}\n{steps}")}).to_string()
}

/// The alert on one line of the log.
pub fn log_line(alert: &Alert) -> String {
    let mut line = format!("{}. {}", alert.title, alert.meaning);
    for fact in lines(alert) {
        line.push(' ');
        line.push_str(&fact);
        line.push('.');
    }
    line.replace(char::is_control, " ")
}

/// What the alert means and what it is about, a line each.
fn description(alert: &Alert, limit: usize) -> String {
    let mut description = slack(alert.meaning, limit);
    for line in lines(alert) {
        let left = limit.saturating_sub(description.chars().count() + 1);
        if left == 0 {
            break;
        }
        description.push('\n');
        description.push_str(&slack(&line, left));
    }
    description
}

fn lines(alert: &Alert) -> Vec<String> {
    let mut lines = alert.facts.clone();
    if !alert.examples.is_empty() {
        let ids: Vec<_> = alert.examples.iter().map(ToString::to_string).collect();
        lines.push(format!("For example {}", ids.join(", ")));
    }
    if let Some(about) = &alert.about {
        lines.push(match &about.run_id {
            Some(run_id) => format!("Period {}, run {run_id}", about.period),
            None => format!("Period {}", about.period),
        });
    }
    lines
}

/// Where to read on, and the line to paste.
fn steps(alert: &Alert) -> [String; 2] {
    [runbook(alert), format!("`{}`", code(&alert.command))]
}

fn runbook(alert: &Alert) -> String {
    format!("Runbook: runbooks/{}.md", alert.runbook)
}

/// A command between backticks, one of which would end it. Of `&` not every client that shows a notification takes the escape back,
/// and a shell reads what is shown; alone it means nothing to Slack. `<` and `>`, which do, are in no command of ours.
fn code(command: &str) -> String {
    let escape = |char| if char == '&' { "" } else { slack_escape(char) };
    shown(&command.replace('`', "'"), MAX_STEP - 2, "…", escape)
}

/// The text as Slack shows it literally, on one line, of at most `limit` characters, escapes counted.
fn slack(text: &str, limit: usize) -> String {
    shown(text, limit, "…", slack_escape)
}

fn slack_escape(char: char) -> &'static str {
    match char {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        _ => "",
    }
}

/// The text on one line, of at most `limit` characters, escapes counted; what is cut off ends with `ellipsis`.
fn shown(
    text: &str,
    limit: usize,
    ellipsis: &str,
    escape_of: impl Fn(char) -> &'static str,
) -> String {
    let room = limit.saturating_sub(ellipsis.chars().count());
    let mut escaped = String::new();
    let mut length = 0;
    // Where it is cut if more comes than fits: before the ellipsis' place.
    let mut cut = 0;
    for char in text.chars() {
        let char = if char.is_control() { ' ' } else { char };
        let escape = escape_of(char);
        length += escape.len().max(1);
        if length > limit {
            escaped.truncate(cut);
            if limit > 0 {
                escaped.push_str(ellipsis);
            }
            return escaped;
        }
        if escape.is_empty() {
            escaped.push(char);
        } else {
            escaped.push_str(escape);
        }
        if length <= room {
            cut = escaped.len();
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::slack;

    #[test]
    fn slacks_markup_is_escaped_and_controls_are_blanks() {
        assert_eq!(slack("a<!channel>&b", 50), "a&lt;!channel&gt;&amp;b");
        assert_eq!(slack("a\nb\tc\u{7f}d\u{85}e", 50), "a b c d e");
    }

    #[test]
    fn a_text_is_cut_between_escapes_and_never_longer_than_its_limit() {
        assert_eq!(slack("abcde", 5), "abcde");
        assert_eq!(slack("abcdef", 5), "abcd…");
        assert_eq!(slack("ab&&", 8), "ab&amp;…");
        assert_eq!(slack("顧客明細書", 4), "顧客明…");
        assert_eq!(slack("ab", 0), "");
        for limit in 1..40 {
            let cut = slack(&"<&>x".repeat(10), limit);
            assert!(cut.chars().count() <= limit, "{limit}: {cut}");
            assert!(cut.ends_with('…'), "{limit}: {cut}");
            let entities = cut.matches('&').count();
            assert_eq!(entities, cut.matches(';').count(), "{limit}: {cut}");
        }
    }
}
