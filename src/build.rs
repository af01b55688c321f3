//! `todoctl build`: the images of a profile, through the same engine as `up`, without a cluster.

use serde_json::{Value, json};

use crate::args::{Args, Build, Form, Run};
use crate::front::Front;
use crate::open;
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_plan::plan::Plan;
use todoctl_plan::step::Lane;
use todoctl_project::profile::{Delivery, names};
use todoctl_run::environment::{Environment, Execution};
use todoctl_screen::output::Output;
use todoctl_screen::report;

/// Builds what is missing, and moves the tags.
pub(super) async fn build(args: &Args, command: &Build, output: &mut Output) -> Result<Exit, Diagnostic> {
    let environment = open::building(args, &command.profile, &command.only)?;
    tags(&environment, &command.tag)?;
    let world = environment.observe_images().await?;
    let plan = environment.application().images(&world, &command.tag)?;
    let images = images(&environment, &world.images.clone().unwrap_or_default(), &command.tag);
    if plan.is_empty() {
        output.note(&format!("Nothing to build: every image of profile {} is there.", plan.profile));
    } else {
        say_of_builds(&plan, output);
        let jobs = if command.sequential { 1 } else { usize::from(command.jobs) };
        let run = Run::unasked(command.progress);
        let outcome = environment
            .execute(&plan, world, Execution::of("build", jobs), &mut Front::of(args, &run, output))
            .await?;
        if let Some(cause) = outcome.cause() {
            match command.output {
                Form::Json => output.result(&json!({ "error": cause }).to_string()),
                Form::Text => {}
            }
            return Ok(report::exit(&outcome));
        }
    }
    match command.output {
        Form::Json => output.result(&json!({"images": images}).to_string()),
        Form::Text => {
            let names = images.iter().filter_map(|image| image["reference"].as_str());
            output.result(&names.collect::<Vec<_>>().join("\n"));
        }
    }
    Ok(Exit::Done)
}

/// Says what is worth knowing of the builds of a plan, such as a heavy context: a run does not show the plan.
pub(super) fn say_of_builds(plan: &Plan, output: &mut Output) {
    for step in plan.steps.iter().filter(|step| step.lane == Lane::Build) {
        for note in &step.decision.notes {
            output.note(&format!("note: {}: {note}", step.title));
        }
    }
}

/// Refuses tags that cannot be given.
fn tags(environment: &Environment, tags: &[String]) -> Result<(), Diagnostic> {
    if let Some(message) = tags.iter().find_map(|tag| names::tag(tag).err()) {
        return Err(Diagnostic::new(
            Code::ImageTag,
            format!("--tag: {message}"),
            "for example: --tag latest",
        ));
    }
    if tags.is_empty() || environment.inputs.profile.delivery() == Delivery::Push {
        return Ok(());
    }
    Err(Diagnostic::new(
        Code::ImageTag,
        "--tag: the images of this profile are loaded into the cluster, where each has one name",
        "leave it out, or say `delivery: push` in the profile",
    ))
}

/// What the images are called, and whether each had to be built.
fn images(
    environment: &Environment,
    there: &std::collections::BTreeSet<String>,
    tags: &[String],
) -> Vec<Value> {
    let inputs = &environment.inputs;
    let each = inputs.tags.keys().filter_map(|name| {
        let (reference, repository) = (inputs.image_reference(name)?, inputs.image_repository(name)?);
        let tags: Vec<String> = tags.iter().map(|tag| format!("{repository}:{tag}")).collect();
        let built = !there.contains(&reference);
        Some(json!({"name": name, "reference": reference, "built": built, "tags": tags}))
    });
    each.collect()
}
