//! What is measured takes the place of what is assumed.

use common::ledger::{Ending, PastAttempt};

use super::*;

/// Documents of a hundred rows and a second each, in slots that followed each other by so many milliseconds.
fn job(period: &str, documents: i64, gap_ms: i64) -> PastJob {
    let attempt = |slot: i64| PastAttempt {
        slot,
        number: 1,
        started_ms: slot * (1000 + gap_ms),
        ended_ms: slot * (1000 + gap_ms) + 1000,
        ending: Ending::Succeeded,
        estimated_rows: 100,
        bytes: Some(50_000),
    };
    PastJob {
        run_id: period.to_owned(),
        period: period.parse().unwrap(),
        size_class: None,
        recorded_ms: 0,
        attempts: (0..documents).map(attempt).collect(),
    }
}

fn times(mut job: PastJob, factor: i64) -> PastJob {
    for attempt in &mut job.attempts {
        attempt.ended_ms += (factor - 1) * 1000;
    }
    job
}

fn local(jobs: &[PastJob]) -> Model {
    Model::of(jobs, &Place::of_cores(1, 2))
}

fn origin_of(model: &Model, what: &str) -> String {
    let told = model.assumptions.iter().find(|told| told.what == what);
    told.unwrap_or_else(|| panic!("{what} is not told"))
        .origin
        .clone()
}

#[test]
fn what_was_measured_takes_the_place_of_defaults() {
    let default = local(&[]);
    let told: Vec<&str> = default
        .assumptions
        .iter()
        .map(|told| told.origin.as_str())
        .collect();
    assert_eq!(told, [DEFAULT; 5], "{:?}", default.assumptions);
    let measured = local(&[job("2026-09", 200, 30)]);
    let pace = &measured.classes[0];
    assert!((pace.seconds.at(100.0) - 1.0).abs() < 0.01, "{pace:?}");
    assert!((pace.start_up - 0.03).abs() < 1e-9, "{pace:?}");
    assert!((measured.bytes.at(100.0) - 50_000.0).abs() < 1.0);
    for what in ["a document of this machine", "bytes of a document"] {
        assert_eq!(
            origin_of(&measured, what),
            "measured (200 attempts of 2026-09)"
        );
    }
}

#[test]
fn a_few_attempts_make_no_pace() {
    let what = "a document of this machine";
    assert_eq!(origin_of(&local(&[job("2026-09", 19, 30)]), what), DEFAULT);
    assert_ne!(origin_of(&local(&[job("2026-09", 20, 30)]), what), DEFAULT);
}

#[test]
fn a_class_has_its_own_pace_and_others_the_default() {
    let mut small = job("2026-09", 200, 30);
    small.size_class = Some("small".to_owned());
    let place = Place::on_aws("small:20:0.25:512:900,large::2:4096:900", 4);
    let model = Model::of(&[small], &place);
    assert!((model.classes[0].seconds.at(100.0) - 1.0).abs() < 0.01);
    assert!(model.classes[1].seconds.at(100.0) < 0.2);
    assert_ne!(origin_of(&model, "a document of class small"), DEFAULT);
    assert_eq!(origin_of(&model, "a document of class large"), DEFAULT);
}

#[test]
fn half_a_vcpu_is_half_as_fast_and_more_than_two_no_faster() {
    let seconds = |vcpu| default_seconds_on_aws(vcpu, 1e6) - default_seconds_on_aws(vcpu, 0.0);
    assert!((seconds(0.25) / seconds(1.0) - 4.0).abs() < 1e-6);
    assert!((seconds(2.0) / seconds(16.0) - 1.0).abs() < 1e-6);
    assert!(seconds(2.0) < seconds(1.0));
}

#[test]
fn a_slot_on_aws_begins_half_a_minute_after_its_launch() {
    let model = Model::of(&[], &Place::on_aws("all::1:2048:900", 4));
    assert!((model.classes[0].start_up - 30.0).abs() < 1e-9);
    // The first slots of a run's first job tell how long it was.
    let mut first = job("2026-09", 40, 0);
    first.recorded_ms = -45_000;
    for attempt in &mut first.attempts {
        (attempt.started_ms, attempt.ended_ms) = (0, 1000);
    }
    let mut second = first.clone();
    second.recorded_ms = -500_000;
    let model = Model::of(&[first, second], &Place::on_aws("all::1:2048:900", 4));
    assert!((model.classes[0].start_up - 45.0).abs() < 1e-9);
}

#[test]
fn attempts_that_came_to_nothing_are_expected_again() {
    let mut past = job("2026-09", 100, 30);
    for attempt in past.attempts.iter_mut().step_by(2) {
        attempt.ending = Ending::ToNothing;
    }
    // Half of a hundred, beside a hundred of the default.
    let aws = Place::on_aws("all::1:2048:900", 4);
    assert!((local(&[past.clone()]).to_nothing - 0.25).abs() < 1e-9);
    assert!((Model::of(&[past], &aws).to_nothing - 0.255).abs() < 1e-9);
    assert!(local(&[]).to_nothing < 1e-9);
    assert!((Model::of(&[], &aws).to_nothing - 0.01).abs() < 1e-9);
}

#[test]
fn two_months_tell_how_much_months_differ() {
    let months = |jobs: &[PastJob]| local(jobs).months_deviate;
    assert!((months(&[]) - MONTHS_DEVIATE).abs() < 1e-9);
    let (one, other) = (job("2026-08", 100, 30), job("2026-09", 100, 30));
    assert!((months(std::slice::from_ref(&one)) - MONTHS_LIKE_THE_LAST).abs() < 1e-9);
    assert!((months(&[one.clone(), other.clone()]) - MONTHS_DEVIATE_AT_LEAST).abs() < 1e-9);
    let twice = months(&[one, times(other, 2)]);
    assert!((twice - 2_f64.ln() / 2_f64.sqrt()).abs() < 0.01, "{twice}");
}

#[test]
fn what_was_measured_in_a_crowd_is_quicker_without_it() {
    // Four processes at a time on two cores, and then one.
    let mut crowd = job("2026-09", 200, 0);
    for attempt in &mut crowd.attempts {
        let lane = attempt.slot / 4;
        (attempt.started_ms, attempt.ended_ms) = (lane * 1000, lane * 1000 + 1000);
    }
    let seconds = |parallel| {
        let model = Model::of(&[crowd.clone()], &Place::of_cores(parallel, 2));
        model.classes[0].seconds.at(100.0)
    };
    assert!((seconds(4) - 1.0).abs() < 0.01, "{}", seconds(4));
    assert!((seconds(1) - 0.5).abs() < 0.01, "{}", seconds(1));
}

#[test]
fn a_slot_that_waited_says_nothing_of_starts() {
    let mut seconds = vec![1.0; 99];
    seconds.push(1000.0);
    assert!((trimmed_mean(&seconds) - 1.0).abs() < 1e-9);
    assert!((trimmed_mean(&[1.0, 2.0]) - 1.5).abs() < 1e-9);
}
