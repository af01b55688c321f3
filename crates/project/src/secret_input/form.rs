//! Owns values that are derived from others: one value in the form that another program accepts.
//! Refuses to show either in what it says.

mod postgres;

use secrecy::{ExposeSecret, SecretString};

use crate::profile::{Form, Secrets};

/// The value in another form; the error says why there is none, and never what the value is.
pub fn derive(form: Form, value: &SecretString) -> Result<SecretString, String> {
    match form {
        Form::Postgres => postgres::derive(value.expose_secret()).map(SecretString::from),
    }
}

/// Why nothing can be derived from a value: one sentence for each value that the profile derives from it.
pub(super) fn problems(secrets: &Secrets, name: &str, value: &SecretString) -> Vec<String> {
    let derived = secrets.values.iter().filter_map(|(other, spec)| {
        let form = spec.form.filter(|_| spec.from.as_deref() == Some(name))?;
        Some((other, form))
    });
    derived
        .filter_map(|(other, form)| {
            derive(form, value).err().map(|why| format!("{other} cannot be derived from it: {why}"))
        })
        .collect()
}
