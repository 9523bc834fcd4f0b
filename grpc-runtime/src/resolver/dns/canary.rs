//! Which of the service configs in DNS is for this client (gRFC A2).
//!
//! Pure: who the client is and how its lots fall are arguments.

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value};

use crate::resolver::ServiceConfigUpdate;
use crate::status::Status;

/// Reads a list of choices, and takes the first that is for a client on the machine `host_name`. `draw` gives the lot of
/// a choice, evenly spread over `0.0..1.0`.
///
/// # Errors
/// The text is not a list of choices; one that is not understood spoils all, because it might have been the one.
pub(super) fn choose(
    text: &[u8],
    host_name: &str,
    draw: &mut dyn FnMut(usize) -> f64,
) -> Result<ServiceConfigUpdate, InvalidChoices> {
    let list: Value = serde_json::from_slice(text).map_err(InvalidChoices::Json)?;
    let Value::Array(list) = list else { return Err(InvalidChoices::NotAList) };
    let choices: Result<Vec<Choice>, InvalidChoices> = list
        .into_iter()
        .enumerate()
        .map(|(index, value)| {
            Choice::read(value).map_err(|mistake| InvalidChoices::Choice { index, mistake })
        })
        .collect();
    let chosen = choices?
        .into_iter()
        .enumerate()
        .find(|(index, choice)| choice.is_for(host_name, &mut || draw(*index)));
    Ok(match chosen {
        Some((_, choice)) => ServiceConfigUpdate::Json(Value::Object(choice.config).to_string()),
        None => ServiceConfigUpdate::None,
    })
}

/// The name of this machine, as choices name it.
pub(super) fn host_name() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// One choice.
struct Choice {
    languages: Option<Vec<String>>,
    host_names: Option<Vec<String>>,
    percentage: Option<f64>,
    config: Map<String, Value>,
}

impl Choice {
    fn read(value: Value) -> Result<Self, Mistake> {
        let Value::Object(fields) = value else { return Err(Mistake::NotAnObject) };
        let (mut languages, mut host_names) = (None, None);
        let (mut percentage, mut config) = (None, None);
        for (key, value) in fields {
            match (key.as_str(), value) {
                // As in proto3's JSON, null is the same as absent.
                (LANGUAGE | HOST_NAME | HOST_NAME_OF_GO | PERCENTAGE, Value::Null) => {}
                (LANGUAGE, value) => languages = Some(strings(LANGUAGE, value)?),
                (HOST_NAME | HOST_NAME_OF_GO, value) => {
                    host_names = Some(strings(HOST_NAME, value)?);
                }
                (PERCENTAGE, value) => match value.as_f64() {
                    Some(number) if (0.0..=100.0).contains(&number) && number.fract() == 0.0 => {
                        percentage = Some(number);
                    }
                    Some(_) | None => return Err(Mistake::Percentage),
                },
                (CONFIG, Value::Object(object)) => config = Some(object),
                (CONFIG, _) => return Err(Mistake::Config),
                _ => return Err(Mistake::UnknownKey(key)),
            }
        }
        let config = config.ok_or(Mistake::Config)?;
        Ok(Self { languages, host_names, percentage, config })
    }

    fn is_for(&self, host_name: &str, draw: &mut dyn FnMut() -> f64) -> bool {
        let is_any = |list: &Option<Vec<String>>, fits: &dyn Fn(&str) -> bool| match list {
            None => true,
            Some(list) => list.iter().any(|one| fits(one)),
        };
        is_any(&self.languages, &|one| one.eq_ignore_ascii_case(OUR_LANGUAGE))
            && is_any(&self.host_names, &|one| one == host_name)
            && self.percentage.is_none_or(|percentage| draw() * 100.0 < percentage)
    }
}

fn strings(key: &'static str, value: Value) -> Result<Vec<String>, Mistake> {
    let Value::Array(list) = value else { return Err(Mistake::NotStrings(key)) };
    let text = |value| match value {
        Value::String(text) => Ok(text),
        _ => Err(Mistake::NotStrings(key)),
    };
    list.into_iter().map(text).collect()
}

/// The TXT record is not a list of choices.
#[derive(Debug)]
pub(super) enum InvalidChoices {
    Json(serde_json::Error),
    NotAList,
    Choice { index: usize, mistake: Mistake },
}

/// What is wrong with a choice.
#[derive(Debug)]
pub(super) enum Mistake {
    NotAnObject,
    UnknownKey(String),
    NotStrings(&'static str),
    Percentage,
    Config,
}

impl InvalidChoices {
    /// As what the resolver of `host` has to say.
    pub(super) fn into_update(self, host: &str) -> ServiceConfigUpdate {
        let message = match self.source() {
            Some(cause) => {
                format!("the service configs of {host:?} in DNS are unusable: {self}: {cause}")
            }
            None => format!("the service configs of {host:?} in DNS are unusable: {self}"),
        };
        ServiceConfigUpdate::Invalid(Status::unavailable(message).with_source(self))
    }
}

impl fmt::Display for InvalidChoices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(_) => formatter.write_str("they are not JSON"),
            Self::NotAList => formatter.write_str("they are not a list"),
            Self::Choice { index, mistake } => write!(formatter, "choice {index} {mistake}"),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => formatter.write_str("is not an object"),
            Self::UnknownKey(key) => write!(
                formatter,
                "has the key {key:?}, which is none of {LANGUAGE}, {PERCENTAGE}, {HOST_NAME} and {CONFIG}"
            ),
            Self::NotStrings(key) => write!(formatter, "has a {key} that is not a list of strings"),
            Self::Percentage => {
                write!(formatter, "has a {PERCENTAGE} that is not a whole number from 0 to 100")
            }
            Self::Config => write!(formatter, "has no {CONFIG} that is an object"),
        }
    }
}

impl Error for InvalidChoices {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Json(cause) => Some(cause),
            Self::NotAList | Self::Choice { .. } => None,
        }
    }
}

const OUR_LANGUAGE: &str = "rust";
const LANGUAGE: &str = "clientLanguage";
const PERCENTAGE: &str = "percentage";
const HOST_NAME: &str = "clientHostname";
/// grpc-go's spelling, which is found in records as well.
const HOST_NAME_OF_GO: &str = "clientHostName";
const CONFIG: &str = "serviceConfig";

#[cfg(test)]
mod tests;
