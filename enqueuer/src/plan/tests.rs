//! What a plan says of its figures: deadline, cost, connections, remarks.

use super::*;

/// A plan for a run that begins at nine.
fn planned(place: Place, rows: Vec<i64>, documents_per_slot: u32) -> Plan {
    let due = Due {
        packable: rows,
        alone: Vec::new(),
    };
    let model = Model::of(&[], &place);
    let (_, packed) = scenario(&due, &model, &place, documents_per_slot).pack();
    Plan {
        documents_per_slot,
        documents: due.documents(),
        rows: due.rows(),
        bytes: bytes(&due, &model),
        packed,
        distribution: Distribution {
            p50: 100.0,
            p95: 200.0,
            busy: vec![1800.0; place.classes().len()],
            billed: vec![3600.0; place.classes().len()],
            at_peak: 4,
            replications: 1,
        },
        start: nine(),
        deadline: None,
        vcpu_hours: 0.0,
        cost_usd: 0.0,
        connections: connections(4, None),
        with_others: 0,
        settled: Settled::default(),
        excused: 0,
        findings: common::agreement::Findings::default(),
        remarks: Vec::new(),
        place,
        model,
    }
}

fn scenario<'a>(
    due: &'a Due,
    model: &'a Model,
    place: &'a Place,
    documents_per_slot: u32,
) -> Scenario<'a> {
    Scenario {
        due,
        model,
        place,
        documents_per_slot,
        begins_at: 0.0,
    }
}

fn nine() -> Timestamp {
    "2026-11-02T09:00:00+09:00".parse().unwrap()
}

fn tokyo() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap()
}

fn connections(converters: u32, budget: Option<u32>) -> Connections {
    Connections {
        converters,
        per_converter: 2,
        budget,
    }
}

const PRICES: Prices = Prices {
    vcpu_hour_usd: 0.04,
    gib_hour_usd: 0.01,
};

fn remarks(mut plan: Plan) -> Vec<String> {
    plan.remark(&PRICES);
    plan.remarks
}

#[test]
fn a_deadline_is_counted_from_the_start_to_the_p95() {
    let place = Place::on_aws("all::0.25:512:900", 4);
    let due = Due {
        packable: vec![10; 8],
        alone: Vec::new(),
    };
    let model = Model::of(&[], &place);
    let at = |instant: &str| {
        deadline(
            scenario(&due, &model, &place, 1),
            nine(),
            instant.parse().unwrap(),
            200.0,
        )
    };
    let met = at("2026-11-02T09:03:20+09:00");
    assert!(met.is_met() && met.left.abs() < 1e-9, "to the second");
    let missed = at("2026-11-02T09:03:19+09:00");
    assert!(!missed.is_met() && (missed.left + 1.0).abs() < 1e-9);
    let past = at("2026-11-02T09:00:00+09:00");
    assert_eq!(
        past.suggestions.unwrap_err(),
        "it lies before the start",
        "nothing is searched for"
    );
}

#[test]
fn as_many_connections_as_there_may_be_are_not_too_many() {
    assert_eq!(connections(4, Some(8)).warning(), None);
    assert_eq!(connections(4, None).warning(), None);
    let warning = connections(4, Some(7)).warning().unwrap();
    assert!(warning.contains("may hold 8 connections"), "{warning}");
    let apart = |budget| Connections {
        per_converter: 1,
        ..connections(4, Some(budget))
    };
    assert_eq!(apart(4).warning(), None);
    assert!(apart(3).warning().is_some());
}

#[test]
fn fargate_bills_and_this_machine_is_only_busy() {
    let aws = planned(Place::on_aws("all::2:4096:900", 4), vec![10], 1);
    let (hours, cost) = PRICES.of(&aws.place, &aws.distribution);
    assert!((hours - 2.0).abs() < 1e-9, "{hours}");
    assert!((cost - (2.0 * 0.04 + 4.0 * 0.01)).abs() < 1e-9, "{cost}");
    let local = planned(Place::of_cores(2, 2), vec![10], 1);
    let (hours, cost) = PRICES.of(&local.place, &local.distribution);
    assert!((hours - 0.5).abs() < 1e-9, "{hours}");
    assert!(cost < 1e-9, "{cost}");
}

