//! The simulation against bounds that hold for every schedule, closed forms, and a second, naive simulation.

use proptest::prelude::*;

use super::*;

/// Slots of single documents that take exactly so long.
fn work(class_of_each: &[(usize, f64)]) -> Work {
    Work {
        jobs: class_of_each
            .iter()
            .map(|(class, _)| Job {
                submitted_at: 0.0,
                class: *class,
                slots: 1,
            })
            .collect(),
        slots: class_of_each
            .iter()
            .map(|(_, seconds)| Slot {
                seconds: *seconds,
                spread: 1.0,
                documents: 1,
            })
            .collect(),
    }
}

fn queue(capacity: u64, vcpus: &[u64]) -> Queue {
    Queue {
        capacity,
        converters: None,
        classes: vcpus
            .iter()
            .map(|vcpu| Class {
                vcpu: *vcpu,
                start_up: 0.5,
                ratios: vec![1.0],
                billed_at_least: 0.0,
            })
            .collect(),
        launches: None,
        retry: Retry {
            share: 0.0,
            in_place: false,
        },
        job_by_job: false,
    }
}

const FARGATE: Launches = Launches {
    burst: 100.0,
    per_second: 20.0,
};

#[test]
fn connections_let_so_many_run_at_a_time_whatever_their_class() {
    let slots = work(&[(1, 9.5), (0, 1.5), (0, 1.5), (0, 1.5), (0, 1.5)]);
    let bounded = |converters| Queue {
        converters,
        ..queue(100_000, &[250, 2000])
    };
    // With one at a time the large one, at the head, holds up the small ones: 10 s, and then 2 s each.
    for (converters, at_peak, finished_at) in
        [(None, 5, 10.0), (Some(2), 2, 10.0), (Some(1), 1, 18.0)]
    {
        let outcome = simulate(&slots, &bounded(converters), 1.0, 1);
        assert_eq!(outcome.at_peak, at_peak, "{outcome:?}");
        assert!(
            (outcome.finished_at - finished_at).abs() < 1e-6,
            "{outcome:?}"
        );
    }
}

/// Step by step through time, hundredths of a second at a time: slow, and too simple to be wrong.
fn step_by_step(
    slots: &[(usize, u32)],
    capacity: u64,
    vcpus: &[u64],
    launches: Option<(u32, u32)>,
) -> u32 {
    let mut waiting: VecDeque<(usize, u32)> = slots.iter().copied().collect();
    let mut running: Vec<(u32, u64)> = Vec::new();
    // In hundredths of a token.
    let mut tokens = launches.map_or(0, |(burst, _)| burst * 100);
    let mut now = 0;
    while !waiting.is_empty() || !running.is_empty() {
        running.retain(|(end, _)| *end > now);
        while let Some((class, hundredths)) = waiting.front().copied() {
            let taken: u64 = running.iter().map(|(_, vcpu)| vcpu).sum();
            if taken + vcpus[class] > capacity || (launches.is_some() && tokens < 100) {
                break;
            }
            waiting.pop_front();
            running.push((now + hundredths, vcpus[class]));
            tokens = tokens.saturating_sub(100);
        }
        if waiting.is_empty() && running.is_empty() {
            break;
        }
        now += 1;
        if let Some((burst, per_second)) = launches {
            tokens = (tokens + per_second).min(burst * 100);
        }
    }
    now
}

