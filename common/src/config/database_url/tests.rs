use super::*;

#[test]
fn a_url_is_shown_without_its_password_and_parameters() {
    for (url, shown) in [
        (
            "postgres://user:p@ss@db:5432/firm?sslmode=require",
            "postgres://user@db:5432/firm",
        ),
        (
            "postgres://user@db/firm?password=pass",
            "postgres://user@db/firm",
        ),
        (
            "postgresql://u%40firm:x@db.example/firm",
            "postgresql://u%40firm@db.example/firm",
        ),
        ("postgres:///firm?host=/run/postgresql", "postgres:///firm"),
        (
            "postgres://u@[::1]:5433/firm",
            "postgres://u@[::1]:5433/firm",
        ),
        ("sqlite://var/x.db?mode=ro", "sqlite://var/x.db"),
        ("sqlite:/data/a@b/x.db", "sqlite:///data/a@b/x.db"),
        ("sqlite::memory:", "sqlite://:memory:"),
    ] {
        assert_eq!(DatabaseUrl::new(url).to_string(), shown);
    }
}

#[test]
fn ignored_parameters_are_told_by_number() {
    let ignored = |url: &str| DatabaseUrl::new(url).ignored_parameters();
    let known = "postgres://u@db/firm?sslmode=require&options[search_path]=x";
    assert!(ignored(known).is_empty());
    assert_eq!(
        ignored("postgres://u@db/firm?sslmod=require&user=x&passwort=y"),
        [1, 3]
    );
    assert!(ignored("sqlite://x?passwort=y").is_empty());
    assert!(ignored("no URL").is_empty());
}