#[test]
fn many_slots_are_to_be_packed() {
    let place = || Place::on_aws("all::0.25:512:900", 4);
    let few = remarks(planned(place(), vec![10; 50_000], 1));
    assert_eq!(few, [""; 0]);
    let many = remarks(planned(place(), vec![10; 50_001], 1));
    assert!(
        many.len() == 1 && many[0].ends_with("e.g. --documents-per-slot 20."),
        "{many:?}"
    );
    assert_eq!(
        remarks(planned(place(), vec![10; 50_001], 2)),
        [""; 0],
        "as told"
    );
    let local = planned(Place::of_cores(2, 2), vec![10; 50_001], 1);
    assert_eq!(remarks(local), [""; 0], "nothing is launched");
}

#[test]
fn a_slot_that_may_time_out_is_told() {
    let classes = "small:1000:0.25:512:900,large::0.25:512:60";
    // About 96 s of 60.
    let told = remarks(planned(Place::on_aws(classes, 4), vec![1_500_000, 10], 1));
    assert!(
        told.len() == 1
            && told[0].starts_with("The longest slot of class large is expected to take 2 min")
            && told[0].contains("(SIZE_CLASSES)"),
        "{told:?}"
    );
    // A quarter of it.
    assert_eq!(
        remarks(planned(Place::on_aws(classes, 4), vec![200_000], 1)),
        [""; 0]
    );
    let local = remarks(planned(Place::of_cores(1, 2), vec![200_000_000], 1));
    assert!(
        local.len() == 1 && local[0].contains("(JOB_TIMEOUT_SECONDS)"),
        "{local:?}"
    );
}

#[test]
fn a_suggestion_is_told_as_it_is_set() {
    let told = |place: Place, (capacity, documents_per_slot): (u32, u32)| {
        let mut plan = planned(place, vec![10; 4], 1);
        plan.deadline = Some(Deadline {
            at: "2026-11-02T09:03:00+09:00".parse().unwrap(),
            left: -20.0,
            suggestions: Ok(vec![Suggestion {
                capacity,
                documents_per_slot,
                p95: 170.0,
            }]),
        });
        let period = "2026-10".parse().unwrap();
        let answer = answer(&plan, period, &tokyo());
        let lines = report::lines(&plan, period, &tokyo()).join("\n");
        assert!(lines.contains(": MISSED by 20 s at P95"), "{lines}");
        let told = lines.lines().find(|line| line.contains("It is met with"));
        (
            answer["suggestions"][0].to_string(),
            told.unwrap_or_default().trim().to_owned(),
        )
    };
    let aws = || Place::on_aws("all::0.25:512:900", 4);
    let end = "P95 2026-11-02 09:02:50 +09";
    let (json, words) = told(aws(), (9, 1));
    assert_eq!(
        json,
        r#"{"documents_per_slot":1,"finish_at_p95":"2026-11-02T09:02:50.000+09:00","max_vcpus":9}"#
    );
    assert_eq!(
        words,
        format!("It is met with MAX_VCPUS 9 (maxvCpus): {end}")
    );
    let (_, words) = told(aws(), (4, 5));
    assert_eq!(
        words,
        format!("It is met with --documents-per-slot 5: {end}")
    );
    let (json, words) = told(Place::of_cores(1, 4), (3, 5));
    assert_eq!(
        json,
        r#"{"documents_per_slot":5,"finish_at_p95":"2026-11-02T09:02:50.000+09:00","parallel":3}"#
    );
    assert!(
        words.starts_with("It is met with --parallel 3 and --documents-per-slot 5"),
        "{words}"
    );
}
