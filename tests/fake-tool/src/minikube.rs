//! Stands for minikube v1.38.1, with its traps: `image build`, `image load` and `image rm` exit with 0 when they fail;
//! `status` of no profile is a row of events; an existing cluster keeps its size, whatever `start` asks for; in JSON
//! form everything, errors too, is on standard output.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::argv::Argv;
use crate::state::{Behaviour, State, VERSION};
use crate::{Answer, Call};

/// Name of the one profile, and of its context.
pub const CONTEXT: &str = "minikube";

const VALUED: [&str; 15] = [
    "-p",
    "-o",
    "-t",
    "--build-opt",
    "-f",
    "--format",
    "--output",
    "--driver",
    "--container-runtime",
    "--kubernetes-version",
    "--cpus",
    "--memory",
    "--disk-size",
    "--interactive",
    "--cni",
];

/// The one profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Minikube {
    /// What has become of it.
    pub state: Profile,
    /// What it was made with.
    pub cpus: u32,
    /// In MB.
    pub memory: u32,
    /// Its driver.
    pub driver: String,
    /// Its container runtime.
    pub runtime: String,
    /// Its version of Kubernetes.
    pub kubernetes: String,
}

/// What has become of the profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// There is none.
    #[default]
    Absent,
    /// A start failed so early that only its folder is there: listed as invalid.
    Folder,
    /// Its file cannot be read: listed as invalid.
    Broken,
    /// Everything runs.
    Running,
    /// Its containers are paused.
    Paused,
    /// Its machine is stopped.
    Stopped,
    /// Its machine runs without an API server, as after a start that failed.
    Partial,
    /// It runs, and its entry in the kubeconfig is gone.
    Lost,
}

impl Default for Minikube {
    fn default() -> Self {
        Self {
            state: Profile::Absent,
            cpus: 6,
            memory: 12288,
            driver: "docker".to_owned(),
            runtime: "containerd".to_owned(),
            kubernetes: VERSION.to_owned(),
        }
    }
}

impl Minikube {
    /// Whether its API server answers.
    pub fn runs(&self) -> bool {
        matches!(self.state, Profile::Running | Profile::Lost)
    }

    /// Whether the user's kubeconfig has its context.
    pub fn has_context(&self) -> bool {
        matches!(self.state, Profile::Running | Profile::Paused | Profile::Stopped | Profile::Partial)
    }

    fn is_there(&self) -> bool {
        !matches!(self.state, Profile::Absent | Profile::Folder | Profile::Broken)
    }
}

/// Somebody deletes the cluster.
pub fn delete(state: &mut State) {
    let minikube = Minikube { state: Profile::Absent, ..state.minikube.clone() };
    let (faults, helm) = (state.faults.clone(), state.helm.clone());
    *state = State { helm, minikube, faults, ..State::default() };
}

/// Answers one call. `folder` is the working folder.
pub fn run(state: &mut State, call: &Call, folder: &Path) -> Answer {
    let argv = match Argv::parse(&call.args, &VALUED, &["--keep-context", "--short"]) {
        Ok(argv) => argv,
        Err(error) => return Answer::fail(14, format!("X Exiting due to MK_USAGE: {error}\n")),
    };
    match (argv.word(0), argv.word(1)) {
        ("version", "") => Answer::ok("v1.38.1\n"),
        ("status", "") => status(&state.minikube),
        ("profile", "list") => profiles(&state.minikube),
        ("start", "") => start(state, &argv, call.now),
        ("delete", "") => {
            let there = state.minikube.state != Profile::Absent;
            delete(state);
            let text = if there { "* Removed all traces of the \"minikube\" cluster.\n" } else { "" };
            Answer::ok(text)
        }
        ("image", verb) => image(state, verb, &argv, folder),
        (verb, _) => Answer::fail(14, format!("X Exiting due to MK_USAGE: unknown command {verb}\n")),
    }
}

/// One event, as `--output=json` writes it.
fn event(kind: &str, data: &Value) -> String {
    let (of, source) = ("application/json", "https://minikube.sigs.k8s.io/");
    let kind = format!("io.k8s.sigs.minikube.{kind}");
    let event = json!({"specversion": "1.0", "id": "0", "source": source, "type": kind, "datacontenttype": of,
        "data": data});
    format!("{event}\n")
}

