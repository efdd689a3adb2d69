//! Waiting for a database's answers, but not for ever: a server that is frozen, a lock that nobody releases and a peer that is gone look
//! alike from here. What counts is time without progress: a stream of rows may take hours.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Any, Either, Execute, Executor, SqlStr};
use tokio::time::{Instant, Sleep, sleep, timeout};

/// An executor whose statements fail when nothing comes of them for a while.
pub struct Bounded<E> {
    executor: E,
    silence: Duration,
}

impl<E> Bounded<E> {
    /// `silence` is how long a statement may go on without an answer or another row.
    pub fn new(executor: E, silence: Duration) -> Self {
        Self { executor, silence }
    }
}

impl<E> fmt::Debug for Bounded<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("silence", &self.silence)
            .finish_non_exhaustive()
    }
}

/// The error of a database that said nothing for that long.
fn silent(silence: Duration) -> sqlx::Error {
    let seconds = silence.as_secs();
    let what = format!("no answer and no row for {seconds} s");
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, what))
}

/// Whether a statement failed because nothing came of it for too long.
pub(super) fn is_silence(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(reason) if reason.kind() == io::ErrorKind::TimedOut)
}

/// Waits for one answer.
pub async fn answer<T>(
    silence: Duration,
    answer: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    timeout(silence, answer)
        .await
        .unwrap_or_else(|_| Err(silent(silence)))
}

impl<'c, E: Executor<'c, Database = Any> + 'c> Executor<'c> for Bounded<E> {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, Q>(
        self,
        query: Q,
    ) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, Any>,
    {
        BoundedStream {
            stream: self.executor.fetch_many(query),
            silence: self.silence,
            timer: None,
            is_waiting: false,
        }
        .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, Q>(self, query: Q) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, Any>,
    {
        Box::pin(answer(self.silence, self.executor.fetch_optional(query)))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'c: 'e,
    {
        let prepared = self.executor.prepare_with(sql, parameters);
        Box::pin(answer(self.silence, prepared))
    }
}

/// A stream that ends with an error when it is waited for too long. While items come there is no timer to set.
struct BoundedStream<S> {
    stream: S,
    silence: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// The timer runs.
    is_waiting: bool,
}

impl<T, S: Stream<Item = sqlx::Result<T>> + Unpin> Stream for BoundedStream<S> {
    type Item = sqlx::Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(item) = self.stream.poll_next_unpin(context) {
            self.is_waiting = false;
            return Poll::Ready(item);
        }
        let silence = self.silence;
        let was_waiting = std::mem::replace(&mut self.is_waiting, true);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(silence)));
        if !was_waiting {
            timer.as_mut().reset(Instant::now() + silence);
        }
        timer
            .as_mut()
            .poll(context)
            .map(|()| Some(Err(silent(silence))))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    fn bounded<S: Stream>(stream: S, silence: Duration) -> BoundedStream<S> {
        BoundedStream {
            stream,
            silence,
            timer: None,
            is_waiting: false,
        }
    }

    #[tokio::test]
    async fn only_time_without_progress_counts() {
        let (silence, gap) = (Duration::from_secs(1), Duration::from_millis(60));
        let slow = stream::unfold(0, |row| async move {
            sleep(gap).await;
            (row < 20).then_some((Ok(row), row + 1))
        });
        let began = Instant::now();
        let rows: Vec<sqlx::Result<i32>> = bounded(Box::pin(slow), silence).collect().await;
        assert!(began.elapsed() > silence);
        assert_eq!(rows.len(), 20);
        assert!(rows.iter().all(Result::is_ok));
    }

    #[tokio::test]
    async fn a_stream_that_stands_still_ends_with_an_error() {
        let silence = Duration::from_millis(100);
        let frozen = stream::iter([Ok(1)]).chain(stream::pending());
        let mut rows = bounded(frozen, silence);
        assert!(matches!(rows.next().await, Some(Ok(1))));
        // Whoever does not ask for a row does not wait for it.
        sleep(silence * 2).await;
        let asked = Instant::now();
        let Some(Err(error)) = rows.next().await else {
            panic!("it did not end");
        };
        assert!(is_silence(&error), "{error}");
        assert!(asked.elapsed() >= silence);
    }

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_an_error() {
        let never = std::future::pending::<sqlx::Result<Infallible>>();
        let Err(error) = answer(Duration::from_millis(10), never).await;
        assert!(is_silence(&error));
    }
}