proptest! {
    #[test]
    fn agrees_with_a_naive_simulation(
        slots in prop::collection::vec((0..3_usize, 51..400_u32), 1..40),
        capacity in 2000..9000_u64,
        launches in prop::option::of((1..20_u32, 1..40_u32)),
    ) {
        let vcpus = [250, 1000, 2000];
        let simulated = Queue {
            launches: launches.map(|(burst, per_second)| Launches {
                burst: burst.into(),
                per_second: per_second.into(),
            }),
            ..queue(capacity, &vcpus)
        };
        // Half a second of each is start-up.
        let exact: Vec<(usize, f64)> =
            slots.iter().map(|(class, hundredths)| (*class, f64::from(*hundredths) / 100.0 - 0.5)).collect();
        let ours = simulate(&work(&exact), &simulated, 1.0, 0).finished_at;
        let naive = f64::from(step_by_step(&slots, capacity, &vcpus, launches)) / 100.0;
        // With launches the steps round each token up to a hundredth of a second; those errors may add up along a chain.
        let rounded = if launches.is_some() { 0.02 * f64::from(u32::try_from(slots.len()).unwrap()) } else { 1e-6 };
        prop_assert!((ours - naive).abs() <= rounded, "{ours} and {naive}");
    }

    #[test]
    fn no_schedule_beats_the_bounds_and_lists_keep_theirs(
        seconds in prop::collection::vec(0.1..50.0_f64, 1..300),
        lanes in 1..40_u64,
        launches in prop::bool::ANY,
    ) {
        let slots: Vec<(usize, f64)> = seconds.iter().map(|seconds| (0, *seconds)).collect();
        let queue = Queue { launches: launches.then_some(FARGATE), ..queue(lanes * 250, &[250]) };
        let outcome = simulate(&work(&slots), &queue, 1.0, 0);
        let held: Vec<f64> = seconds.iter().map(|seconds| seconds + 0.5).collect();
        let (total, longest) = (held.iter().sum::<f64>(), held.iter().copied().fold(0.0, f64::max));
        #[expect(clippy::cast_precision_loss, reason = "few lanes and slots")]
        let (lanes, count) = (lanes as f64, seconds.len() as f64);
        let launch_bound = if launches { ((count - 100.0) / 20.0).max(0.0) } else { 0.0 };
        let end = outcome.finished_at;
        prop_assert!(end >= total / lanes - 1e-6, "the work");
        prop_assert!(end >= longest - 1e-6, "the longest slot");
        prop_assert!(end >= launch_bound + 0.5 - 1e-6, "the launches");
        // Graham's bound of list schedules; waiting for launches adds at most what they take.
        prop_assert!(end <= total / lanes + longest * (1.0 - 1.0 / lanes) + launch_bound + 1e-6, "{end}");
        prop_assert!(f64::from(outcome.at_peak) <= lanes);
        prop_assert!((outcome.busy[0] - total).abs() < 1e-6);
    }

    #[test]
    fn more_capacity_is_no_later(
        mut seconds in prop::collection::vec(0.1..50.0_f64, 1..300),
        lanes in 1..40_u64,
        more in 1..40_u64,
    ) {
        // Alike in vCPU and without dependencies there are none of Graham's anomalies.
        seconds.sort_by(|a, b| b.total_cmp(a));
        let slots: Vec<(usize, f64)> = seconds.iter().map(|seconds| (0, *seconds)).collect();
        let end = |lanes: u64| {
            let queue = Queue { launches: Some(FARGATE), ..queue(lanes * 250, &[250]) };
            simulate(&work(&slots), &queue, 1.0, 0).finished_at
        };
        prop_assert!(end(lanes + more) <= end(lanes) + 1e-6);
    }

    #[test]
    fn slower_months_end_later_and_the_same_seed_ends_alike(
        seconds in prop::collection::vec(0.1..50.0_f64, 1..100),
        lanes in 1..10_u64,
        seed in any::<u64>(),
    ) {
        let slots: Vec<(usize, f64)> = seconds.iter().map(|seconds| (0, *seconds)).collect();
        let mut queue = queue(lanes * 250, &[250]);
        queue.classes[0].ratios = vec![0.5, 0.9, 1.6];
        queue.retry.share = 0.2;
        let work = work(&slots);
        let end = |slowness: f64| simulate(&work, &queue, slowness, seed).finished_at;
        prop_assert!((end(1.0) - end(1.0)).abs() < f64::EPSILON);
        // Everything scales, so that the schedule stays.
        prop_assert!((end(2.0) - 2.0 * end(1.0)).abs() < 1e-5);
    }
}

#[test]
fn fargate_launches_twenty_a_second_after_a_hundred() {
    let slots = vec![(0, 9.5); 50_000];
    let queue = Queue {
        launches: Some(FARGATE),
        ..queue(u64::MAX / 2, &[250])
    };
    let outcome = simulate(&work(&slots), &queue, 1.0, 0);
    // The last of 49,900 launches, and the ten seconds that it takes.
    assert!(
        (outcome.finished_at - (49_900.0 / 20.0 + 10.0)).abs() < 1e-3,
        "{}",
        outcome.finished_at
    );
    // A hundred, and those of ten seconds.
    assert!(
        (299..=301).contains(&outcome.at_peak),
        "{}",
        outcome.at_peak
    );
}

