use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::*;
use crate::method::{MethodDescriptor, MethodKind};
use crate::status::Code;

static METHOD: MethodDescriptor = MethodDescriptor::new("/a.B/C", MethodKind::Unary);

/// What is sent for a call of `audience`.
async fn sent_to(credentials: &BearerToken, audience: &str) -> Result<String, Status> {
    let request = CredentialsRequest::new(audience, &METHOD, SecurityLevel::PrivacyAndIntegrity);
    let metadata = credentials.metadata(&request).await;
    let metadata = metadata.map_err(|error| *error.downcast::<Status>().unwrap())?;
    Ok(metadata.get("authorization").unwrap().to_owned())
}

async fn sent(credentials: &BearerToken) -> Result<String, Status> {
    sent_to(credentials, "https://a/a.B").await
}

/// Counts fetches; each gives the number of its fetch.
fn counted(lifetime: Duration) -> (BearerToken, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&count);
    let credentials = BearerToken::fetched(move || {
        let number = counting.fetch_add(1, Ordering::SeqCst) + 1;
        async move { Ok::<_, Status>(Token::new(number.to_string()).expires_in(lifetime)) }
    });
    (credentials, count)
}

#[tokio::test]
async fn a_token_that_is_given_is_sent() {
    let credentials = BearerToken::new("abc").unwrap();
    assert_eq!(sent(&credentials).await.unwrap(), "Bearer abc");
    assert_eq!(credentials.required_security(), SecurityLevel::PrivacyAndIntegrity);
    assert_eq!(credentials.clone().allow_plaintext().required_security(), SecurityLevel::None);
    assert!(!format!("{credentials:?}").contains("abc"));
    assert!(BearerToken::new("a\nb").is_err());
}

#[tokio::test]
async fn one_fetch_serves_all_who_wait_also_when_the_first_goes_away() {
    let gate = Arc::new(Semaphore::new(0));
    let (count, opening) = (Arc::new(AtomicU32::new(0)), Arc::clone(&gate));
    let counting = Arc::clone(&count);
    let credentials = BearerToken::fetched(move || {
        counting.fetch_add(1, Ordering::SeqCst);
        let gate = Arc::clone(&opening);
        async move {
            gate.acquire().await?.forget();
            Ok::<_, tokio::sync::AcquireError>(Token::new("a"))
        }
    });
    {
        let first = sent(&credentials);
        tokio::pin!(first);
        std::future::poll_fn(|context| {
            assert!(first.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    }
    gate.add_permits(1);
    let clone = credentials.clone();
    let (one, other) = tokio::join!(sent(&credentials), sent(&clone));
    assert_eq!((one.unwrap(), other.unwrap()), ("Bearer a".to_owned(), "Bearer a".to_owned()));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn it_is_renewed_behind_a_call_before_it_expires() {
    let (credentials, count) = counted(Duration::from_secs(3600));
    assert_eq!(sent(&credentials).await.unwrap(), "Bearer 1");
    tokio::time::advance(Duration::from_secs(3550)).await;
    assert_eq!(sent(&credentials).await.unwrap(), "Bearer 1", "nobody waits");
    while count.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    assert_eq!(sent(&credentials).await.unwrap(), "Bearer 2");
    tokio::time::advance(Duration::from_secs(7200)).await;
    assert_eq!(count.load(Ordering::SeqCst), 2, "nobody calls, nobody fetches");
    assert_eq!(sent(&credentials).await.unwrap(), "Bearer 3", "waited for");
    credentials.forget();
    assert_eq!(sent(&credentials).await.unwrap(), "Bearer 4");
}

#[tokio::test(start_paused = true)]
async fn failures_are_told_with_their_cause_and_end() {
    let fails = Arc::new(AtomicU32::new(2));
    let credentials = BearerToken::fetched(move || {
        let left = fails.load(Ordering::SeqCst);
        fails.store(left.saturating_sub(1), Ordering::SeqCst);
        async move {
            match left {
                0 => Ok(Token::new("a")),
                1 => Err(BoxError::from(Status::unavailable("asleep"))),
                _ => Err(BoxError::from(std::io::Error::other("no network"))),
            }
        }
    });
    let status = sent(&credentials).await.unwrap_err();
    assert_eq!(status.to_string(), "UNAUTHENTICATED: no token could be fetched: no network");
    assert_eq!(sent(&credentials).await.unwrap_err().code(), Code::Unauthenticated, "in a pause");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(sent(&credentials).await.unwrap_err().to_string(), "UNAVAILABLE: asleep");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(sent(&credentials).await.unwrap(), "Bearer a");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_hangs_panics_or_gives_what_is_no_good_fails() {
    let hanging = BearerToken::fetched(std::future::pending::<Result<Token, Status>>)
        .fetch_timeout(Duration::from_secs(5));
    let status = sent(&hanging).await.unwrap_err();
    assert_eq!(status.to_string(), "UNAVAILABLE: no token was fetched within 5s");

    let panicking = BearerToken::fetched(|| async {
        assert!(Status::internal("").message().is_empty().then_some(()).is_none(), "on purpose");
        Ok::<_, Status>(Token::new("a"))
    });
    assert_eq!(sent(&panicking).await.unwrap_err().code(), Code::Internal);

    let (stale, _) = counted(Duration::ZERO);
    assert!(sent(&stale).await.unwrap_err().message().contains("expired already"));

    let broken = BearerToken::fetched(|| async { Ok::<_, Status>(Token::new("sec\nret")) });
    let status = sent(&broken).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(!status.to_string().contains("ret"), "{status}");
}

#[tokio::test]
async fn each_audience_has_a_token_of_its_own() {
    let credentials = BearerToken::fetched_for(|audience| async move {
        Ok::<_, Status>(Token::new(format!("for-{audience}")))
    });
    for audience in ["https://a/a.B", "https://a/a.C", "https://a/a.B"] {
        let token = format!("Bearer for-{audience}");
        assert_eq!(sent_to(&credentials, audience).await.unwrap(), token);
    }
    credentials.forget();
}

#[tokio::test]
async fn a_file_is_read_when_it_is_needed() {
    use base64::Engine as _;
    let folder = std::env::temp_dir().join(format!("grpc-runtime-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("token");
    let credentials = BearerToken::jwt_file(&path);
    let status = sent(&credentials).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");

    std::fs::write(&path, "nothing like it").unwrap();
    let credentials = BearerToken::jwt_file(&path);
    let status = sent(&credentials).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status}");

    let claims = r#"{"exp": 99999999999}"#;
    let jwt = format!("e30.{}.c2ln", base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(claims));
    std::fs::write(&path, format!("{jwt}\n")).unwrap();
    let credentials = BearerToken::jwt_file(&path);
    assert_eq!(sent(&credentials).await.unwrap(), format!("Bearer {jwt}"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_runtime_that_ends_takes_only_its_own_fetch_with_it() {
    let asked = Arc::new(AtomicU32::new(0));
    let asking = Arc::clone(&asked);
    let credentials = BearerToken::fetched(move || {
        let is_first = asking.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if is_first {
                std::future::pending::<()>().await;
            }
            Ok::<_, Status>(Token::new("a"))
        }
    });
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    first.block_on(async {
        let waiting = sent(&credentials);
        tokio::pin!(waiting);
        std::future::poll_fn(|context| {
            assert!(waiting.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        while asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    });
    drop(first);
    assert_eq!(runtime().block_on(sent(&credentials)).unwrap(), "Bearer a");
}
