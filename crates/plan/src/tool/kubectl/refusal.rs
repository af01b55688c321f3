//! Owns what kubectl's complaint says: whether a request through the service proxy reached a program, whether a resource
//! is known, whether the user may do it.
//! Refuses to guess: what is not known to be undelivered may have been delivered.

/// How the complaint about a request begins that certainly reached no program. The third and fourth are the API
/// server's own (kubernetes pkg/registry/core/service/storage: no endpoints, no such port); the fifth says that it
/// could not connect to the pod (apimachinery pkg/util/proxy/transport.go; any other "trying to reach service" may
/// come after the request was read); the rest did not reach the API server.
const UNDELIVERED: [&str; 6] = [
    "The connection to the server ",
    "Unable to connect to the server: dial tcp ",
    "Error from server (ServiceUnavailable): no endpoints available for service ",
    "Error from server (ServiceUnavailable): no service port ",
    "Error from server (ServiceUnavailable): error trying to reach service: dial tcp ",
    "Error from server (NotFound): services \"",
];

/// Whether a request certainly reached no program, so that sending it again repeats nothing.
pub fn is_undelivered(complaint: &str) -> bool {
    complaint.lines().any(|line| UNDELIVERED.iter().any(|start| line.starts_with(start)))
}

/// Whether the program answered 404: what was to be removed is not there.
pub fn is_absent(complaint: &str) -> bool {
    complaint.lines().any(|line| line.starts_with("Error from server (NotFound): the server could not find"))
}

/// Whether kubectl, having asked the server, says that it knows no such resource: the one answer that proves that there
/// is no object of it. The second text is the server's, when kubectl remembered the resource from before
/// (kubectl `pkg/cmd/get`, apimachinery `api/meta/errors.go`; tried with 1.34).
pub fn lacks_resource(complaint: &str) -> bool {
    complaint.contains("the server doesn't have a resource type")
        || complaint.contains("the server could not find the requested resource")
}

/// Whether the server says that this user may not do it.
pub fn is_forbidden(complaint: &str) -> bool {
    complaint.lines().any(|line| line.starts_with("Error from server (Forbidden): "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_certainly_reached_no_program_is_undelivered() {
        let undelivered = [
            "The connection to the server 10.1.2.3:6443 was refused - did you specify the right host or port?",
            "Unable to connect to the server: dial tcp 10.1.2.3:6443: connect: no route to host",
            "Error from server (ServiceUnavailable): no endpoints available for service \"frontend-service:3000\"",
            "Error from server (ServiceUnavailable): error trying to reach service: dial tcp 10.244.0.9:3000: connect: connection refused",
            "Error from server (NotFound): services \"frontend-service\" not found",
        ];
        for complaint in undelivered {
            assert!(is_undelivered(complaint), "{complaint}");
        }
        let perhaps_delivered = [
            "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
            "Error from server (ServiceUnavailable): error trying to reach service: EOF",
            "Error from server (NotFound): the server could not find the requested resource",
            "Error from server (InternalError): an error on the server (\"no endpoints available for service \\\"x\\\"\") has prevented the request from succeeding",
            "Unable to connect to the server: context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            "Error from server (AlreadyExists): the server reported a conflict",
            "",
        ];
        for complaint in perhaps_delivered {
            assert!(!is_undelivered(complaint), "{complaint}");
        }
        assert!(is_absent(perhaps_delivered[2]) && !is_absent(undelivered[4]));
    }
}
