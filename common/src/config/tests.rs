use super::*;

fn settings() -> Settings {
    Settings::local()
}

#[test]
fn local_has_defaults_and_aws_has_none() {
    let config = settings().resolve().unwrap();
    assert_eq!(config.source_database_url, config.database_url);
    assert_eq!(config.lease, Duration::from_secs(30));

    let errors = Settings {
        deployment: "aws".into(),
        ..settings()
    }
    .resolve_all()
    .unwrap_err();
    let text = errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    for name in [
        "DATABASE_URL",
        "STORE_URL",
        "ALERTS",
        "STATEMENT_PROFILE",
        "BUSINESS_TIMEZONE",
    ] {
        assert!(text.contains(&format!("{name} is not set")), "{text}");
    }
}

#[test]
fn on_aws_the_database_is_verified_unless_said_otherwise() {
    for (url, connected) in [
        (
            "postgres://u@db/firm",
            "postgres://u@db/firm?sslmode=verify-full",
        ),
        (
            "postgresql://u@db/firm?sslrootcert=/ca.pem",
            "postgresql://u@db/firm?sslrootcert=/ca.pem&sslmode=verify-full",
        ),
        (
            "postgres://u@db/firm?sslmode=require",
            "postgres://u@db/firm?sslmode=require",
        ),
        ("sqlite://x.db", "sqlite://x.db"),
    ] {
        assert_eq!(
            DatabaseUrl::of(url.into(), Deployment::Aws).expose(),
            connected
        );
        assert_eq!(DatabaseUrl::of(url.into(), Deployment::Local).expose(), url);
    }
}

#[test]
fn alerts_go_to_the_log_a_topic_or_a_webhook() {
    let arn = "arn:aws:sns:ap-northeast-1:123456789012:alerts";
    assert_eq!(
        parse_alerts(&format!("sns:{arn}")).unwrap(),
        AlertsTo::Sns {
            topic_arn: arn.into()
        }
    );
    let webhook = "https://hooks.slack.com/services/T0/B0/secret";
    let to = parse_alerts(&format!("slack:{webhook}")).unwrap();
    assert_eq!(
        to,
        AlertsTo::Slack {
            webhook: webhook.into()
        }
    );
    assert!(!format!("{to} {to:?}").contains("secret"));
    for wrong in [
        "mail",
        "sns:alerts",
        "slack:hooks.slack.com/secret",
        "hooks.slack.com/services/secret",
        "slack:http://hooks.slack.com/secret",
        // The host is what the URL parser says.
        "slack:http://127.0.0.1:x@elsewhere.example/secret",
        "slack:http://127.0.0.1.elsewhere.example/secret",
        "slack:https://hooks.slack.com@elsewhere.example/secret",
        "slack:https://user:secret@hooks.slack.com/services/x",
        "",
    ] {
        let error = parse_alerts(wrong).unwrap_err().to_string();
        assert!(
            error.contains("ALERTS") && !error.contains("secret"),
            "{error}"
        );
    }
}

#[test]
fn every_unusable_setting_is_named() {
    let errors = Settings {
        store_url: Some("ftp://x".into()),
        business_timezone: Some("Asia/Tokio".into()),
        lease_seconds: Some("0".into()),
        alerts: Some("mail".into()),
        ..settings()
    }
    .resolve_all()
    .unwrap_err();
    assert_eq!(errors.len(), 4, "{errors:?}");
}

#[test]
fn settings_show_nothing_of_themselves() {
    let settings = Settings {
        database_url: Some("user:secret@db/firm".into()),
        store_url: Some("s3://key:secret@bucket".into()),
        ..settings()
    };
    assert!(!format!("{settings:?}").contains("secret"));
    let error = settings.resolve().unwrap_err().chain();
    assert!(
        error.contains("STORE_URL") && !error.contains("secret"),
        "{error}"
    );
}
