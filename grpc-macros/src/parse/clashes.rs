//! Methods that would be one: on the wire, or in the module of markers.

use quote::ToTokens;

use crate::errors::Errors;
use crate::model::Rpc;

/// Tells of every method that comes out like one before it.
pub(crate) fn check(service: &str, rpcs: &[Rpc], errors: &mut Errors) {
    for (index, rpc) in rpcs.iter().enumerate() {
        let clash = rpcs[..index].iter().find_map(|other| {
            let different = exclusive(rpc, other);
            (!different).then(|| message(service, rpc, other)).flatten()
        });
        if let Some((place, message)) = clash {
            errors.at(place, message);
        }
    }
}

/// What is wrong with having both methods, if anything, and where in `rpc`.
fn message<'a>(service: &str, rpc: &'a Rpc, other: &Rpc) -> Option<(&'a dyn ToTokens, String)> {
    let (one, two) = (&other.ident, &rpc.ident);
    if one == two {
        let message = format!("`{one}` is declared twice: give one of the two another name");
        Some((two, message))
    } else if rpc.wire_name == other.wire_name {
        let message = format!(
            "`{one}` and `{two}` both are `/{service}/{}` on the wire: give one of them another \
             name there, `#[rpc(name = \"..\")]`",
            rpc.wire_name,
        );
        let place = rpc.options.name.as_ref().map_or(two as &dyn ToTokens, |name| name);
        Some((place, message))
    } else if rpc.marker == other.marker {
        let message = format!(
            "`{one}` and `{two}` both have the marker type `{}`: give one of them another name, and \
             keep the one on the wire by `#[rpc(name = \"{}\")]`",
            rpc.marker, rpc.wire_name,
        );
        Some((two, message))
    } else {
        None
    }
}

/// Whether conditions may keep the two apart; if they do not, the compiler says so.
fn exclusive(rpc: &Rpc, other: &Rpc) -> bool {
    let cfgs = |rpc: &Rpc| rpc.cfgs().map(|cfg| cfg.to_token_stream().to_string()).collect();
    let (these, those): (Vec<String>, Vec<String>) = (cfgs(rpc), cfgs(other));
    !these.is_empty() && !those.is_empty() && these != those
}
