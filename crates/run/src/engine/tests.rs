//! Properties of a run over a simulated world: random prior states, faults anywhere, also on the way back.

mod sim;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use self::sim::{Fault, Revision, Sim, State};
use super::{Engine, Names};
use crate::cluster::Connection;
use crate::emitter::Emitter;
use crate::runner::SharedRunner;
use crate::survey;
use todoctl_core::labels;
use todoctl_core::redact::Redactor;
use todoctl_plan::event::{Event, Outcome, Sink, Stamped};
use todoctl_plan::plan::Plan;
use todoctl_plan::world::{Access, World};
use todoctl_plan::{builder, finalize, provider, steps};
use todoctl_project::inputs::Inputs;

/// What a release looked like before the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prior {
    Absent,
    /// One verified revision.
    Good,
    /// A verified revision, then one that never worked and that helm calls deployed.
    GoodThenBroken,
    /// Only a revision that never worked.
    Broken,
}

/// A release of the test: how it was, and whether what it becomes works.
#[derive(Debug, Clone, Copy)]
struct Case {
    prior: Prior,
    good: bool,
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Event>>>);

impl Sink for Recorder {
    fn event(&mut self, event: &Stamped) {
        self.0.lock().unwrap().push(event.event.clone());
    }
}

const NAMES: [&str; 3] = ["alpha", "beta", "gamma"];

fn inputs(cases: &[Case]) -> Arc<Inputs> {
    let releases = cases.iter().zip(NAMES).enumerate().map(|(at, (case, name))| {
        let tag = if case.good { "new" } else { "bad-new" };
        let needs: Vec<&str> = NAMES[..at].iter().copied().filter(|_| at == 2).collect();
        let set = serde_json::json!({"image": {"tag": tag}});
        let release =
            serde_json::json!({"chart": "c", "order": 6, "set": set, "ready-seconds": 5, "needs": needs});
        (name.to_owned(), release)
    });
    Inputs::of_releases(&releases.collect::<serde_json::Map<_, _>>().into())
}

fn prior(prior: Prior) -> Vec<Revision> {
    let revision = |number: u32, status, tag: &str, verified: bool| {
        let mut labels = BTreeMap::from([
            (labels::REVISION.to_owned(), number.to_string()),
            (labels::DIGEST.to_owned(), format!("old{number}")),
        ]);
        if verified {
            labels.insert(labels::VERIFIED.to_owned(), number.to_string());
        }
        Revision { status, tag: tag.to_owned(), labels }
    };
    match prior {
        Prior::Absent => vec![],
        Prior::Good => vec![revision(1, "deployed", "old", true)],
        Prior::GoodThenBroken => {
            vec![revision(1, "superseded", "old", true), revision(2, "deployed", "bad-old", false)]
        }
        Prior::Broken => vec![revision(1, "deployed", "bad-old", false)],
    }
}

/// What must run after a rollback: the last thing that worked, else what was there.
fn restored(prior: Prior) -> Option<&'static str> {
    match prior {
        Prior::Absent => None,
        Prior::Good | Prior::GoodThenBroken => Some("old"),
        Prior::Broken => Some("bad-old"),
    }
}

struct Ran {
    outcome: Outcome,
    events: Vec<Event>,
    sim: Sim,
}

async fn plan(inputs: &Arc<Inputs>, runner: &SharedRunner, cluster: &Connection) -> (Plan, World) {
    let provider: Arc<dyn provider::Provider> = Arc::from(provider::of("sim", &inputs.profile.cluster));
    let images = builder::of(&inputs.profile);
    let access = Access { kubeconfig: "/k".into(), context: "sim".into(), node: "10.0.0.1".into() };
    let blank = World::without_cluster("r1", String::new());
    let mut world =
        survey::running((runner, cluster), images.store.as_ref(), inputs, access, blank).await.unwrap();
    survey::manifests(runner, inputs, &mut world).await.unwrap();
    let steps = steps::deployment(inputs, &provider, &images, &world);
    let mut plan = Plan::decide("sim", &steps, &world).unwrap();
    plan.closing = finalize::of_deployment(inputs, images.store.as_ref(), &world, &plan);
    (plan, world)
}

fn run(cases: &[Case], faults: BTreeMap<usize, Fault>, stubborn: Vec<String>, jobs: usize) -> Ran {
    run_changed(cases, faults, stubborn, jobs, |_| {})
}

