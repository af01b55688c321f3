//! Owns what kubectl's complaint says: whether a resource is known.

/// Whether kubectl, having asked the server, says that it knows no such resource: the one answer that proves that there
/// is no object of it. The second text is the server's, when kubectl remembered the resource from before
/// (kubectl `pkg/cmd/get`, apimachinery `api/meta/errors.go`; tried with 1.34).
pub fn lacks_resource(complaint: &str) -> bool {
    complaint.contains("the server doesn't have a resource type")
        || complaint.contains("the server could not find the requested resource")
}
