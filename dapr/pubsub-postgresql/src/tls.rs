//! Owns TLS as `sslmode` of PostgreSQL defines it (PostgreSQL, "SSL Support", table "SSL Mode Descriptions").
//!
//! `disable`, `allow` and `prefer` protect from nobody who listens actively; `require` encrypts; `verify-ca` also looks
//! at who signed the certificate, `verify-full` also at its name. As in libpq, `require` with `sslrootcert` is `verify-ca`.
//! What libpq looks for in a home folder there is none of here: without `sslrootcert` the roots of Mozilla count.

mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::verify::Verifier;

/// The values of `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// No TLS.
    Disable,
    /// TLS when the server wants it.
    Allow,
    /// TLS when the server can.
    Prefer,
    /// TLS.
    Require,
    /// TLS, with a certificate signed by the right authority.
    VerifyCa,
    /// The same, and with the right name.
    VerifyFull,
}

impl Mode {
    /// Reads a value of `sslmode`.
    pub fn read(text: &str) -> Result<Self, String> {
        Ok(match text {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                return Err("`connectionString`: sslmode is disable, allow, prefer, require, verify-ca or \
                            verify-full"
                    .to_owned());
            }
        })
    }
}

/// Whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// Those that Mozilla trusts.
    Bundled,
    /// Those in a PEM file.
    File(PathBuf),
}

/// What a connection string says of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// How strict.
    pub mode: Mode,
    /// Whose signatures count, where signatures do.
    pub roots: Roots,
}

impl Tls {
    /// From `sslmode` and `sslrootcert`, where they are said.
    pub fn new(mode: Option<Mode>, roots: Option<Roots>) -> Result<Self, String> {
        let mode = match (mode, &roots) {
            (None, Some(Roots::Bundled)) => Mode::VerifyFull,
            (Some(mode), Some(Roots::Bundled)) if mode != Mode::VerifyFull => {
                return Err(
                    "`connectionString`: sslrootcert=system needs sslmode=verify-full: anybody can have a \
                            certificate that is signed by some public authority"
                        .to_owned(),
                );
            }
            (Some(Mode::Require), Some(Roots::File(_))) => Mode::VerifyCa,
            (mode, _) => mode.unwrap_or(Mode::Prefer),
        };
        Ok(Self { mode, roots: roots.unwrap_or(Roots::Bundled) })
    }

    /// What makes TLS of a connection. An error says what is wrong with the file of certificates.
    pub fn connector(&self) -> Result<MakeRustlsConnect, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let verifier = match self.mode {
            Mode::Disable | Mode::Allow | Mode::Prefer | Mode::Require => Verifier::of_nothing(&provider),
            Mode::VerifyCa | Mode::VerifyFull => {
                let name = self.mode == Mode::VerifyFull;
                Verifier::of_certificate(self.roots()?, name, &provider)?
            }
        };
        let config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
    }

    /// The certificates whose signatures count: those of a file as they are, and all of them ready for use.
    fn roots(&self) -> Result<(Vec<CertificateDer<'static>>, RootCertStore), String> {
        let Roots::File(path) = &self.roots else {
            return Ok((Vec::new(), RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }));
        };
        let wrong = |reason: String| format!("`connectionString`: sslrootcert {}: {reason}", path.display());
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        let certificates = certificates.map_err(|error| wrong(error.to_string()))?;
        let mut store = RootCertStore::empty();
        for certificate in &certificates {
            store.add(certificate.clone()).map_err(|error| wrong(error.to_string()))?;
        }
        if store.is_empty() {
            return Err(wrong("there is no certificate in it".to_owned()));
        }
        Ok((certificates, store))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_makes_require_stricter() {
        let file = || Some(Roots::File("/ca.pem".into()));
        let mode = |mode, roots| Tls::new(mode, roots).map(|tls| tls.mode);
        assert_eq!(mode(None, None), Ok(Mode::Prefer));
        assert_eq!(mode(Some(Mode::Require), None), Ok(Mode::Require));
        assert_eq!(mode(Some(Mode::Require), file()), Ok(Mode::VerifyCa));
        assert_eq!(mode(Some(Mode::VerifyFull), file()), Ok(Mode::VerifyFull));
        assert_eq!(mode(None, Some(Roots::Bundled)), Ok(Mode::VerifyFull));
        assert!(mode(Some(Mode::VerifyCa), Some(Roots::Bundled)).is_err());
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let tls = |path: &str| Tls::new(Some(Mode::VerifyCa), Some(Roots::File(path.into()))).unwrap();
        let said = |path: &str| tls(path).connector().err().unwrap();
        assert!(said("/nowhere.pem").starts_with("`connectionString`: sslrootcert /nowhere.pem: "));
        assert_eq!(
            said("/dev/null"),
            "`connectionString`: sslrootcert /dev/null: there is no certificate in it"
        );
        assert!(Tls::new(Some(Mode::VerifyFull), None).unwrap().connector().is_ok());
    }
}