fn status(minikube: &Minikube) -> Answer {
    let info = |message: &str| event("info", &json!({ "message": message }));
    let (host, kubelet, server, kubeconfig, exit) = match minikube.state {
        Profile::Absent | Profile::Folder => {
            let text =
                info("Profile \"minikube\" not found. Run \"minikube profile list\" to view all profiles.")
                    + &info("To start a cluster, run: \"minikube start\"");
            return Answer { stdout: text, stderr: String::new(), exit: 85 };
        }
        Profile::Broken => {
            let text =
                error(38, "HOST_CONFIG_LOAD", "Error getting cluster config: unexpected end of JSON input");
            return Answer { stdout: text, stderr: String::new(), exit: 38 };
        }
        Profile::Running => ("Running", "Running", "Running", "Configured", 0),
        Profile::Paused => ("Running", "Stopped", "Paused", "Configured", 2),
        Profile::Stopped => ("Stopped", "Stopped", "Stopped", "Stopped", 7),
        Profile::Partial => ("Running", "Stopped", "Stopped", "Configured", 2),
        Profile::Lost => ("Running", "Running", "Running", "Misconfigured", 4),
    };
    let status = json!({"Name": CONTEXT, "Host": host, "Kubelet": kubelet, "APIServer": server,
        "Kubeconfig": kubeconfig, "Worker": false});
    Answer { stdout: status.to_string(), stderr: String::new(), exit }
}

fn error(exit: i32, name: &str, message: &str) -> String {
    let data = json!({"exitcode": exit.to_string(), "name": name, "message": message, "advice": "", "url": "",
        "issues": ""});
    event("error", &data)
}

fn profiles(minikube: &Minikube) -> Answer {
    let config = json!({"Name": CONTEXT, "Memory": minikube.memory, "CPUs": minikube.cpus, "DiskSize": 20000,
        "Driver": minikube.driver, "KubernetesConfig": {"KubernetesVersion": minikube.kubernetes,
        "ContainerRuntime": minikube.runtime}, "Nodes": [{"Name": "", "IP": "192.168.49.2", "Port": 8443,
        "ControlPlane": true, "Worker": true}]});
    let valid = json!([{"Name": CONTEXT, "Status": "OK", "Config": config, "Active": true}]);
    let invalid = json!([{"Name": CONTEXT, "Status": "", "Config": null, "Active": false}]);
    let (valid, invalid) = match minikube.state {
        Profile::Absent => (json!([]), json!([])),
        Profile::Folder | Profile::Broken => (json!([]), invalid),
        Profile::Running | Profile::Paused | Profile::Stopped | Profile::Partial | Profile::Lost => {
            (valid, json!([]))
        }
    };
    Answer::ok(json!({"invalid": invalid, "valid": valid}).to_string())
}

fn start(state: &mut State, argv: &Argv, now: u64) -> Answer {
    let number = |flag: &str| argv.value(&[flag]).and_then(|text| text.parse().ok()).unwrap_or(0);
    let text = |flag: &str| argv.value(&[flag]).unwrap_or_default().to_owned();
    let (cpus, memory) = (number("--cpus"), number("--memory"));
    let minikube = &mut state.minikube;
    // What was paused, or runs in part, goes on.
    if matches!(minikube.state, Profile::Stopped | Profile::Absent) {
        state.started = now;
    }
    let mut said = step(0, "Initial Minikube Setup", "minikube v1.38.1 on Debian 12.11");
    if minikube.is_there() {
        // It keeps what it has, and says so.
        for (what, has, asked) in [("CPUs", minikube.cpus, cpus), ("memory size", minikube.memory, memory)] {
            if has != asked {
                let message = format!(
                    "You cannot change the {what} for an existing minikube cluster. Please first delete the cluster."
                );
                said += &event("warning", &json!({ "message": message }));
            }
        }
    } else {
        *minikube = Minikube {
            state: Profile::Running,
            cpus,
            memory,
            driver: text("--driver"),
            runtime: text("--container-runtime"),
            kubernetes: text("--kubernetes-version"),
        };
        said += &event(
            "download.progress",
            &json!({"artifact": "preloaded-images.tar.lz4", "progress": "0.5", "currentstep": "2", "totalsteps": "19"}),
        );
        said += &step(
            8,
            "Creating Container",
            &format!("Creating docker container (CPUs={cpus}, Memory={memory}MB) ..."),
        );
    }
    minikube.state = Profile::Running;
    said += &step(13, "Booting control plane", "Booting up control plane ...");
    said += &step(19, "Done", "Done! kubectl is now configured to use \"minikube\" by default");
    Answer::ok(said)
}

fn step(at: u32, name: &str, message: &str) -> String {
    let data = json!({"currentstep": at.to_string(), "totalsteps": "19", "name": name, "message": message});
    event("step", &data)
}

