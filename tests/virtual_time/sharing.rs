//! How many connections there are: shared between policies, one for each endpoint, opened and closed by the change alone.

use grpc_runtime::lb::{
    Children, Context, Endpoint, PickFirst, Policy, PolicyBuilder as _, Rejected, SubchannelId,
    SubchannelState, TimerId, Update,
};
use grpc_runtime::{Attributes, Code, Status};
use tests::client::{GreeterClient, hello};
use tests::network::{Answer, Door, Network, Server};

use crate::lab::{Lab, Ready, call, ms, pass, s, settle};
use crate::policies::Made;

/// A policy with several pick_first beside each other, all with all endpoints: as in a switch from one policy to another,
/// for good. Calls go to the first that the update has; its attribute says how many there are.
struct Several {
    children: Children<usize>,
}

/// How many children [`Several`] has.
#[derive(Debug, PartialEq)]
struct HowMany(usize);

impl Several {
    fn publish(&self, context: &mut Context<'_>) {
        if let Some(child) = self.children.iter().next() {
            context.publish(child.state(), std::sync::Arc::clone(child.picker()));
        }
    }
}

impl Policy for Several {
    fn update(&mut self, update: Update, context: &mut Context<'_>) -> Result<(), Rejected> {
        let count = update.endpoints[0].attributes().get::<HowMany>().map_or(1, |many| many.0);
        // The first goes first.
        let keys: Vec<usize> = (0..3).rev().take(count).collect();
        self.children.reconcile(keys.clone(), |_| PickFirst::new().build(), context);
        for key in keys {
            self.children.update(&key, update.clone(), context)?;
        }
        self.publish(context);
        Ok(())
    }

    fn on_resolver_error(&mut self, _: Status, _: &mut Context<'_>) {}

    fn on_subchannel_state(
        &mut self,
        subchannel: SubchannelId,
        state: SubchannelState,
        context: &mut Context<'_>,
    ) {
        self.children.on_subchannel_state(subchannel, state, context);
        self.publish(context);
    }

    fn on_timeout(&mut self, timer: TimerId, context: &mut Context<'_>) {
        self.children.on_timeout(timer, context);
        self.publish(context);
    }

    fn exit_idle(&mut self, context: &mut Context<'_>) {
        (0..3).for_each(|key| self.children.exit_idle(&key, context));
        self.publish(context);
    }
}

fn with_children(server: &Server, count: usize) -> Endpoint {
    server.endpoint().with_attributes(Attributes::new().with(HowMany(count)))
}

/// Policies that name one address share its connection, and the last to let go closes it.
#[tokio::test(start_paused = true)]
async fn two_policies_share_a_connection() {
    let lab = Lab::new();
    let (one, two) = (lab.network.server("one"), lab.network.server("two"));
    let make = || Several { children: Children::new() };
    let builder = lab.builder().load_balancing_policy(Made { name: "several", make });
    let channel = builder.load_balancing("several").build().unwrap();
    for count in [1, 3, 2, 3, 1, 2] {
        lab.knows_endpoints([with_children(&one, count)]);
        channel.connect();
        settle().await;
        assert_eq!(call(&channel).await.unwrap(), "one");
    }
    assert_eq!((one.opened(), one.open()), (1, 1));
    // All are told of the loss, and come back on one connection.
    one.cut();
    settle().await;
    channel.connect();
    settle().await;
    assert_eq!((one.opened(), one.open()), (2, 1));
    lab.knows_endpoints([with_children(&two, 2)]);
    settle().await;
    channel.connect();
    settle().await;
    assert_eq!((one.open(), two.opened(), two.open()), (0, 1, 1));
}

/// A failed attempt is one for both, too: backoff belongs to the address.
#[tokio::test(start_paused = true)]
async fn two_policies_share_a_backoff() {
    let lab = Lab::new();
    let one = lab.network.server("one");
    one.door(Door::Refuses);
    lab.knows_endpoints([with_children(&one, 3)]);
    let make = || Several { children: Children::new() };
    let builder = lab.builder().load_balancing_policy(Made { name: "several", make });
    let channel = builder.load_balancing("several").build().unwrap();
    channel.connect();
    pass(ms(1_100)).await;
    assert_eq!(one.attempts(), [s(0), s(1)]);
}

/// TestRoundRobin_AddressesRemoved: what is in flight there ends in its own time, and new calls go elsewhere.
#[tokio::test(start_paused = true)]
async fn a_removed_address_drains() {
    for policy in ["round_robin", "pick_first"] {
        let (lab, [one, two]) = Lab::of(["one", "two"]);
        lab.knows(std::slice::from_ref(&one));
        one.answer(Answer::AddressAndOn);
        let channel = lab.builder().load_balancing(policy).build().unwrap();
        let client = GreeterClient::new(channel.clone());
        let mut replies = client.list_hellos(hello("Ada")).await.unwrap();
        replies.message().await.unwrap().unwrap();
        one.answer(Answer::After(s(5)));
        let unary = client.say_hello(hello("Ada"));
        let (unary, ()) = tokio::join!(unary.into_future(), async {
            pass(s(1)).await;
            lab.knows(std::slice::from_ref(&two));
            settle().await;
            assert_eq!(call(&channel).await.unwrap(), "two");
            assert_eq!((one.open(), two.open()), (1, 1), "{policy}");
        });
        assert_eq!(unary.unwrap().message, "one");
        pass(s(60)).await;
        assert_eq!(one.open(), 1, "the stream goes on");
        drop(replies);
        settle().await;
        assert_eq!((one.open(), two.open()), (0, 1), "{policy}");
    }
}

/// An address that comes back while its old connection drains gets a new one.
#[tokio::test(start_paused = true)]
async fn a_removed_address_that_comes_back() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    one.answer(Answer::AddressAndOn);
    let channel = lab.round_robin();
    lab.knows(std::slice::from_ref(&one));
    let client = GreeterClient::new(channel.clone());
    let mut replies = client.list_hellos(hello("Ada")).await.unwrap();
    replies.message().await.unwrap().unwrap();
    one.answer(Answer::Address);
    lab.knows(std::slice::from_ref(&two));
    settle().await;
    lab.knows(std::slice::from_ref(&one));
    settle().await;
    assert_eq!(call(&channel).await.unwrap(), "one");
    assert_eq!((one.opened(), one.open(), two.open()), (2, 2, 0));
    drop(replies);
    settle().await;
    assert_eq!(one.open(), 1);
}

