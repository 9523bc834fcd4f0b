//! What a server of the network does with connections and with calls: values only.

use std::time::Duration;

use grpc_runtime::Code;

/// What becomes of whoever connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests are the only users")]
pub enum Door {
    /// Connected and greeted with SETTINGS, at once.
    Opens,
    /// The same, but connecting takes this long.
    OpensAfter(Duration),
    /// Connected at once; the server says SETTINGS after this long.
    SettingsAfter(Duration),
    /// Refused at once.
    Refuses,
    /// Refused after this long.
    RefusesAfter(Duration),
    /// Neither connected nor refused: packets are dropped on the way.
    Silent,
    /// Connected, and the connection closed at once.
    Closes,
    /// Connected; the server reads and never says a word.
    Mute,
    /// Connected; the server says SETTINGS and closes.
    SettingsThenCloses,
    /// Connected; the server says SETTINGS and at once GOAWAY.
    SettingsThenGoaway,
}

/// How calls are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests are the only users")]
pub enum Answer {
    /// With one message, the server's address, and OK.
    Address,
    /// With headers and one message, the server's address; the stream stays open.
    AddressAndOn,
    /// Not at all.
    Never,
    /// With one message and OK, after this long.
    After(Duration),
    /// By a reset that says REFUSED_STREAM: the server did not look at it.
    Refuses,
    /// With this code, and no message.
    Fails(Code),
    /// With this code after this long, and no message.
    FailsAfter(Duration, Code),
    /// With this code and this `grpc-retry-pushback-ms`, and no message.
    PushesBack(Code, &'static str),
}
