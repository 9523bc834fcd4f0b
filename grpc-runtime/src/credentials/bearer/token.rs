//! [`Token`]: a bearer token, and how long it is good. Nothing is fetched or sent here.

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::metadata::{InvalidMetadata, Metadata};

/// A token as [`BearerToken::fetched`](crate::credentials::BearerToken::fetched) is given it. `Debug` does not show it.
#[derive(Clone)]
pub struct Token {
    text: String,
    expiry: Option<Expiry>,
}

#[derive(Debug, Clone, Copy)]
enum Expiry {
    /// From when it was fetched.
    In(Duration),
    At(SystemTime),
}

impl Token {
    /// A token that does not expire, or of which it is not known.
    pub fn new(text: impl Into<String>) -> Token {
        Token { text: text.into(), expiry: None }
    }

    /// A JSON Web Token, good until its claim `exp` (RFC 7519, section 4.1.4). Its signature is for the server to verify.
    ///
    /// # Errors
    /// When it is no JWT, or has no such claim.
    pub fn from_jwt(text: impl Into<String>) -> Result<Token, InvalidToken> {
        let text = text.into();
        let expires = expiry_of_jwt(&text)?;
        Ok(Token::new(text).expires_at(expires))
    }

    /// How long it is good, from when it was fetched: `expires_in` of an OAuth 2.0 answer.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Token {
        self.expiry = Some(Expiry::In(lifetime));
        self
    }

    /// Until when it is good, by the clock on the wall.
    #[must_use]
    pub fn expires_at(mut self, time: SystemTime) -> Token {
        self.expiry = Some(Expiry::At(time));
        self
    }

    /// How long it is good from now on, where `now` is the clock on the wall; `None` for ever.
    pub(super) fn lifetime(&self, now: SystemTime) -> Option<Duration> {
        match self.expiry? {
            Expiry::In(lifetime) => Some(lifetime),
            Expiry::At(time) => Some(time.duration_since(now).unwrap_or_default()),
        }
    }

    /// What is sent.
    pub(super) fn header(&self) -> Result<Metadata, InvalidMetadata> {
        header(&self.text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

/// A text is not a JSON Web Token that tells when it expires. It does not show the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidToken {
    /// It is not three parts in base64 with points between them, the second of which is a JSON object.
    NotAJwt,
    /// Its claims have no `exp` that is a time.
    NoExpiry,
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotAJwt => {
                "the token is not a JSON Web Token: a bearer token of another form is made by `Token::new`"
            }
            Self::NoExpiry => {
                "the JSON Web Token has no claim `exp`: make it by `Token::new`, and say when it expires"
            }
        })
    }
}

impl Error for InvalidToken {}

/// `authorization` with this token; such an entry is sensitive.
pub(super) fn header(token: &str) -> Result<Metadata, InvalidMetadata> {
    let mut metadata = Metadata::new();
    metadata.insert("authorization", format!("Bearer {token}"))?;
    Ok(metadata)
}

fn expiry_of_jwt(text: &str) -> Result<SystemTime, InvalidToken> {
    let mut parts = text.split('.');
    let (Some(_), Some(claims), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(InvalidToken::NotAJwt);
    };
    let claims = URL_SAFE_NO_PAD
        .decode(claims.trim_end_matches('='))
        .map_err(|_not_base64| InvalidToken::NotAJwt)?;
    let claims: Map<String, Value> =
        serde_json::from_slice(&claims).map_err(|_not_claims| InvalidToken::NotAJwt)?;
    let expiry = match claims.get("exp") {
        None | Some(Value::Null) => None,
        Some(expiry) => Some(expiry.as_f64().ok_or(InvalidToken::NotAJwt)?),
    };
    let since_epoch = expiry
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or(InvalidToken::NoExpiry)?;
    UNIX_EPOCH.checked_add(since_epoch).ok_or(InvalidToken::NoExpiry)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_jwt_says_when_it_expires() {
        let token = Token::from_jwt(jwt(r#"{"sub": "ada", "exp": 1000}"#)).unwrap();
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(token.lifetime(at(900)), Some(Duration::from_secs(100)));
        assert_eq!(token.lifetime(at(1001)), Some(Duration::ZERO));
        assert_eq!(Token::new("a").lifetime(at(0)), None);
    }

    #[test]
    fn what_is_no_jwt_is_told_without_being_shown() {
        for (text, error) in [
            ("secret".to_owned(), InvalidToken::NotAJwt),
            ("a.secret!.c".to_owned(), InvalidToken::NotAJwt),
            (format!("{}.d", jwt("{}")), InvalidToken::NotAJwt),
            (jwt("[]"), InvalidToken::NotAJwt),
            (jwt(r#"{"exp": "tomorrow"}"#), InvalidToken::NotAJwt),
            (jwt("{}"), InvalidToken::NoExpiry),
            (jwt(r#"{"exp": -1}"#), InvalidToken::NoExpiry),
            (jwt(r#"{"exp": 1e300}"#), InvalidToken::NoExpiry),
        ] {
            assert_eq!(Token::from_jwt(&text).unwrap_err(), error, "{text}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        let token = Token::new("secret").expires_in(Duration::from_secs(1));
        assert!(!format!("{token:?} {:?}", token.header()).contains("secret"));
        assert!(!Token::new("sec\nret").header().unwrap_err().to_string().contains("ret"));
    }

    proptest! {
        #[test]
        fn garbage_does_no_harm(text: String, claims: Vec<u8>) {
            let _ = Token::from_jwt(text);
            let _ = Token::from_jwt(format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims)));
        }
    }
}
