use super::*;

const UNITS: [&str; 4] = ["Count", "Bytes", "Seconds", "Milliseconds"];

fn now() -> Timestamp {
    "2026-11-01T00:10:00.25+09:00".parse().unwrap()
}

fn document() -> DocumentId {
    "2026-10.trade.A0001".parse().unwrap()
}

fn attempt_with(outcome: AttemptOutcome) -> Value {
    let document = document();
    let line = attempt_line(
        &AttemptMetrics {
            document: &document,
            run_id: "2026-10-x",
            attempt: 2,
            duration: Duration::from_micros(1_234_567),
            outcome,
        },
        now(),
    );
    checked(&line)
}

fn members(object: &Value) -> Vec<&str> {
    let mut members: Vec<_> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    members
}

/// Parses a line and holds it against the rules of the specification.
fn checked(line: &str) -> Value {
    assert_eq!(line.matches('\n').count(), 1, "{line}");
    assert!(line.ends_with('\n') && line.len() < 4096, "{line}");
    let root: Value = serde_json::from_str(line).unwrap();
    let aws = root["_aws"].as_object().unwrap();
    assert_eq!(members(&root["_aws"]), ["CloudWatchMetrics", "Timestamp"]);
    assert_eq!(aws["Timestamp"], json!(1_793_459_400_250_i64));
    for directive in aws["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(members(directive), ["Dimensions", "Metrics", "Namespace"]);
        let namespace = directive["Namespace"].as_str().unwrap();
        assert!((1..=1024).contains(&namespace.len()) && !namespace.starts_with("AWS/"));
        let sets = directive["Dimensions"].as_array().unwrap();
        assert!(!sets.is_empty());
        for set in sets {
            let keys = set.as_array().unwrap();
            assert!(keys.len() <= 30);
            for key in keys {
                let value = root[key.as_str().unwrap()].as_str().unwrap();
                assert!((1..=1024).contains(&value.len()), "{value}");
                assert!(value.bytes().all(|byte| byte.is_ascii_graphic()), "{value}");
                assert!(!value.starts_with(':'), "{value}");
            }
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            assert!((1..=1024).contains(&name.len()));
            assert!(
                UNITS.contains(&metric["Unit"].as_str().unwrap()),
                "{metric}"
            );
            assert!(root[name].is_number(), "{name} of {line}");
        }
    }
    root
}

#[test]
fn a_published_document_has_rows_bytes_and_duration() {
    let root = attempt_with(AttemptOutcome::Succeeded {
        rows: 30,
        bytes: 9_000,
    });
    let directive = &root["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Dimensions"], json!([["kind", "outcome"]]));
    assert_eq!(
        (&root["kind"], &root["outcome"]),
        (&json!("trade"), &json!("succeeded"))
    );
    assert_eq!(root["AttemptDuration"], json!(1_234));
    assert_eq!(
        (&root["DocumentRows"], &root["DocumentBytes"]),
        (&json!(30), &json!(9_000))
    );
    assert_eq!(root["document_id"], json!("2026-10.trade.A0001"));
    assert_eq!(
        (&root["run_id"], &root["attempt"]),
        (&json!("2026-10-x"), &json!(2))
    );
}

#[test]
fn a_failed_attempt_has_a_cause_and_never_its_text() {
    for (error, outcome) in [
        (Error::data("cash", "12,345 JPY are missing"), "failed"),
        (Error::bug("12,345"), "failed"),
        (Error::retry("database", "12,345"), "given_back"),
        (Error::config("12,345"), "given_back"),
    ] {
        let root = attempt_with(AttemptOutcome::Failed(&error));
        assert_eq!(root["outcome"], json!(outcome));
        assert_eq!(root["cause"], json!(error.cause()));
        assert!(root.get("DocumentRows").is_none(), "{root}");
        assert!(!root.to_string().contains("12,345"), "{root}");
    }
}

#[test]
fn a_period_has_every_state_its_causes_and_the_age_of_its_queue() {
    let states: BTreeMap<State, i64> = State::ALL.into_iter().map(|state| (state, 7)).collect();
    let failed = [("cash".to_owned(), 3), ("a\n\"b\" 顧客".to_owned(), 4)];
    let lines = document_lines(
        &DocumentMetrics {
            period: document().period,
            states: &states,
            failed: &failed,
            oldest_waiting: Some(Duration::from_secs(90)),
        },
        now(),
    );
    let roots: Vec<Value> = lines.iter().map(|line| checked(line)).collect();
    assert_eq!(roots.len(), State::ALL.len() + failed.len() + 1);
    for (state, root) in State::ALL.into_iter().zip(&roots) {
        assert_eq!(
            (&root["state"], &root["Documents"]),
            (&json!(state.as_str()), &json!(7))
        );
        assert_eq!(root["period"], json!("2026-10"));
        assert!(root.get("run_id").is_none(), "{root}");
    }
    let causes = &roots[State::ALL.len()..];
    assert_eq!(
        (&causes[0]["cause"], &causes[0]["FailedDocuments"]),
        (&json!("cash"), &json!(3))
    );
    assert_eq!(causes[1]["cause"], json!("a__b____"));
    let age = &roots[roots.len() - 1];
    assert_eq!(age["QueueAge"], json!(90));
    assert_eq!(
        age["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        json!([[]])
    );
}

#[test]
fn metrics_are_written_on_aws_only_and_never_into_an_answer() {
    let of = |deployment, json| Metrics::new(deployment).beside_answer(json).output;
    assert_eq!(of(Deployment::Local, false), Output::Nowhere);
    assert_eq!(of(Deployment::Local, true), Output::Nowhere);
    assert_eq!(of(Deployment::Aws, false), Output::Stdout);
    assert_eq!(of(Deployment::Aws, true), Output::Stderr);
}
