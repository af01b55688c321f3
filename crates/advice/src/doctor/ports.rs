//! Owns node ports: which ones the charts ask for, and whether somebody else has them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::doctor::{Area, Finding};

/// A port of every node that a Service of a release asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodePort {
    /// The port.
    pub port: u16,
    /// Namespace of the Service.
    pub namespace: String,
    /// Name of the Service.
    pub service: String,
}

impl NodePort {
    fn place(&self) -> String {
        format!("service {} in namespace {}", self.service, self.namespace)
    }
}

/// The node ports of the Services among some objects: those that rendered ones ask for by number, the others get a free
/// one; those that live ones have. `namespace` is where objects are that name none.
pub fn of(objects: &[Value], namespace: &str) -> Vec<NodePort> {
    let services = objects.iter().filter(|object| object["kind"] == "Service");
    services
        .flat_map(|service| {
            let ports = service["spec"]["ports"].as_array().into_iter().flatten();
            ports.filter_map(|port| {
                Some(NodePort {
                    port: u16::try_from(port["nodePort"].as_u64()?).ok()?,
                    namespace: service["metadata"]["namespace"].as_str().unwrap_or(namespace).to_owned(),
                    service: service["metadata"]["name"].as_str()?.to_owned(),
                })
            })
        })
        .collect()
}

/// Judges the ports that are asked for. `taken` is what the cluster has given out, when it could be asked; `listening`
/// are ports that programs of this machine listen on, when its ports are those of the node.
pub fn judge(
    wanted: &[NodePort],
    taken: Result<&[NodePort], &str>,
    listening: Option<&[u16]>,
) -> Vec<Finding> {
    let mut by_port: BTreeMap<u16, Vec<&NodePort>> = BTreeMap::new();
    for one in wanted {
        by_port.entry(one.port).or_default().push(one);
    }
    by_port.into_iter().map(|(port, askers)| of_port(port, &askers, taken, listening)).collect()
}

fn of_port(
    port: u16,
    askers: &[&NodePort],
    taken: Result<&[NodePort], &str>,
    listening: Option<&[u16]>,
) -> Finding {
    let what = port.to_string();
    let ours = askers[0];
    if let [one, other, ..] = askers {
        let evidence =
            format!("two Services of the profile ask for it: {} and {}", one.place(), other.place());
        return Finding::failed(
            Area::Ports,
            what,
            evidence,
            "give one of them another nodePort in its values",
        );
    }
    let holder = match taken {
        Err(why) => return unseen(port, ours, why, listening),
        Ok(taken) => taken.iter().find(|one| one.port == port),
    };
    match holder {
        Some(holder) if holder == ours => Finding::ok(Area::Ports, what, format!("{} has it", ours.place())),
        Some(holder) => Finding::failed(
            Area::Ports,
            what,
            format!("{} asks for it, {} has it", ours.place(), holder.place()),
            format!(
                "give another nodePort in the values, or: kubectl delete service {} -n {}",
                holder.service, holder.namespace
            ),
        ),
        None => local(port, ours, listening)
            .unwrap_or_else(|| Finding::ok(Area::Ports, what, format!("free for {}", ours.place()))),
    }
}

fn unseen(port: u16, ours: &NodePort, why: &str, listening: Option<&[u16]>) -> Finding {
    if let Some(found) = local(port, ours, listening) {
        return found;
    }
    let evidence = match listening {
        Some(_) => format!("{} asks for it; free on this machine, and {why}", ours.place()),
        None => format!("{} asks for it; {why}", ours.place()),
    };
    Finding::not_checked(Area::Ports, port.to_string(), evidence)
}

fn local(port: u16, ours: &NodePort, listening: Option<&[u16]>) -> Option<Finding> {
    listening?.contains(&port).then(|| {
        Finding::failed(
            Area::Ports,
            port.to_string(),
            format!(
                "{} asks for it, and a program of this machine, which is the node, listens on it",
                ours.place()
            ),
            format!(
                "end it (ss -ltnp 'sport = :{port}' shows which), or give another nodePort in the values"
            ),
        )
    })
}

/// The ports that programs listen on, from `/proc/net/tcp` and `/proc/net/tcp6`: state 0A.
pub fn listening(table: &str) -> Vec<u16> {
    let port = |line: &str| {
        let mut cells = line.split_whitespace().skip(1);
        let (local, state) = (cells.next()?, cells.nth(1)?);
        if state != "0A" {
            return None;
        }
        u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()
    };
    table.lines().skip(1).filter_map(port).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn port(port: u16, namespace: &str, service: &str) -> NodePort {
        NodePort { port, namespace: namespace.into(), service: service.into() }
    }

    #[test]
    fn only_ports_with_a_number_are_wanted() {
        let objects = [
            json!({"kind": "Service", "metadata": {"name": "f"}, "spec": {"ports": [{"port": 1, "nodePort": 30000}, {"port": 2}]}}),
            json!({"kind": "Deployment", "metadata": {"name": "d"}}),
        ];
        assert_eq!(of(&objects, "todo"), [port(30000, "todo", "f")]);
    }

    #[test]
    fn a_port_is_free_ours_somebody_elses_or_unknown() {
        let ours = port(30000, "todo", "f");
        let told =
            |wanted: &[NodePort], taken, listening| crate::doctor::told(&judge(wanted, taken, listening));
        let other = [port(30000, "default", "web")];
        let one = std::slice::from_ref(&ours);
        let cases = [
            told(one, Ok(&other), None),
            told(one, Ok(one), Some(&[30000])),
            told(one, Ok(&[]), Some(&[30000])),
            told(one, Ok(&[]), None),
            told(one, Err("the cluster is not running"), None),
            told(one, Err("the cluster is not running"), Some(&[])),
            told(&[ours.clone(), port(30000, "todo", "b")], Ok(&[]), None),
        ];
        insta::assert_snapshot!(cases.join("\n"), @r#"
        failed 30000: service f in namespace todo asks for it, service web in namespace default has it | give another nodePort in the values, or: kubectl delete service web -n default
        ok 30000: service f in namespace todo has it
        failed 30000: service f in namespace todo asks for it, and a program of this machine, which is the node, listens on it | end it (ss -ltnp 'sport = :30000' shows which), or give another nodePort in the values
        ok 30000: free for service f in namespace todo
        not checked 30000: service f in namespace todo asks for it; the cluster is not running
        not checked 30000: service f in namespace todo asks for it; free on this machine, and the cluster is not running
        failed 30000: two Services of the profile ask for it: service f in namespace todo and service b in namespace todo | give one of them another nodePort in its values
        "#);
    }

    #[test]
    fn listeners_are_read_from_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue\n\
            0: 00000000:7530 00000000:0000 0A 00000000\n\
            1: 0100007F:0016 0100007F:9999 01 00000000\n";
        assert_eq!(listening(table), [30000]);
    }
}