#[test]
fn what_comes_to_nothing_is_tried_again_at_the_queues_end_or_in_place() {
    let slots = vec![(0, 0.5); 20_000];
    let mut queue = queue(10 * 250, &[250]);
    queue.retry.share = 0.2;
    let end = |queue: &Queue| simulate(&work(&slots), queue, 1.0, 7).finished_at;
    // Three attempts: 1 + 0.2 + 0.04 of a second each on ten lanes.
    let expected = 20_000.0 * 1.24 / 10.0;
    assert!(
        (end(&queue) / expected - 1.0).abs() < 0.01,
        "{}",
        end(&queue)
    );
    queue.retry.in_place = true;
    // The local queue waits a second after the first attempt and four after the second.
    let paused = expected + 20_000.0 * (0.2 * 1.0 + 0.04 * 4.0) / 10.0;
    assert!((end(&queue) / paused - 1.0).abs() < 0.02, "{}", end(&queue));
}

#[test]
fn of_a_packed_slot_only_what_is_undone_is_tried_again() {
    let mut work = work(&vec![(0, 100.0); 2_000]);
    for slot in &mut work.slots {
        slot.documents = 100;
        slot.spread = 0.1;
    }
    let mut queue = queue(10 * 250, &[250]);
    queue.classes[0].start_up = 0.0;
    queue.retry.share = 0.01;
    let outcome = simulate(&work, &queue, 1.0, 7);
    assert!(
        (outcome.busy[0] / (2_000.0 * 101.01) - 1.0).abs() < 0.002,
        "{}",
        outcome.busy[0]
    );
}

#[test]
fn locally_a_job_begins_when_the_one_before_it_has_ended() {
    let mut work = work(&[(0, 9.5), (0, 0.5), (0, 0.5)]);
    let mut queue = queue(2000, &[1000]);
    assert!((simulate(&work, &queue, 1.0, 0).finished_at - 10.0).abs() < 1e-6);
    queue.job_by_job = true;
    assert!((simulate(&work, &queue, 1.0, 0).finished_at - 12.0).abs() < 1e-6);
    work.jobs[2].submitted_at = 30.0;
    assert!((simulate(&work, &queue, 1.0, 0).finished_at - 31.0).abs() < 1e-6);
}

#[test]
fn a_slot_is_billed_a_minute_at_least() {
    let mut queue = queue(1000, &[250]);
    queue.classes[0].billed_at_least = 60.0;
    let outcome = simulate(&work(&[(0, 10.0), (0, 99.5)]), &queue, 1.0, 0);
    assert!(
        (outcome.billed[0] - 160.0).abs() < 1e-6,
        "{:?}",
        outcome.billed
    );
    assert!((outcome.busy[0] - 110.5).abs() < 1e-6, "{:?}", outcome.busy);
}

#[test]
fn an_attempt_begins_when_the_one_before_it_has_ended() {
    let mut queue = queue(u64::MAX / 2, &[250]);
    // Nothing is ever done: three attempts of a second, and no fourth.
    queue.retry.share = 1.0;
    let outcome = simulate(&work(&[(0, 0.5)]), &queue, 1.0, 0);
    assert!((outcome.finished_at - 3.0).abs() < 1e-6, "{outcome:?}");
    assert!((outcome.busy[0] - 3.0).abs() < 1e-6, "{outcome:?}");
    assert_eq!(outcome.at_peak, 1);
}

#[test]
fn what_many_documents_take_differs_less_than_what_one_takes() {
    let mut queue = queue(1000, &[250]);
    queue.classes[0].ratios = vec![0.5, 1.5];
    let ends = |spread: f64| -> Vec<f64> {
        let mut work = work(&[(0, 9.5)]);
        work.slots[0].spread = spread;
        (0..20)
            .map(|seed| simulate(&work, &queue, 1.0, seed).finished_at)
            .collect()
    };
    let all = |ends: Vec<f64>, one: f64, other: f64| {
        let is = |end: f64, expected: f64| (end - expected).abs() < 1e-6;
        let of_both = ends.iter().all(|end| is(*end, one) || is(*end, other));
        of_both && ends.iter().any(|end| is(*end, one)) && ends.iter().any(|end| is(*end, other))
    };
    assert!(all(ends(1.0), 5.25, 14.75), "{:?}", ends(1.0));
    assert!(all(ends(0.1), 9.525, 10.475), "{:?}", ends(0.1));
}

#[test]
fn fewer_documents_of_a_slot_differ_more() {
    let slot = Slot {
        seconds: 200.0,
        spread: 0.1,
        documents: 100,
    };
    for (documents, seconds, spread) in [(100, 200.0, 0.1), (25, 50.0, 0.2), (1, 2.0, 1.0)] {
        let part = slot.part(documents);
        assert_eq!(part.documents, documents);
        assert!((part.seconds - seconds).abs() < 1e-9, "{part:?}");
        assert!((part.spread - spread).abs() < 1e-9, "{part:?}");
    }
}
