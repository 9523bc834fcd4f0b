//! [`Method`]: everything that is known of a method at compile time, as a type.

use crate::call::kind::Kind;
use crate::codec::{Decode, Encode};
use crate::method::MethodDescriptor;
use crate::status::FromStatus;

/// One method of one service. `#[grpc_client]` writes a type for each method of a trait; layers are generic over
/// it, or made for one of them.
///
/// ```
/// use grpc_runtime::Method;
///
/// fn describe<M: Method>() -> &'static str {
///     M::DESCRIPTOR.service()
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a method of a gRPC service",
    note = "`#[grpc_client]` makes one type a method, in a module named after the trait: for `trait Greeter`, `greeter::SayHello`"
)]
pub trait Method: Sized + Send + Sync + 'static {
    /// The message that is sent, or each of them.
    type Request: Send + 'static;
    /// The message that comes back, or each of them.
    type Response: Send + 'static;
    /// How many messages go each way.
    type Kind: Kind<Self::Request, Self::Response>;
    /// How messages are written and read.
    type Codec: Encode<Self::Request> + Decode<Self::Response>;
    /// What a call fails with, as the program sees it: [`Status`](crate::Status), or a type of its own. Layers see a
    /// `Status` in any case.
    type Error: FromStatus;
    /// Path, kind, idempotency and defaults.
    const DESCRIPTOR: &'static MethodDescriptor;
}

/// A [`Method`] that may be called more than once with no more effect than once: one whose `#[rpc(..)]` says `idempotent`
/// or `no_side_effects`, or whose `.proto` file has an `idempotency_level`.
///
/// What calls a method several times on its own account asks for it, such as [`Call::hedge`](crate::Call::hedge).
#[diagnostic::on_unimplemented(
    message = "nothing says that `{Self}` may be called more than once",
    label = "this method is not marked `idempotent` or `no_side_effects`",
    note = "if a repetition does no harm, write `#[rpc(idempotent)]` on the method of the trait, or `idempotency_level` in the `.proto` file",
    note = "if it may be hedged all the same, write `hedge_allowing_duplicates(..)`"
)]
pub trait Idempotent: Method {}

/// What a call of `M` sends: the message itself, or an [`Outbound`](crate::Outbound) of them.
pub type Out<M> =
    <<M as Method>::Kind as Kind<<M as Method>::Request, <M as Method>::Response>>::Out;

/// What a call of `M` gives back: the message itself, or a [`Streaming`](crate::Streaming) of them.
pub type In<M> = <<M as Method>::Kind as Kind<<M as Method>::Request, <M as Method>::Response>>::In;
