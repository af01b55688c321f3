//! Owns the labels that todoctl writes in the cluster. They are what a later run knows of an earlier one.
//! Refuses to read or write them: `tool` and `world` do.
//!
//! helm keeps the labels of a release Secret when it makes a new revision, also for a foreign `helm upgrade`
//! (tried with helm 3.21 and 4.2). So `REVISION` names the revision that the others were written for, and
//! `VERIFIED` counts only where it equals its own revision.

/// Digest of everything a revision was made from.
pub const DIGEST: &str = "todoctl.dev/digest";
/// Revision that the labels were written for.
pub const REVISION: &str = "todoctl.dev/revision";
/// The same number, once the whole deployment was verified.
pub const VERIFIED: &str = "todoctl.dev/verified";
/// Fingerprint of the replicas and images that the manifest asks for.
pub const LIVE: &str = "todoctl.dev/live";
/// Tag of the image that was built for the revision.
pub const IMAGE: &str = "todoctl.dev/image";
/// Tags of the images that serve Dapr components in the revision's pods, with dots between.
pub const COMPONENTS: &str = "todoctl.dev/components";
/// Version of the Secret that the revision refers to.
pub const SECRETS: &str = "todoctl.dev/secrets";
/// Version of the Secret that the revision's image is pulled with.
pub const PULL: &str = "todoctl.dev/pull";
/// Profile that owns the release.
pub const PROFILE: &str = "todoctl.dev/profile";
/// Version of the chart that the revision was made from.
pub const CHART: &str = "todoctl.dev/chart";
/// Id of the run that an object is the record of.
pub const RUN: &str = "todoctl.dev/run";
/// How that run ended.
pub const OUTCOME: &str = "todoctl.dev/outcome";
/// Logical name of a versioned Secret.
pub const SECRET: &str = "todoctl.dev/secret";

/// Label of pods and of what they keep: the release, by the conventions of charts. Not todoctl's own.
pub const INSTANCE: &str = "app.kubernetes.io/instance";

/// Annotation of pods: the containers that serve Dapr components beside the sidecar, separated by commas.
pub const CONTAINERS: &str = "todoctl.dev/component-containers";

/// Annotation of the Lease: who holds it.
pub const HOLDER: &str = "todoctl.dev/holder";
/// Annotation of the Lease: the run that is open, with its undo list.
pub const OPEN_RUN: &str = "todoctl.dev/open-run";

/// The labels of a release Secret.
pub const RELEASE: [&str; 10] =
    [DIGEST, REVISION, VERIFIED, LIVE, IMAGE, COMPONENTS, SECRETS, PULL, PROFILE, CHART];