/// The same with a plan that was tampered with.
fn run_changed(
    cases: &[Case],
    faults: BTreeMap<usize, Fault>,
    stubborn: Vec<String>,
    jobs: usize,
    change: impl FnOnce(&mut Plan),
) -> Ran {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let sim = Sim::default();
        {
            let mut state = sim.0.lock().unwrap();
            state.releases = cases
                .iter()
                .zip(NAMES)
                .map(|(case, name)| (name.to_owned(), prior(case.prior)))
                .filter(|(_, all)| !all.is_empty())
                .collect();
            (state.faults, state.stubborn) = (faults, stubborn);
        }
        let runner: SharedRunner = Arc::new(sim.clone());
        let inputs = inputs(cases);
        let cluster = sim.connection();
        let (mut plan, world) = plan(&inputs, &runner, &cluster).await;
        change(&mut plan);
        let recorder = Recorder::default();
        let (_sender, interrupts) = tokio::sync::watch::channel(0);
        let engine = Engine {
            runner,
            events: Emitter::new(vec![Box::new(recorder.clone())], Redactor::default()),
            lock: None,
            helm_major: 4,
            access: world.cluster.access().cloned(),
            cluster: Some(cluster),
            provider: Arc::from(provider::of("sim", &inputs.profile.cluster)),
            store: builder::of(&inputs.profile).store,
            namespaces: vec!["todo".into()],
            jobs,
            rollback: true,
            interrupts,
            names: Names {
                holder: "test".into(),
                run: "r1".into(),
                command: "up".into(),
                profile: "sim".into(),
                folder: std::env::temp_dir(),
                ci: None,
                url: None,
            },
        };
        let outcome = engine.run(&plan, world.live).await;
        let events = recorder.0.lock().unwrap().clone();
        Ran { outcome, events, sim }
    })
}

/// Whether a release has no revision of this run, or runs the last content that worked.
fn is_back(state: &State, case: Case, name: &str) -> bool {
    let before = prior(case.prior).len();
    let untouched = state.releases.get(name).map_or(0, Vec::len) == before;
    untouched || state.tag(name) == restored(case.prior)
}

fn cases() -> impl Strategy<Value = Vec<Case>> {
    let prior =
        prop_oneof![Just(Prior::Absent), Just(Prior::Good), Just(Prior::GoodThenBroken), Just(Prior::Broken)];
    let case = (prior, prop::bool::weighted(0.7)).prop_map(|(prior, good)| Case { prior, good });
    prop::collection::vec(case, 1..=3)
}

fn faults() -> impl Strategy<Value = BTreeMap<usize, Fault>> {
    prop::collection::btree_map(0_usize..8, prop_oneof![Just(Fault::Before), Just(Fault::After)], 0..=2)
}

/// The release steps whose commands began on the way forward, in that order.
fn begun_steps(events: &[Event]) -> Vec<String> {
    let forward = events.iter().take_while(|event| !matches!(event, Event::UnwindStarted { .. }));
    let step = |event: &Event| {
        let Event::CommandStarted { step, .. } = event else { return None };
        step.as_str().starts_with("release/").then(|| step.to_string())
    };
    forward.filter_map(step).collect()
}

/// The steps that were undone, in that order.
fn undone_steps(events: &[Event]) -> Vec<String> {
    let step =
        |event: &Event| if let Event::UndoStarted { step } = event { Some(step.to_string()) } else { None };
    events.iter().filter_map(step).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_new_or_all_back_or_named(cases in cases(), faults in faults(), stubborn in prop::option::weighted(0.2, 0_usize..3), jobs in 1_usize..4) {
        let stubborn: Vec<String> = stubborn.map(|at| NAMES[at].to_owned()).into_iter().collect();
        let ran = run(&cases, faults, stubborn, jobs);
        let finished = |event: &Event| matches!(event, Event::RunFinished { .. });
        prop_assert!(ran.events.last().is_some_and(finished));
        prop_assert_eq!(ran.events.iter().filter(|event| finished(event)).count(), 1);
        let mut begun = begun_steps(&ran.events);
        begun.reverse();
        let undone = undone_steps(&ran.events);
        let state = ran.sim.0.lock().unwrap();
        let tag = |name: &str| state.tag(name);
        match &ran.outcome {
            Outcome::Deployed => for (case, name) in cases.iter().zip(NAMES) {
                prop_assert!(case.good);
                prop_assert_eq!(tag(name), Some("new"));
            },
            Outcome::RolledBack { .. } => {
                prop_assert_eq!(&undone, &begun, "undone in reverse order of beginning");
                for (case, name) in cases.iter().zip(NAMES) {
                    prop_assert!(is_back(&state, *case, name), "{name}: {:?}", tag(name));
                }
            }
            Outcome::Stuck { remaining, .. } => {
                prop_assert!(!remaining.is_empty());
                for (case, name) in cases.iter().zip(NAMES) {
                    let named = remaining.iter().any(|one| one.step.name() == name);
                    let touched = begun.iter().any(|step| step.ends_with(name));
                    prop_assert!(if named { touched } else { is_back(&state, *case, name) }, "{name}: {remaining:?}");
                }
            }
            Outcome::Failed { .. } => prop_assert!(state.changes.is_empty()),
            Outcome::Kept { .. } => prop_assert!(false, "rollback was on"),
        }
    }
}

