//! `todoctl parity`: what differs between two profiles and may not. Exit status 4 when there is something.

use std::collections::{BTreeMap, BTreeSet};

use crate::args::{Args, Form, Parity};
use crate::open;
use todoctl_advice::parity::{self, Side};
use todoctl_core::diagnostic::{Code, Diagnostic};
use todoctl_core::exit::Exit;
use todoctl_project::dapr;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::{self, Loaded, Written};
use todoctl_run::survey;
use todoctl_screen::output::Output;
use todoctl_screen::render::parity::{json, text};

/// Compares.
pub(super) async fn parity(args: &Args, command: &Parity, output: &mut Output) -> Result<Exit, Diagnostic> {
    let project = open::project(args)?;
    let one = profile::load_written(&project, &command.one)?;
    let other = profile::load_written(&project, &command.other)?;
    let charts = Side::own_charts(&one.0.profile, &other.0.profile);
    let (one, other) = (side(one, &charts, output).await?, side(other, &charts, output).await?);
    let differences = parity::differences(&one, &other)?;
    let names = (one.name.as_str(), other.name.as_str());
    match command.output {
        Form::Text => output.result(&text(names, &differences, output.result_look)),
        Form::Json => output.result(&json(names, &differences).to_string()),
    }
    let same = differences.iter().all(|one| one.reason.is_some());
    Ok(if same { Exit::Done } else { Exit::Found })
}

/// A profile with its Dapr objects and its rendered charts. No cluster is asked.
async fn side(
    (loaded, written): (Loaded, Written),
    charts: &BTreeSet<String>,
    output: &mut Output,
) -> Result<Side, Diagnostic> {
    let (name, profile) = (loaded.name.clone(), loaded.profile.clone());
    let objects = dapr::load(&loaded)?.objects;
    let mut rendered = BTreeMap::new();
    if !charts.is_empty() {
        let environment = open::rendering(loaded, Some(charts.clone()), output).await?;
        // The same seed on both sides, so that random names are the same.
        let mut world = environment.blank("not asked".to_owned());
        world.seed = [0; 32];
        let mut inputs = Inputs::clone(&environment.inputs);
        parity::leave_out_events(&mut inputs.dapr);
        for (release, objects) in survey::rendered(&environment.runner(None, None), &inputs, &world).await {
            let objects = objects.map_err(|why| {
                let message = format!("the chart of release {release} does not render for profile {name}");
                Diagnostic::new(Code::ChartRender, message, "mend the chart or its values")
                    .because(why.lines())
                    .unchanged()
            })?;
            rendered.insert(release, objects);
        }
    }
    Ok(Side { name, profile, written, objects, rendered })
}
