//! Answers that are pages for people: a proxy, a portal or another server stands where a service of AWS should.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use crate::Error;

/// What is shown of a page's title.
const TITLE_CHARACTERS: usize = 80;

/// A page for people that answered a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WebPage {
    status: u16,
    title: String,
}

/// The page that answered, if one did.
pub(super) fn answered<E>(error: &SdkError<E, HttpResponse>) -> Option<WebPage> {
    let response = error.raw_response()?;
    let content_type = response.headers().get("content-type").unwrap_or_default();
    let body = response.body().bytes().unwrap_or_default();
    WebPage::of(response.status().as_u16(), content_type, body)
}

/// Whether an answer is a page for people, by its type or by how it begins.
pub fn is_web_page(content_type: &str, body: &[u8]) -> bool {
    let begins = |with: &str| {
        let beginning = body.trim_ascii_start().get(..with.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(with.as_bytes()))
    };
    content_type.to_ascii_lowercase().starts_with("text/html")
        || begins("<!doctype html")
        || begins("<html")
}

impl WebPage {
    fn of(status: u16, content_type: &str, body: &[u8]) -> Option<Self> {
        is_web_page(content_type, body).then(|| Self {
            status,
            title: title(&String::from_utf8_lossy(body)),
        })
    }

    /// A page with which somebody says that he is overloaded passes; any other is there again the next time.
    pub(super) fn error(&self, doing: &str) -> Error {
        let Self { status, title } = self;
        let message = format!(
            "{doing}: no service of AWS answered, but a web page (status {status}, title {title:?}); a proxy, a portal or another \
             server is between: check HTTPS_PROXY, NO_PROXY and AWS_ENDPOINT_URL"
        );
        match status {
            429 | 500.. => Error::retry("aws", message),
            _ => Error::config(message),
        }
    }
}

fn title(page: &str) -> String {
    // ASCII only, so that places in the text stay.
    let lower = page.to_ascii_lowercase();
    let inside = || {
        let open = lower.find("<title")?;
        let begin = open + lower[open..].find('>')? + 1;
        let end = begin + lower[begin..].find('<')?;
        Some(page[begin..end].trim())
    };
    inside()
        .unwrap_or_default()
        .chars()
        .take(TITLE_CHARACTERS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;

    #[test]
    fn pages_are_told_from_what_services_answer() {
        let page = b"\n<!DOCTYPE html><html><head><TITLE lang='en'> Sign in </TITLE>";
        let found = WebPage::of(403, "", page).unwrap();
        assert_eq!((found.status, &*found.title), (403, "Sign in"));
        assert_eq!(found.error("x").class(), Class::Config);
        assert!(
            found
                .error("x")
                .to_string()
                .contains("a web page (status 403, title \"Sign in\")")
        );
        let overloaded = WebPage::of(503, "text/html; charset=utf-8", b"").unwrap();
        assert_eq!(overloaded.error("x").class(), Class::Retry);
        for (content_type, body) in [
            (
                "application/xml",
                "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>",
            ),
            ("application/x-amz-json-1.1", "{\"message\":\"<html>\"}"),
            ("", ""),
        ] {
            assert_eq!(
                WebPage::of(403, content_type, body.as_bytes()),
                None,
                "{body}"
            );
        }
    }
}
