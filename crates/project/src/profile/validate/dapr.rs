//! Owns the rules of `dapr` and `sidecar`: names, files, and an order in which sidecars find their objects.
//! Refuses to look into the files of Dapr objects.

use super::{Validation, names};
use crate::profile::source::Seg;

/// Position of the Dapr objects in the documented order.
const COMPONENTS: u8 = 5;

impl Validation<'_> {
    pub(super) fn dapr(&mut self) {
        self.sidecars();
        let Some(dapr) = &self.profile.dapr else { return };
        let path = [Seg::from("dapr"), "release".into()];
        match self.profile.releases.get(&dapr.release) {
            None => {
                let known = self.profile.releases.keys().map(String::as_str);
                self.value(&path, names::unknown("release", &dapr.release, known));
            }
            Some(release) if release.order() >= COMPONENTS => {
                let order = release.order();
                let message = format!(
                    "`{}` has order {order}; Dapr comes before its objects, which have {COMPONENTS}",
                    dapr.release
                );
                self.value(&path, message);
            }
            Some(_) => {}
        }
        for (field, files) in [("components", &dapr.components), ("pluggable", &dapr.pluggable)] {
            for (index, file) in files.iter().enumerate() {
                let path = [Seg::from("dapr"), field.into(), index.into()];
                if files[..index].contains(file) {
                    self.value(&path, format!("{} is named above already", file.display()));
                }
                self.file(&path, file);
            }
        }
    }

    fn sidecars(&mut self) {
        let releases = self.profile.releases.iter().filter(|(_, release)| release.sidecar);
        for (name, release) in releases {
            let at = |field: &str| [Seg::from("releases"), name.as_str().into(), field.into()];
            if self.profile.dapr.is_none() {
                self.value(
                    &at("sidecar"),
                    "a sidecar needs Dapr: name the release that installs it in `dapr`",
                );
            } else if release.order() <= COMPONENTS {
                self.value(
                    &at("order"),
                    format!(
                        "{} is not after the Dapr objects, which have {COMPONENTS} and which a sidecar needs",
                        release.order()
                    ),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::profile::testing::{SOUND, refusal, spoilt};

    const HINT: &str = "\nhint: Nothing was changed. docs/profile.md explains every field.";

    /// The sound profile with Dapr, after one replacement.
    fn with_dapr(from: &str, to: &str) -> String {
        let sound = SOUND.replacen(
            "  backend:\n    order: 6",
            "  dapr: {order: 4, chart: charts/backend}\n  backend:\n    order: 6\n    sidecar: true",
            1,
        );
        let text = format!("dapr: {{release: dapr, components: [charts/backend/Chart.yaml]}}\n{sound}");
        assert!(text.contains(from), "{from}");
        refusal(&[("sandbox.yaml", &text.replacen(from, to, 1))])
    }

    #[test]
    fn sidecars_without_what_they_need() {
        assert_eq!(
            spoilt("order: 6", "order: 6\n    sidecar: true"),
            format!(
                "profiles/sandbox.yaml:18:14: releases.backend.sidecar: a sidecar needs Dapr: \
                 name the release that installs it in `dapr`{HINT}"
            )
        );
        for (from, to, message) in [
            (
                "order: 6",
                "order: 5",
                "19:12: releases.backend.order: 5 is not after the Dapr objects, which have 5 and which a sidecar needs",
            ),
            (
                "{release: dapr,",
                "{release: drap,",
                "1:17: dapr.release: no release is named `drap`; did you mean `dapr`?",
            ),
            (
                "{order: 4,",
                "{order: 5,",
                "1:17: dapr.release: `dapr` has order 5; Dapr comes before its objects, which have 5",
            ),
            (
                "[charts/backend/Chart.yaml]",
                "[gone.yaml, charts/backend/Chart.yaml, gone.yaml]",
                "1:36: dapr.components[0]: there is no file gone.yaml\n\
                 profiles/sandbox.yaml:1:74: dapr.components[2]: gone.yaml is named above already\n\
                 profiles/sandbox.yaml:1:74: dapr.components[2]: there is no file gone.yaml",
            ),
        ] {
            assert_eq!(with_dapr(from, to), format!("profiles/sandbox.yaml:{message}{HINT}"));
        }
    }
}
