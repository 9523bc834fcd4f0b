//! The place of what lies around all calls of a channel.
//!
//! What calls are to layers, only the typed edge knows, which is a row above (`call/channel_calls.rs`): here they are kept
//! without their type.

use std::any::Any;
use std::sync::Arc;

use crate::channel::{Channel, ChannelBuilder};

/// Layers around a bare channel.
pub(crate) type Layered = Arc<dyn Any + Send + Sync>;

/// One layer of a channel that is yet to be built.
pub(crate) trait ChannelLayer: Send + Sync {
    /// Lays it around the bare channel, or around the layers that are around that already.
    fn around(&self, bare: &Channel, inside: Option<Layered>) -> Layered;
}

impl ChannelBuilder {
    /// Adds a layer, around those that there are.
    pub(crate) fn around_calls(mut self, layer: impl ChannelLayer + 'static) -> Self {
        self.layers.push(Arc::new(layer));
        self
    }
}

/// All of them, in the order in which they were added; nothing where there are none.
pub(super) fn around(bare: &Channel, layers: &[Arc<dyn ChannelLayer>]) -> Option<Layered> {
    layers.iter().fold(None, |inside, layer| Some(layer.around(bare, inside)))
}
