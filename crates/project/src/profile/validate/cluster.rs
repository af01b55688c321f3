//! Owns the rules of `cluster` that its types cannot say.

use super::Validation;
use crate::profile::schema::Pin;
use crate::profile::source::Seg;

impl Validation<'_> {
    pub(super) fn pin(&mut self) {
        let Pin::Uid(uid) = self.profile.cluster.pin() else { return };
        let hex = |part: &str| part.chars().all(|c| c.is_ascii_hexdigit());
        let lengths: Vec<usize> = uid.split('-').map(str::len).collect();
        if lengths != [8, 4, 4, 4, 12] || !uid.split('-').all(hex) {
            let path = [Seg::from("cluster"), self.profile.cluster.provider().into(), "uid".into()];
            self.value(
                &path,
                "not a UID; this shows it: kubectl get namespace kube-system -o jsonpath={.metadata.uid}",
            );
        }
    }
}
