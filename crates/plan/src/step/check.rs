//! Owns what a check is: what must hold after a step, what it is about, and how long it may take.
//! Refuses to judge it (`health`) and to wait for it (`engine`).

use serde::{Deserialize, Serialize};

use crate::world::releases::ReleaseRef;
use todoctl_core::workload::Workload;
use todoctl_project::profile::Method;

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Check {
    /// These workloads of a release are rolled out and healthy.
    RolledOut {
        /// Release name.
        release: String,
        /// Its namespace.
        namespace: String,
        /// What its manifest asks for.
        workloads: Vec<Workload>,
        /// Seconds it may take.
        within_seconds: u32,
    },
    /// Kubernetes serves these custom resources.
    Established {
        /// Release that brings them.
        release: String,
        /// Its namespace.
        namespace: String,
        /// Names of the CRDs, `plural.group`.
        names: Vec<String>,
        /// Seconds it may take.
        within_seconds: u32,
    },
    /// A new pod gets a Dapr sidecar.
    #[serde(rename = "injects")]
    SidecarInjected {
        /// Release that installs Dapr.
        release: String,
        /// Its namespace.
        namespace: String,
        /// Namespace of the pod.
        into: String,
        /// Seconds it may take.
        within_seconds: u32,
    },
    /// No workload and no pod of the release is left.
    Gone {
        /// Release name.
        release: String,
        /// Its namespace.
        namespace: String,
        /// Seconds it may take.
        within_seconds: u32,
    },
    /// The store has these images: asked where the exit status of what brings them there does not tell.
    #[serde(rename = "stored")]
    ImagesStored {
        /// Their names, with tag.
        images: Vec<String>,
    },
    /// A request through the service proxy is answered, and shows elsewhere.
    Http(Box<RequestCheck>),
}

/// What a check asks of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objects<'a> {
    /// These workloads are rolled out and healthy.
    RolledOut(&'a [Workload]),
    /// Nothing of this release is left.
    Gone(ReleaseRef<'a>),
}

impl Check {
    /// The release that it is about; none when it is about images.
    pub fn release(&self) -> Option<ReleaseRef<'_>> {
        let (namespace, name) = match self {
            Self::RolledOut { release, namespace, .. }
            | Self::Established { release, namespace, .. }
            | Self::SidecarInjected { release, namespace, .. }
            | Self::Gone { release, namespace, .. } => (namespace, release),
            Self::Http(asked) => (&asked.request.namespace, &asked.release),
            Self::ImagesStored { .. } => return None,
        };
        Some(ReleaseRef { namespace, name })
    }

    /// What it asks of objects; none when something else answers.
    pub fn objects(&self) -> Option<Objects<'_>> {
        match self {
            Self::RolledOut { workloads, .. } => Some(Objects::RolledOut(workloads)),
            Self::Gone { release, namespace, .. } => {
                Some(Objects::Gone(ReleaseRef { namespace, name: release }))
            }
            Self::Established { .. }
            | Self::SidecarInjected { .. }
            | Self::ImagesStored { .. }
            | Self::Http(_) => None,
        }
    }

    /// Whether a program answers it, once the objects are as they should be.
    pub fn is_request(&self) -> bool {
        match self {
            Self::Http(_) | Self::SidecarInjected { .. } => true,
            Self::RolledOut { .. }
            | Self::Established { .. }
            | Self::Gone { .. }
            | Self::ImagesStored { .. } => false,
        }
    }

    /// Whether it sends what a program may do something about, and which is therefore sent once.
    pub fn sends(&self) -> bool {
        match self {
            Self::Http(asked) => asked.request.method != Method::Get,
            Self::RolledOut { .. }
            | Self::Established { .. }
            | Self::SidecarInjected { .. }
            | Self::Gone { .. }
            | Self::ImagesStored { .. } => false,
        }
    }

    /// How many pods it is about: so many may be deleted, one in each place. A stream does not show all at once.
    pub fn replicas(&self) -> usize {
        match self.objects() {
            Some(Objects::RolledOut(workloads)) => {
                workloads.iter().map(|one| usize::try_from(one.replicas).unwrap_or(usize::MAX)).sum()
            }
            Some(Objects::Gone(_)) | None => 0,
        }
    }
}

/// A check that programs answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCheck {
    /// Name shown to people.
    pub name: String,
    /// Release that answers.
    pub release: String,
    /// The request.
    pub request: Request,
    /// What must be seen because of it.
    pub expect: Vec<Expectation>,
    /// What removes what it made.
    pub cleanup: Option<Request>,
    /// Seconds it may take.
    pub within_seconds: u32,
}

/// A request through the API server's service proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Namespace of the Service.
    pub namespace: String,
    /// Name of the Service.
    pub service: String,
    /// Port number or name.
    pub port: String,
    /// Method.
    pub method: Method,
    /// Path, starting with a slash.
    pub path: String,
    /// What is sent, as JSON; public.
    pub body: Option<serde_json::Value>,
}

/// Something that must be seen because of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// Name shown to people.
    pub name: String,
    /// Release that answers.
    pub release: String,
    /// What is asked, again and again.
    pub request: Request,
    /// The text that an answer with a 2xx status must hold.
    pub contains: String,
}