fn good() -> Case {
    Case { prior: Prior::Good, good: true }
}

#[test]
fn every_release_is_marked_as_verified_for_its_own_revision() {
    let ran = run(&[good(), good()], BTreeMap::new(), vec![], 4);
    assert_eq!(ran.outcome, Outcome::Deployed);
    let state = ran.sim.0.lock().unwrap();
    for history in state.releases.values() {
        let newest = history.last().unwrap();
        assert_eq!(newest.labels[labels::VERIFIED], history.len().to_string());
        assert_eq!(newest.labels[labels::REVISION], history.len().to_string());
    }
}

#[test]
fn what_comes_back_is_marked_so_that_the_next_run_knows_it() {
    let ran = run(&[good(), Case { good: false, ..good() }], BTreeMap::new(), vec![], 1);
    assert!(matches!(ran.outcome, Outcome::RolledBack { .. }), "{:?}", ran.outcome);
    let state = ran.sim.0.lock().unwrap();
    for name in ["alpha", "beta"] {
        let newest = state.releases[name].last().unwrap();
        assert_eq!((newest.tag.as_str(), newest.labels[labels::VERIFIED].as_str()), ("old", "3"), "{name}");
        assert_eq!(newest.labels[labels::DIGEST], "old1", "{name}");
    }
}

#[test]
fn a_failed_command_that_helm_has_recorded_is_judged_by_health() {
    let ran = run(&[good()], BTreeMap::from([(0, Fault::After)]), vec![], 1);
    assert_eq!(ran.outcome, Outcome::Deployed);
    let warned = ran
        .events
        .iter()
        .any(|event| matches!(event, Event::Warning { message } if message.contains("helm has recorded it")));
    assert!(warned, "{:?}", ran.events);
}

#[test]
fn a_failed_upgrade_that_recorded_nothing_is_not_rolled_back() {
    let faults = BTreeMap::from([(0, Fault::Before)]);
    let ran = run(&[good()], faults, vec![], 1);
    assert!(matches!(ran.outcome, Outcome::RolledBack { .. }), "{:?}", ran.outcome);
    let state = ran.sim.0.lock().unwrap();
    assert_eq!(state.releases["alpha"].len(), 1, "{:?}", state.changes);
}

#[test]
fn a_stubborn_undo_does_not_stop_the_others_and_is_named_with_its_command() {
    let cases = [good(), good(), Case { good: false, ..good() }];
    let ran = run(&cases, BTreeMap::new(), vec!["beta".into()], 1);
    let Outcome::Stuck { cause, remaining } = &ran.outcome else { panic!("{:?}", ran.outcome) };
    assert!(
        cause.diagnostic.what.contains("CrashLoopBackOff"),
        "the first cause is kept: {}",
        cause.diagnostic.what
    );
    let commands: Vec<&str> =
        remaining.iter().flat_map(|one| one.commands.iter().map(String::as_str)).collect();
    assert_eq!(
        commands,
        [
            "helm rollback beta 1 --namespace todo --kube-context sim --history-max 50 --timeout 120s --server-side=true --force-conflicts"
        ]
    );
    let state = ran.sim.0.lock().unwrap();
    assert_eq!((state.tag("alpha"), state.tag("gamma")), (Some("old"), Some("old")));
}

#[test]
fn a_release_that_was_broken_before_goes_back_to_the_last_one_that_worked() {
    let ran = run(&[Case { prior: Prior::GoodThenBroken, good: false }], BTreeMap::new(), vec![], 1);
    assert!(matches!(ran.outcome, Outcome::RolledBack { .. }), "{:?}", ran.outcome);
    assert_eq!(ran.sim.0.lock().unwrap().tag("alpha"), Some("old"));
}

#[test]
fn steps_that_wait_for_each_other_are_a_failure_and_change_nothing() {
    let ran = run_changed(&[good()], BTreeMap::new(), vec![], 4, |plan| {
        for step in &mut plan.steps {
            step.needs = vec![step.step.clone()];
        }
    });
    let Outcome::Failed { cause } = &ran.outcome else { panic!("{:?}", ran.outcome) };
    assert!(cause.diagnostic.what.ends_with("its needs wait for each other"), "{}", cause.diagnostic.what);
    assert!(ran.sim.0.lock().unwrap().changes.is_empty());
}
