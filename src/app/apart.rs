//! Work that takes much memory for a short time, such as compiling policies.

use std::io;
use std::thread::{Builder, sleep};
use std::time::Duration;

use tokio::sync::oneshot;

/// When the memory that has become free is given back: after the second for which the allocator keeps it
/// in case somebody needs it again.
const GIVE_BACK: Duration = Duration::from_millis(1500);

/// Bytes whose release makes the allocator look at what it keeps.
const NUDGE: usize = 64 << 10;

/// Does `work` in a thread of its own, so that connections are served meanwhile, and so that the memory
/// that it took is not scattered among what lives on. It is given back to the system a little later:
/// the allocator does that when a thread ends.
///
/// # Errors
/// When there is no thread to be had, or the work panicked.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (give, result) = oneshot::channel();
    let thread = Builder::new().name("load".to_owned());
    let thread = thread.spawn(move || drop(give.send(work())))?;
    Builder::new().name("give-back".to_owned()).spawn(move || {
        // A panic shows in the result, which does not come then.
        thread.join().unwrap_or_default();
        sleep(GIVE_BACK);
        drop(std::hint::black_box(vec![1_u8; NUDGE]));
    })?;
    result.await.map_err(|_| io::Error::other("it panicked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_result_comes_back_and_a_panic_is_an_error() {
        assert_eq!(apart(|| 7).await.unwrap(), 7);
        let broke = apart(|| assert_eq!(1, 2, "on purpose")).await;
        assert_eq!(broke.unwrap_err().to_string(), "it panicked");
    }
}
