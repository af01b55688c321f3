//! Owns asking a person for secret values: one hidden question each, asked again until the value is acceptable.
//! Refuses to ask in `plan`, without a terminal, and when told not to.

use secrecy::{ExposeSecret, SecretString};

use crate::args::Run;
use crate::prompt;
use todoctl_core::diagnostic::Diagnostic;
use todoctl_plan::steps::{self, Question, Why};
use todoctl_plan::world::World;
use todoctl_project::inputs::Inputs;
use todoctl_project::profile::{Confirm, SecretValue, Secrets};
use todoctl_project::secret_input;
use todoctl_screen::output::Output;

/// Asks for what is missing. When the profile wants to be asked, also for what would be generated or left out.
pub(super) async fn ask(
    inputs: &Inputs,
    world: &mut World,
    run: &Run,
    output: &mut Output,
) -> Result<(), Diagnostic> {
    if run.yes || !prompt::has_terminal() {
        return Ok(());
    }
    let confirmed = inputs.profile.confirm == Confirm::Never || run.confirm.is_some();
    let questions = steps::questions(inputs, world);
    for question in questions.into_iter().filter(|one| one.why == Why::Missing || !confirmed) {
        let own = answer(&inputs.profile.secrets, &question, output).await?;
        // What is generated counts as answered, should the plan have to be made again.
        if let Some(value) = own.or_else(|| steps::generated(question.name, question.spec, world)) {
            world.given.insert(question.name.to_owned(), value);
        }
    }
    Ok(())
}

/// One value; nothing when it is generated or left out.
pub(super) async fn answer(
    secrets: &Secrets,
    question: &Question<'_>,
    output: &mut Output,
) -> Result<Option<SecretString>, Diagnostic> {
    let Question { name, spec, why } = *question;
    output.note(&about(name, spec, why));
    if why == Why::Generated {
        let text = format!("Generate {name}");
        let generate =
            prompt::ask(move || dialoguer::Confirm::new().with_prompt(text).default(true).interact_opt());
        match generate.await? {
            Some(true) => return Ok(None),
            Some(false) => {}
            None => return Err(prompt::declined("declined")),
        }
    }
    hidden(secrets, name, why == Why::Optional).await
}

/// A value that is not shown while it is typed.
pub(super) async fn hidden(
    secrets: &Secrets,
    name: &str,
    optional: bool,
) -> Result<Option<SecretString>, Diagnostic> {
    let (secrets, name) = (secrets.clone(), name.to_owned());
    let typed = prompt::ask(move || {
        let prompt = format!("{name} (hidden)");
        let acceptable = move |text: &String| -> Result<(), String> {
            if optional && text.is_empty() {
                return Ok(());
            }
            match secret_input::problems(&secrets, &name, &text.clone().into()) {
                found if found.is_empty() => Ok(()),
                found => Err(format!("not accepted: {}", found.join("; "))),
            }
        };
        let question = dialoguer::Password::new().with_prompt(prompt).allow_empty_password(true);
        question.validate_with(acceptable).interact().map(SecretString::from)
    });
    let typed = typed.await?;
    Ok((!typed.expose_secret().is_empty()).then_some(typed))
}

/// What is asked for, and what it must look like.
fn about(name: &str, spec: &SecretValue, why: Why) -> String {
    let mut parts = vec![match &spec.description {
        Some(description) => format!("{name}: {description}"),
        None => name.to_owned(),
    }];
    if !spec.schemes.is_empty() {
        let starts: Vec<String> = spec.schemes.iter().map(|scheme| format!("{scheme}://")).collect();
        parts.push(format!("starts with {}", starts.join(" or ")));
    }
    if let Some(fewest) = spec.min_length {
        parts.push(format!("at least {fewest} characters"));
    }
    match (why, spec.generate) {
        (Why::Optional, _) => parts.push("may be left empty".to_owned()),
        (Why::Generated, Some(bytes)) => parts.push(format!("{bytes} random bytes unless you type your own")),
        (Why::Generated, None) | (Why::Missing, _) => {}
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_what_is_accepted() {
        let spec = |text: &str| serde_yaml::from_str::<SecretValue>(text).unwrap();
        let cases = [
            ("{}", Why::Missing, "v"),
            ("{description: Key}", Why::Optional, "v: Key; may be left empty"),
            ("{schemes: [http, https]}", Why::Missing, "v; starts with http:// or https://"),
            (
                "{generate: 32, min-length: 32}",
                Why::Generated,
                "v; at least 32 characters; 32 random bytes unless you type your own",
            ),
        ];
        for (fields, why, expected) in cases {
            assert_eq!(about("v", &spec(fields), why), expected);
        }
    }
}
