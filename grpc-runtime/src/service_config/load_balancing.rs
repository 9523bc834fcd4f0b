//! Which load-balancing policy a service config asks for: `loadBalancingConfig`, else the older `loadBalancingPolicy`.

use super::error::{InvalidServiceConfig, Mistake};
use super::json::{Node, Object};
use crate::lb::{Chosen, PolicyRegistry};

/// The policy, if one is asked for.
pub(super) fn read(
    config: &Object<'_>,
    policies: &PolicyRegistry,
) -> Result<Option<Chosen>, InvalidServiceConfig> {
    let older = config.field("loadBalancingPolicy")?;
    let Some(list) = config.field("loadBalancingConfig")? else {
        return older.map_or(Ok(None), |node| by_name(node, policies));
    };
    // Its name is not looked up beside the list, but it is still a field with a type.
    older.map(Node::string).transpose()?;
    let chosen = policies.choose(list.value());
    chosen.map(Some).map_err(|error| list.wrong(Mistake::LoadBalancing(error)))
}

/// The field was an enum (`ROUND_ROBIN`) before it was text, so its letter case is not the policy's.
fn by_name(
    node: Node<'_>,
    policies: &PolicyRegistry,
) -> Result<Option<Chosen>, InvalidServiceConfig> {
    let name = node.string()?;
    if name.is_empty() {
        return Ok(None);
    }
    let chosen = policies
        .choose_by_name(name)
        .or_else(|| policies.choose_by_name(&name.to_ascii_lowercase()));
    match chosen {
        Some(chosen) => Ok(Some(chosen)),
        None => {
            let known: Vec<&str> = policies.names().collect();
            Err(node.must_be(format!(
                "a policy that needs no configuration; known are {}",
                known.join(", ")
            )))
        }
    }
}