fn thousand(network: &Network) -> Vec<Server> {
    (0..1_000).map(|number| network.server(&format!("server-{number:03}"))).collect()
}

/// Of 1,000 endpoints one is replaced: one connection is opened, one closed, and no other touched.
#[tokio::test(start_paused = true)]
async fn one_of_a_thousand_changes() {
    let lab = Lab::new();
    let mut servers = thousand(&lab.network);
    lab.knows(&servers);
    let channel = lab.round_robin();
    call(&channel).await.unwrap();
    settle().await;
    assert_eq!((lab.network.opened(), lab.network.open()), (1_000, 1_000));
    let new = lab.network.server("new");
    for place in [500, 0, 999] {
        let old = std::mem::replace(&mut servers[place], new.clone());
        let opened = lab.network.opened();
        lab.knows(&servers);
        settle().await;
        assert_eq!((new.open(), old.open()), (1, 0));
        assert_eq!((lab.network.opened(), lab.network.open()), (opened + 1, 1_000));
        // And back again.
        servers[place] = old;
        lab.knows(&servers);
        settle().await;
        assert_eq!((lab.network.opened(), lab.network.open()), (opened + 2, 1_000));
    }
    // The order alone is no change.
    let opened = lab.network.opened();
    servers.reverse();
    lab.knows(&servers);
    settle().await;
    assert_eq!((lab.network.opened(), lab.network.open()), (opened, 1_000));
    assert_eq!(channel.state(), Ready);
    drop(channel);
    settle().await;
    assert_eq!(lab.network.open(), 0);
}

