//! Owns the two looks at a certificate that are less than the usual one: none, and who signed it whatever its name.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Looks at a server's certificate, and at what it signs.
#[derive(Debug)]
pub(super) struct Verifier {
    algorithms: WebPkiSupportedAlgorithms,
    /// `None`: any certificate will do, which is what `prefer` and `require` mean.
    certificate: Option<Certificate>,
}

/// The right authority signed it: what `verify-ca` means, and with the name, `verify-full`.
#[derive(Debug)]
struct Certificate {
    usual: Arc<WebPkiServerVerifier>,
    roots: Vec<CertificateDer<'static>>,
    name: bool,
}

impl Verifier {
    /// Takes any certificate.
    pub(super) fn of_nothing(provider: &CryptoProvider) -> Self {
        Self { algorithms: provider.signature_verification_algorithms, certificate: None }
    }

    /// Takes a certificate that one of these has signed. `name` says whether that in the certificate must be right.
    pub(super) fn of_certificate(
        (roots, store): (Vec<CertificateDer<'static>>, RootCertStore),
        name: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
        let usual = builder.build().map_err(|error| error.to_string())?;
        let certificate = Some(Certificate { usual, roots, name });
        Ok(Self { certificate, ..Self::of_nothing(provider) })
    }
}

impl ServerCertVerifier for Verifier {
    /// The name is the last thing that is looked at (rustls 0.23, `webpki/server_verifier.rs`). A certificate that signed
    /// itself, as `openssl req -x509` makes it, may be an authority's, which rustls takes from no server; libpq does, when
    /// it is one of the roots.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(Certificate { usual, roots, name }) = &self.certificate else {
            return Ok(ServerCertVerified::assertion());
        };
        match usual.verify_server_cert(end_entity, intermediates, server_name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !name => Ok(ServerCertVerified::assertion()),
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if roots.contains(end_entity) => {
                if *name {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

    use super::*;

    /// A certificate that signed itself, for `db.example`.
    fn certificate(ca: IsCa) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
        params.is_ca = ca;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn verify(
        roots: &[&CertificateDer<'static>],
        shown: &CertificateDer<'static>,
        name: bool,
        host: &str,
    ) -> bool {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add((*root).clone()).unwrap();
        }
        let roots = roots.iter().map(|root| (*root).clone()).collect();
        let verifier = Verifier::of_certificate((roots, store), name, &provider).unwrap();
        let host = ServerName::try_from(host.to_owned()).unwrap();
        verifier.verify_server_cert(shown, &[], &host, &[], UnixTime::now()).is_ok()
    }

    #[test]
    fn a_certificate_that_signed_itself_is_its_own_root() {
        let other = certificate(IsCa::NoCa);
        for ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
            let own = certificate(ca);
            assert!(verify(&[&other, &own], &own, true, "db.example"));
            assert!(verify(&[&own], &own, false, "10.0.0.1"));
            assert!(!verify(&[&own], &own, true, "10.0.0.1"));
            assert!(!verify(&[&other], &own, false, "db.example"));
        }
    }
}
