//! [`TargetUri`]: a target cut into scheme, authority and path, for whoever knows what the scheme means.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::target::SecurityHint;
use crate::target::error::{InvalidTarget, Mistake};
use crate::target::parse::{self, NOT_IN_AUTHORITY, split_authority, split_scheme};

/// A target by its parts (RFC 3986, section 3).
///
/// In `dns://10.0.0.2/greeter:50051` the scheme is `dns`, the authority `10.0.0.2`, the path `/greeter:50051` and the
/// endpoint `greeter:50051`. `Display` gives the text that the program wrote.
///
/// ```
/// use grpc_runtime::resolver::TargetUri;
///
/// let target: TargetUri = "zookeeper://zk.prod:2181/services/greeter".parse()?;
/// assert_eq!(target.scheme(), "zookeeper");
/// assert_eq!(target.authority(), "zk.prod:2181");
/// assert_eq!(target.endpoint(), "services/greeter");
/// # Ok::<(), grpc_runtime::InvalidTarget>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetUri {
    text: String,
    scheme: String,
    /// What is after the scheme's colon.
    rest: String,
    origin: Origin,
}

/// Where the scheme comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// It was written.
    Written,
    /// The target has none that is known, and so is as a whole a name for the default scheme.
    Default,
    /// The target is a URL of this security and authority.
    Url(SecurityHint, String),
}

impl TargetUri {
    /// Finds out which of the known schemes `text` has (N-01: with none, all of it is for `default_scheme`).
    ///
    /// A URL, unless its scheme is known as such, becomes the host and port that it means, for `dns`.
    ///
    /// # Errors
    /// The text is a URL and cannot be understood; other texts are not judged here.
    pub(crate) fn choose(
        text: &str,
        default_scheme: &str,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Self, InvalidTarget> {
        if let Some((scheme, rest)) = split_scheme(text) {
            let scheme = scheme.to_ascii_lowercase();
            if is_known(&scheme) {
                return Ok(Self::written(text, scheme, rest));
            }
            if let Some(url) = parse::url(text, &scheme, rest)? {
                let (host_and_port, security, authority) = url;
                return Ok(Self {
                    text: text.to_owned(),
                    scheme: "dns".to_owned(),
                    rest: format!("///{host_and_port}"),
                    origin: Origin::Url(security, authority),
                });
            }
        }
        Ok(Self::whole_for(text, default_scheme))
    }

    /// `host[:port]`, of which nothing is a scheme.
    pub(super) fn of_host(text: &str) -> Self {
        Self::whole_for(text, "dns")
    }

    fn whole_for(text: &str, scheme: &str) -> Self {
        Self {
            text: text.to_owned(),
            scheme: scheme.to_ascii_lowercase(),
            rest: format!("///{text}"),
            origin: Origin::Default,
        }
    }

    fn written(text: &str, scheme: String, rest: &str) -> Self {
        Self { text: text.to_owned(), scheme, rest: rest.to_owned(), origin: Origin::Written }
    }

    /// The scheme, in lower case: `dns` for a target without one.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What is between two slashes and the third; empty in most targets. For `dns` it is the server to ask.
    pub fn authority(&self) -> &str {
        split_authority(&self.rest).0.unwrap_or_default()
    }

    /// What is after scheme and authority, as it is written, with the slash at its begin if it has one.
    pub fn path(&self) -> &str {
        split_authority(&self.rest).1.unwrap_or_default()
    }

    /// The path without one slash at its begin, and with `%XX` decoded unless that gives no UTF-8.
    pub fn endpoint(&self) -> String {
        let path = self.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        match percent_decode_str(path).decode_utf8() {
            Ok(decoded) => decoded.into_owned(),
            Err(_) => path.to_owned(),
        }
    }

    /// The error of a resolver factory that cannot understand this target: `reason` says which part is wrong and why
    /// (a fragment), `instead` is a target that would do.
    pub fn invalid(&self, reason: impl Into<String>, instead: impl Into<String>) -> InvalidTarget {
        InvalidTarget::new(&self.text, Mistake::Other(reason.into()), instead)
    }

    /// What is after the scheme's colon.
    pub(super) fn rest(&self) -> &str {
        &self.rest
    }

    /// The text, if it is as a whole a name for the default scheme.
    pub(super) fn whole(&self) -> Option<&str> {
        matches!(self.origin, Origin::Default).then_some(&self.text)
    }

    /// The text that the program wrote.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What a URL says about security.
    pub(crate) fn security(&self) -> Option<SecurityHint> {
        match self.origin {
            Origin::Url(security, _) => Some(security),
            Origin::Written | Origin::Default => None,
        }
    }

    /// The authority of a URL, as it is written.
    pub(crate) fn url_authority(&self) -> Option<&str> {
        match &self.origin {
            Origin::Url(_, authority) => Some(authority),
            Origin::Written | Origin::Default => None,
        }
    }

    /// The `:authority` where neither the program nor the factory has another (N-03).
    pub(crate) fn default_authority(&self) -> String {
        encoded_authority(&self.endpoint())
    }
}

/// Text as an authority: percent-encoded, and of this machine if it is only a port.
pub(super) fn encoded_authority(text: &str) -> String {
    let encoded = utf8_percent_encode(text, NOT_IN_AUTHORITY);
    match text.starts_with(':') {
        true => format!("localhost{encoded}"),
        false => encoded.to_string(),
    }
}

impl FromStr for TargetUri {
    type Err = InvalidTarget;

    /// Takes the text's own scheme, whatever it is: for trying out a factory.
    ///
    /// # Errors
    /// There is no scheme.
    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        match split_scheme(text) {
            Some((scheme, rest)) => Ok(Self::written(text, scheme.to_ascii_lowercase(), rest)),
            None => Err(InvalidTarget::new(text, Mistake::NoScheme, "dns:///greeter.example.com")),
        }
    }
}

impl fmt::Display for TargetUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}