fn image(state: &mut State, verb: &str, argv: &Argv, folder: &Path) -> Answer {
    if !state.minikube.is_there() {
        return Answer::fail(14, "X Exiting due to MK_USAGE_NO_PROFILE: No minikube profile was found.\n");
    }
    if !state.minikube.runs() {
        // The trap: a stopped cluster has nothing to say, and that is a success.
        return Answer::ok(if verb == "ls" { "\n" } else { "" });
    }
    match verb {
        "ls" => {
            let image =
                |name: &String| json!({"id": "sha256:0", "repoDigests": [], "repoTags": [name], "size": "1"});
            let images: Vec<Value> = state.images.keys().map(|name| image(&registered(name))).collect();
            Answer::ok(format!("{}\n", json!(images)))
        }
        "build" => build(state, argv, folder),
        // What is neither a file nor an image of docker's is not loaded, and that is a success.
        "load" => Answer::default(),
        "rm" => {
            let mut said = String::new();
            for name in &argv.words[2..] {
                if state.images.remove(name).is_none() {
                    said += "! Failed to remove images for profile minikube error removing images: crictl\n";
                }
            }
            Answer { stderr: said, ..Answer::default() }
        }
        other => Answer::fail(14, format!("X Exiting due to MK_USAGE: unknown command image {other}\n")),
    }
}

/// A name as the store says it: with its registry.
fn registered(name: &str) -> String {
    match name.split_once('/') {
        None => format!("docker.io/library/{name}"),
        Some((first, _)) if first.contains('.') || first.contains(':') || first == "localhost" => {
            name.to_owned()
        }
        Some(_) => format!("docker.io/{name}"),
    }
}

/// It exits with 0 whatever happens. `-f` is relative to the context, and a Dockerfile that is not there is met with
/// silence.
fn build(state: &mut State, argv: &Argv, folder: &Path) -> Answer {
    let (tag, file) = (argv.value(&["-t"]).unwrap_or_default(), argv.value(&["-f"]).unwrap_or_default());
    let context = folder.join(argv.word(2));
    let file = if file.is_empty() { "Dockerfile" } else { file };
    let Ok(dockerfile) = std::fs::read_to_string(context.join(file)) else { return Answer::default() };
    let copied = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")?.split(' ').next());
    if let Some(missing) = copied.filter(|name| *name != ".").find(|name| !context.join(name).exists()) {
        let text = format!(
            "#4 [1/1] COPY {missing} /\n#4 ERROR: failed to calculate checksum of ref x::y: \"/{missing}\": not found\n\
             ------\n > [1/1] COPY {missing} /:\n------\nerror: failed to solve: failed to compute cache key: failed \
             to calculate checksum of ref x::y: \"/{missing}\": not found\n"
        );
        return Answer { stderr: text, ..Answer::default() };
    }
    let behaviour = std::fs::read_to_string(context.join("behaviour")).unwrap_or_default();
    match Behaviour::parse(&behaviour) {
        Ok(behaviour) => {
            state.images.insert(tag.to_owned(), behaviour);
            Answer { stderr: "#5 exporting to image\n#5 DONE 0.1s\n".to_owned(), ..Answer::default() }
        }
        Err(error) => Answer { stderr: format!("error: {error}\n"), ..Answer::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(state: &mut State, line: &str, folder: &Path) -> Answer {
        let args = line.split(' ').map(str::to_owned).collect();
        run(state, &Call { args, ..Call::default() }, folder)
    }

    #[test]
    fn a_build_that_fails_is_a_success_without_an_image() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("context")).unwrap();
        std::fs::write(folder.path().join("context/Dockerfile"), "FROM scratch\nCOPY program /\n").unwrap();
        let mut state = State::default();
        state.minikube.state = Profile::Running;
        let built =
            call(&mut state, "-p minikube image build -t todo/a:1 -f Dockerfile context", folder.path());
        assert_eq!((built.exit, state.images.len()), (0, 0));
        assert!(built.stderr.contains("\"/program\": not found"), "{}", built.stderr);
        std::fs::write(folder.path().join("context/program"), "").unwrap();
        call(&mut state, "-p minikube image build -t todo/a:1 -f Dockerfile context", folder.path());
        let listed = call(&mut state, "-p minikube image ls --format json", folder.path());
        assert!(listed.stdout.contains("docker.io/todo/a:1"), "{}", listed.stdout);
        state.minikube.state = Profile::Stopped;
        assert_eq!(call(&mut state, "-p minikube image ls --format json", folder.path()), Answer::ok("\n"));
    }

    #[test]
    fn a_cluster_that_is_there_keeps_its_size() {
        let mut state = State::default();
        state.minikube = Minikube { state: Profile::Stopped, cpus: 2, ..Minikube::default() };
        let started = call(&mut state, "start --cpus=6 --memory=12288 --driver=docker", Path::new("."));
        assert!(started.stdout.contains("You cannot change the CPUs"), "{}", started.stdout);
        assert_eq!((state.minikube.cpus, state.minikube.state), (2, Profile::Running));
    }
}
