//! The real program against fake tools: every folder of `tests/scenarios` with a `scenario.yaml` is a test, which
//! compares what a person would look at with its `golden.txt`. `TODOCTL_BLESS=1 cargo test --test scenarios` accepts
//! what is seen; read the difference before.

#[path = "support/bench.rs"]
mod bench;
#[path = "scenarios/canary.rs"]
mod canary;
#[path = "scenarios/charts.rs"]
mod charts;
#[path = "scenarios/clouds.rs"]
mod clouds;
#[path = "support/commands.rs"]
mod commands;
#[path = "scenarios/faults.rs"]
mod faults;
#[path = "scenarios/interrupts.rs"]
mod interrupts;
#[path = "scenarios/jobs.rs"]
mod jobs;
#[path = "scenarios/locks.rs"]
mod locks;
#[path = "scenarios/prompts.rs"]
mod prompts;
#[path = "support/redact.rs"]
mod redact;
#[path = "scenarios/runs.rs"]
mod runs;
#[path = "support/scenario.rs"]
mod scenario;
#[path = "support/tool.rs"]
mod tool;

/// A test per folder; `_` stands for `-`.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            scenario::check(&stringify!($name).replace('_', "-"));
        })*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

scenarios! {
    after_a_failed_install,
    after_a_rollback,
    after_being_stuck,
    api_away_while_waiting,
    broken_and_changed,
    broken_and_unchanged,
    broken_before,
    budget_capacity,
    budget_fits,
    budget_json,
    budget_nothing_to_compare,
    budget_too_much,
    budget_unreadable,
    build_tag_loaded,
    build_tags,
    buildx_build_fails,
    buildx_engine_down,
    buildx_fresh,
    buildx_in_the_registry,
    buildx_push_denied,
    buildx_registry_away,
    chart_does_not_render,
    chart_fetched,
    chart_offline,
    chart_other_digest,
    chart_unreachable,
    chart_version_unknown,
    check_fails,
    cluster_absent,
    cluster_does_not_start,
    cluster_stopped,
    cluster_unreachable,
    confirm_without_terminal,
    confirm_wrong_name,
    confirm_yes,
    context_first_use,
    context_fresh,
    context_not_ours_to_delete,
    context_other_architecture,
    context_rebuilt,
    context_unknown,
    context_wrong_uid,
    dapr_component_changed,
    dapr_component_left,
    dapr_component_undone,
    dapr_crds_late,
    dapr_down,
    dapr_first_install_fails,
    dapr_foreign_component,
    dapr_fresh,
    dapr_injector_late,
    dapr_key_missing,
    dapr_literal_url,
    dapr_only,
    dapr_reads_fail,
    dapr_rollback_run,
    dapr_secret_rotated,
    dapr_secret_taken,
    dapr_sidecar_missing,
    dapr_sidecar_missing_once,
    dapr_type_unknown,
    dapr_upgraded,
    doctor,
    doctor_stopped,
    doctor_tools_missing,
    doctor_trouble,
    down,
    down_nothing,
    down_purge,
    down_spread,
    down_spread_purge,
    dry_run,
    events_arrive,
    events_missing,
    events_not_cleaned_up,
    events_only,
    events_refused,
    events_undelivered,
    first_install_fails,
    first_release_fails,
    foreign_upgrade,
    foreign_upgrade_and_fails,
    fresh,
    fresh_in_parallel,
    garbage_from_kubectl,
    github_actions_deployed,
    github_actions_fails,
    github_actions_masks,
    github_actions_nothing_to_do,
    github_actions_profile_wrong,
    github_actions_summary_full,
    helm_3_fails,
    helm_3_then_4,
    helm_fails_after_writing,
    helm_fails_before_writing,
    helm_missing,
    helm_says_nonsense,
    helm_too_old,
    history,
    history_empty,
    history_gone,
    history_release,
    history_release_unknown,
    image_build_fails,
    image_changed,
    image_missing,
    json_events,
    json_events_of_a_failure,
    json_history,
    json_nothing_to_do,
    json_status,
    last_release_fails,
    left_the_profile,
    lint_mistakes,
    logs,
    logs_follow,
    logs_no_pods,
    logs_previous,
    logs_run_unknown,
    logs_unknown,
    lost_the_backend,
    marking_fails,
    minikube_broken,
    minikube_build_fails,
    minikube_cut_off,
    minikube_delete_cluster,
    minikube_delete_cluster_absent,
    minikube_delete_cluster_half_made,
    minikube_deleted,
    minikube_deleted_waiting,
    minikube_dockerfile_outside,
    minikube_does_not_come_up,
    minikube_fresh,
    minikube_garbage,
    minikube_image_stays,
    minikube_lost_context,
    minikube_missing,
    minikube_no_cpus,
    minikube_no_docker,
    minikube_no_driver,
    minikube_no_engine,
    minikube_no_memory,
    minikube_nothing_to_do,
    minikube_partial,
    minikube_paused,
    minikube_stopped,
    minikube_stopped_wrong_driver,
    minikube_wrong_size,
    never_ready,
    no_rollback,
    no_room,
    no_room_for_one_more,
    nothing_to_do,
    oke_creating,
    oke_fresh,
    oke_oci_missing,
    oke_unknown,
    only_backend,
    only_unknown,
    owned_by_another,
    owned_by_another_down,
    pending_upgrade,
    plan_exit_code,
    pluggable_budget,
    pluggable_changed,
    pluggable_fresh,
    pluggable_missing,
    pluggable_placed,
    pluggable_refused,
    pluggable_returned,
    pluggable_unasked,
    pluggable_undone,
    profile_unknown,
    profile_wrong_field,
    rollback,
    rollback_fails,
    rollback_missing_revision,
    rollback_of_a_secret,
    rollback_run,
    rollback_run_added,
    rollback_run_fails,
    rollback_run_gone,
    rollback_run_none,
    rollback_run_one_changed,
    rollback_run_removed,
    rollback_run_twice,
    rollback_run_unknown,
    rollback_unknown_release,
    rollback_unnamed,
    scaled_and_fails,
    scaled_helm_3,
    scaled_helm_4,
    scaled_to_nothing,
    secret_changed,
    secret_command_fails,
    secret_given_twice,
    secret_malformed,
    secret_not_derivable,
    secrets_check,
    secrets_check_finds,
    secrets_list,
    secrets_list_empty,
    secrets_missing,
    secrets_set,
    secrets_set_generated,
    secrets_set_taken,
    secrets_set_too_early,
    secrets_set_twice,
    secrets_set_unknown,
    secrets_set_without_a_value,
    set_is_not_sticky,
    set_secret_refused,
    set_value,
    slow_start,
    status,
    status_broken,
    status_empty,
    ten_revisions_come_back,
    tools_missing,
    two_namespaces,
    undo_fails,
    unused_images,
    variable_unset,
    verbose,
    verify,
    verify_events,
    verify_finds,
}

#[test]
fn nothing_to_do_costs_few_processes() {
    let bench = bench::Bench::new();
    // Each profile on the cluster as the one before left it.
    for (before, line) in [
        ("up sandbox", "up sandbox"),
        ("up sandbox", "plan sandbox"),
        ("up dapr", "up dapr"),
        ("up dapr", "plan dapr"),
    ] {
        assert_eq!(bench.todoctl(before).exit, Some(0));
        bench.forget_log();
        assert_eq!(bench.todoctl(line).exit, Some(0));
        let log = bench.log();
        let calls: Vec<String> = log
            .iter()
            .filter(|line| line.exit.is_none())
            .map(|line| format!("{} {}", line.tool, line.args.join(" ")))
            .collect();
        assert!(calls.len() <= 8, "{line}: {calls:#?}");
        assert!(log.iter().all(|line| !line.changes), "{line}: {calls:#?}");
    }
}

#[test]
fn every_folder_is_a_test() {
    let folders =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios")).expect("a folder");
    let mut found: Vec<String> = folders
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("scenario.yaml").is_file())
        .map(|path| path.file_name().expect("a name").to_string_lossy().replace('-', "_"))
        .collect();
    found.sort();
    assert_eq!(found, NAMES);
}
