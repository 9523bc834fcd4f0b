//! Unit tests that say which calls shall come and what each is answered, and that look at the calls afterwards.
//!
//! `pay` is the application. Its tests, at the end of this file, have a mock, which `#[grpc_client(mock)]` makes of the
//! trait, and a recorder, which goes on any client. Running the program shows what a test prints when calls do not
//! come as it expects them.
#![expect(clippy::print_stdout, reason = "printing is what an example is for")]

use std::time::Duration;

use grpc_runtime::{Code, Status, Streaming, grpc_client};

#[derive(Clone, PartialEq, prost::Message)]
struct Account {
    #[prost(string, tag = "1")]
    owner: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Amount {
    #[prost(uint64, tag = "1")]
    cents: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Transfer {
    #[prost(string, tag = "1")]
    from: String,
    #[prost(uint64, tag = "2")]
    cents: u64,
}

#[grpc_client(service = "bank.Bank", mock)]
trait Bank {
    #[rpc(no_side_effects)]
    async fn balance(&self, account: Account) -> Result<Amount, Status>;
    async fn transfer(&self, transfer: Transfer) -> Result<Amount, Status>;
    async fn movements(&self, account: Account) -> Result<Streaming<Amount>, Status>;
}

/// The application: pays, if there is enough, and looks it up if the answer got lost. Its client is of the one type that
/// a client has once it is boxed, whatever carries the calls: a channel in the program, a mock in the tests.
async fn pay(bank: &BankClient<bank::Boxed>, from: &str, cents: u64) -> Result<u64, Status> {
    let account = Account { owner: from.to_owned() };
    let balance = bank.balance(account.clone()).timeout(Duration::from_secs(2)).await?;
    if balance.cents < cents {
        let text = format!("{from} has {} cents, not {cents}", balance.cents);
        return Err(Status::failed_precondition(text));
    }
    let transfer = Transfer { from: from.to_owned(), cents };
    match bank.transfer(transfer).metadata("x-reason", "rent")?.await {
        Ok(left) => Ok(left.cents),
        Err(status) if status.code() == Code::Unavailable => was_paid(bank, account, cents).await,
        Err(status) => Err(status),
    }
}

/// Whether a transfer came through whose answer got lost.
async fn was_paid(
    bank: &BankClient<bank::Boxed>,
    account: Account,
    cents: u64,
) -> Result<u64, Status> {
    let mut movements = bank.movements(account.clone()).await?;
    while let Some(movement) = movements.message().await? {
        if movement.cents == cents {
            return Ok(bank.balance(account).await?.cents);
        }
    }
    Err(Status::unavailable("the transfer was not made"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Status> {
    let bank = MockBank::new();
    bank.balance().returns(Amount { cents: 100 });
    bank.transfer().with(|transfer| transfer.cents == 70).returns(Amount { cents: 30 });
    println!("70 of 100 cents: {} are left", pay(&bank.client().boxed(), "Ada", 70).await?);

    bank.balance().returns(Amount { cents: 30 });
    if let Err(status) = pay(&bank.client().boxed(), "Ada", 50).await {
        println!("50 of 30 cents: {status}");
    }

    bank.balance().returns(Amount { cents: 30 });
    bank.transfer()
        .with_message(Transfer { from: "Ada".to_owned(), cents: 20 })
        .returns(Amount { cents: 10 });
    if let Err(unmet) = bank.check() {
        println!("a test that ended here would fail, because {unmet}");
    }
    println!("20 of 30 cents: {} are left", pay(&bank.client().boxed(), "Ada", 20).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use grpc_runtime::testing::Recorder;

    use super::*;

    #[tokio::test]
    async fn nothing_is_transferred_that_is_not_there() {
        let bank = MockBank::new();
        bank.balance().returns(Amount { cents: 10 });
        bank.transfer().never();
        let status = pay(&bank.client().boxed(), "Ada", 11).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(status.message(), "Ada has 10 cents, not 11");
    }

    #[tokio::test]
    async fn a_lost_answer_is_looked_up_and_not_paid_again() {
        let bank = MockBank::new();
        bank.in_order();
        bank.balance().returns(Amount { cents: 100 });
        bank.transfer().fails(Status::unavailable("the line is dead"));
        bank.movements().streams([Amount { cents: 5 }, Amount { cents: 70 }]);
        bank.balance().returns(Amount { cents: 30 });
        assert_eq!(pay(&bank.client().boxed(), "Ada", 70).await, Ok(30));
    }

    #[tokio::test]
    async fn a_movement_list_that_breaks_off_is_no_answer() {
        let bank = MockBank::new();
        bank.balance().returns(Amount { cents: 100 });
        bank.transfer().fails(Status::unavailable("the line is dead"));
        bank.movements().streams([Amount { cents: 5 }]).then_fails(Status::aborted("cut"));
        let status = pay(&bank.client().boxed(), "Ada", 70).await.unwrap_err();
        assert_eq!(status.code(), Code::Aborted);
    }

    /// What the calls looked like is for a recorder: on this mock, a fake, or a channel.
    #[tokio::test]
    async fn the_reason_goes_with_the_transfer() {
        let bank = MockBank::new();
        bank.balance().returns(Amount { cents: 100 });
        bank.transfer().returns(Amount { cents: 30 });
        let recorder = Recorder::new();
        let client = bank.client().layer(recorder.clone()).boxed();
        pay(&client, "Ada", 70).await.unwrap();

        assert_eq!(recorder.paths(), ["/bank.Bank/Balance", "/bank.Bank/Transfer"]);
        let transfers = recorder.calls::<bank::Transfer>();
        assert_eq!(transfers[0].request().cents, 70);
        assert_eq!(transfers[0].metadata().get("x-reason"), Some("rent"));
        assert_eq!(transfers[0].code(), Some(Code::Ok));
    }
}
