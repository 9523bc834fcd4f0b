//! scratch
#[derive(Debug, Clone)]
pub(crate) struct Target {
    text: String,
    ep: Endpoint,
    sec: Option<SecurityHint>,
    auth: String,
}
#[derive(Debug, Clone)]
pub(crate) enum Endpoint {
    Dns { host: String, port: u16 },
}
#[derive(Debug, Clone, Copy)]
pub enum SecurityHint {
    Tls,
    Plaintext,
}
#[derive(Debug)]
pub struct InvalidTarget;
impl std::fmt::Display for InvalidTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bad")
    }
}
impl std::error::Error for InvalidTarget {}
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
impl Target {
    pub(crate) fn parse(t: &str) -> Result<Self, InvalidTarget> {
        let sec = if t.starts_with("http://") {
            Some(SecurityHint::Plaintext)
        } else if t.starts_with("https://") {
            Some(SecurityHint::Tls)
        } else {
            None
        };
        let hp = t.rsplit('/').next().unwrap();
        let (h, p) = hp.rsplit_once(':').ok_or(InvalidTarget)?;
        Ok(Self {
            text: t.into(),
            ep: Endpoint::Dns { host: h.into(), port: p.parse().map_err(|_| InvalidTarget)? },
            sec,
            auth: hp.into(),
        })
    }
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.ep
    }
    pub(crate) fn security(&self) -> Option<SecurityHint> {
        self.sec
    }
    pub(crate) fn authority(&self) -> &str {
        &self.auth
    }
}
