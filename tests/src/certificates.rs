//! Certificates made for one test: an authority, a server leaf and a client leaf. Nothing is on disk.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// An authority with one leaf for a server and one for a client, all as PEM.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// What a client trusts to accept [`server`](Self::server), and the other way round.
    pub authority: String,
    /// Valid for `localhost`, `127.0.0.1` and `::1`, and for the names given.
    pub server: Leaf,
    /// For mutual TLS.
    pub client: Leaf,
}

/// A certificate and its private key, both PEM.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The certificate.
    pub certificate: String,
    /// Its key, PKCS #8.
    pub key: String,
}

impl Certificates {
    /// A fresh authority; `names` are further host names of the server.
    ///
    /// # Panics
    ///
    /// When a name is no host name.
    pub fn new(names: &[&str]) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "authority of one test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("the random source works");
        let authority =
            CertifiedIssuer::self_signed(params, key).expect("the parameters are valid");
        let names =
            ["localhost", "127.0.0.1", "::1"].iter().chain(names).map(|name| (*name).to_owned());
        Certificates {
            server: leaf(&authority, names.collect(), ExtendedKeyUsagePurpose::ServerAuth),
            client: leaf(
                &authority,
                vec!["client".to_owned()],
                ExtendedKeyUsagePurpose::ClientAuth,
            ),
            authority: authority.pem(),
        }
    }
}

fn leaf(
    authority: &CertifiedIssuer<'_, KeyPair>,
    names: Vec<String>,
    purpose: ExtendedKeyUsagePurpose,
) -> Leaf {
    let key = KeyPair::generate().expect("the random source works");
    let mut params = CertificateParams::new(names).expect("the names are host names");
    params.extended_key_usages = vec![purpose];
    let certificate = params.signed_by(&key, authority).expect("the authority can sign");
    Leaf { certificate: certificate.pem(), key: key.serialize_pem() }
}
