//! Owns the rules of images, of what builds them and of how they reach the cluster.

use super::Validation;
use crate::profile::names::{self, LABEL_LENGTH};
use crate::profile::schema::{Builder, Buildx, Delivery, Image};
use crate::profile::source::Seg;

impl Validation<'_> {
    pub(super) fn images(&mut self) {
        self.delivery();
        for (name, image) in &self.profile.images {
            let at = |field: &str| [Seg::from("images"), name.as_str().into(), field.into()];
            self.key_label(&at("")[..2], name, LABEL_LENGTH);
            if let Err(message) = names::repository(&image.repository) {
                self.value(&at("repository"), message);
            }
            self.build_files(image, &at);
        }
    }

    fn build_files(&mut self, image: &Image, at: &impl Fn(&str) -> [Seg; 3]) {
        let there = self.folder(&at("context"), &image.context);
        match &image.dockerfile {
            Some(dockerfile) => self.file(&at("dockerfile"), dockerfile),
            None if there => self.file(&at("context"), &image.context.join("Dockerfile")),
            None => {}
        }
        let inside = image.dockerfile.as_ref().is_none_or(|file| file.starts_with(&image.context));
        if !inside && self.builds_on_minikube() {
            let message = "it must be inside the context, because Minikube's builder gets the context alone";
            self.value(&at("dockerfile"), message);
        }
        for (index, glob) in image.sources.iter().enumerate() {
            if let Err(error) = globset::Glob::new(glob) {
                let [images, name, field] = at("sources");
                self.value(&[images, name, field, index.into()], format!("not a glob: {}", error.kind()));
            }
        }
    }

    /// Whether images are built on Minikube's node.
    fn builds_on_minikube(&self) -> bool {
        matches!(self.profile.builds_with(), Builder::Minikube(_))
    }

    /// What builds images and how they reach the cluster must go together.
    fn delivery(&mut self) {
        if self.profile.images.is_empty() {
            return;
        }
        let foreign = self.profile.cluster.builder().is_none();
        match (&self.profile.builder, self.profile.delivery()) {
            (Some(Builder::Buildx(buildx)), delivery) => self.buildx(buildx, delivery, foreign),
            (None, Delivery::Load) if foreign => self.value(&["cluster".into()], NO_STORE),
            (None, Delivery::Push) if foreign => {}
            (None | Some(Builder::Sandbox(_) | Builder::Minikube(_)), Delivery::Push) => {
                let asked = if self.profile.delivery.is_some() { "delivery" } else { "registry" };
                self.value(
                    &[asked.into()],
                    "the cluster's own builder cannot push; say `builder: {buildx: {}}`, or `delivery: load`",
                );
            }
            (None | Some(Builder::Sandbox(_) | Builder::Minikube(_)), Delivery::Load) => {}
        }
    }

    fn buildx(&mut self, buildx: &Buildx, delivery: Delivery, foreign: bool) {
        let at = |rest: &[Seg]| [&["builder".into(), "buildx".into()], rest].concat();
        for (index, platform) in buildx.platforms.iter().enumerate() {
            if let Err(message) = names::platform(platform) {
                self.value(&at(&["platforms".into(), index.into()]), message);
            }
        }
        if delivery == Delivery::Push {
            return;
        }
        if foreign {
            self.value(&["cluster".into()], NO_STORE);
        } else if !self.profile.cluster.loads_from_docker() {
            let message = format!(
                "the {} takes no images from docker; leave `builder` out: it builds itself",
                self.profile.cluster.provider()
            );
            self.field(&at(&[]), message);
        } else if buildx.platforms.len() > 1 {
            self.value(
                &at(&["platforms".into()]),
                "docker's own store holds images of one platform; name one, or say `delivery: push`",
            );
        }
    }
}

/// Why images cannot be loaded.
const NO_STORE: &str = "todoctl cannot load images into this cluster; say `delivery: push` with a `registry`, or \
                        `builder: {sandbox: {…}}` or `{minikube: {…}}` if it is one of those";