/// All of a thousand are gone at once, and all are there.
#[tokio::test(start_paused = true)]
async fn a_thousand_change_at_once() {
    let lab = Lab::new();
    let servers = thousand(&lab.network);
    let (one_half, other_half) = servers.split_at(500);
    let channel = lab.round_robin();
    for round in 1..4 {
        for half in [one_half, other_half] {
            lab.knows(half);
            call(&channel).await.unwrap();
            settle().await;
            assert_eq!(lab.network.open(), 500);
            assert!(half.iter().all(|server| server.opened() == round));
        }
    }
}

/// An endpoint that the resolver gives several times is one, and its share of the calls is one.
#[tokio::test(start_paused = true)]
async fn duplicate_endpoints() {
    let (lab, [one, two]) = Lab::of(["one", "two"]);
    lab.knows(&[one.clone(), one.clone(), two.clone(), one.clone()]);
    let channel = lab.round_robin();
    call(&channel).await.unwrap();
    settle().await;
    assert_eq!((one.opened(), two.opened()), (1, 1));
    let before = (one.calls().len(), two.calls().len());
    for _ in 0..100 {
        call(&channel).await.unwrap();
    }
    assert_eq!((one.calls().len(), two.calls().len()), (before.0 + 50, before.1 + 50));
}

/// Two addresses of one endpoint are one server: one connection, and the other address when the first fails.
#[tokio::test(start_paused = true)]
async fn endpoints_with_several_addresses() {
    let (lab, [four, six, other]) = Lab::of(["four", "six", "other"]);
    let both = Endpoint::of(vec![six.address().clone(), four.address().clone()]).unwrap();
    lab.knows_endpoints([both, other.endpoint()]);
    six.door(Door::Silent);
    let channel = lab.round_robin();
    call(&channel).await.unwrap();
    pass(s(1)).await;
    assert_eq!((six.pending(), four.open(), other.open()), (0, 1, 1));
    // Its addresses in another order are the same endpoint.
    let turned = Endpoint::of(vec![four.address().clone(), six.address().clone()]).unwrap();
    lab.knows_endpoints([other.endpoint(), turned]);
    six.door(Door::Opens);
    pass(s(1)).await;
    assert_eq!((lab.network.opened(), lab.network.open()), (2, 2));
    four.down();
    pass(s(1)).await;
    assert_eq!((six.open(), four.open(), other.open()), (1, 0, 1));
    assert!(call(&channel).await.is_ok() && call(&channel).await.is_ok());
}

/// What the resolver tells the connector makes another connection; what it tells the policy does not.
#[tokio::test(start_paused = true)]
async fn attributes_of_an_endpoint() {
    let (lab, [one]) = Lab::of(["one"]);
    for policy in ["round_robin", "pick_first"] {
        let channel = lab.builder().load_balancing(policy).build().unwrap();
        call(&channel).await.unwrap();
        let opened = one.opened();
        lab.knows_endpoints([with_children(&one, 7)]);
        settle().await;
        call(&channel).await.unwrap();
        assert_eq!((one.opened(), one.open()), (opened, 1), "{policy}");
        let tunnelled = Attributes::new().with(HowMany(9));
        lab.knows_endpoints([one.endpoint().with_connection_attributes(tunnelled)]);
        settle().await;
        call(&channel).await.unwrap();
        assert_eq!((one.opened(), one.open()), (opened + 1, 1), "{policy}");
        lab.knows(std::slice::from_ref(&one));
        drop(channel);
        settle().await;
    }
}

/// TestRoundRobin_OneServerDown, _AllServersDown
#[tokio::test(start_paused = true)]
async fn servers_down() {
    let (lab, [one, two, three]) = Lab::of(["one", "two", "three"]);
    let channel = lab.round_robin();
    call(&channel).await.unwrap();
    settle().await;
    two.down();
    settle().await;
    for _ in 0..30 {
        assert_ne!(call(&channel).await.unwrap(), "two");
    }
    assert!(one.calls().len() >= 15 && three.calls().len() >= 15);
    one.down();
    three.down();
    settle().await;
    let status = call(&channel).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    two.door(Door::Opens);
    pass(s(5)).await;
    assert_eq!(call(&channel).await.unwrap(), "two");
}
