//! A connection whose refusals have reasons, and whose other side must take what it is sent.
//!
//! hyper answers a request that it cannot read by itself, with a bare status. Such a head is known by its
//! status (400, 414 or 431) and its empty body, which handlers never give with these, and goes out with a line of
//! text instead.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// A stream, its bound on stalls, and what is written instead of a bare refusal.
pub(crate) struct Explained<S> {
    inner: S,
    stall: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    instead: Option<(Vec<u8>, usize)>,
    refused: bool,
}

impl<S> Explained<S> {
    pub(crate) fn new(inner: S, stall: Duration) -> Self {
        Explained { inner, stall, stalled: None, instead: None, refused: false }
    }

    /// Whether a bare refusal went out.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    /// An error once nothing was taken for too long; a step forward starts anew.
    fn in_time<T>(&mut self, cx: &mut Context<'_>, step: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if step.is_ready() {
            self.stalled = None;
            return step;
        }
        let until = Instant::now() + self.stall;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(until)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// What goes out in place of a bare refusal, if a head is one.
fn reason(head: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(head.strip_prefix(b"HTTP/1.1 4")?).ok()?;
    let (line, fields) = text.split_once("\r\n")?;
    let bare = fields.ends_with("\r\n\r\n") && fields.to_ascii_lowercase().contains("content-length: 0\r\n");
    if !bare {
        return None;
    }
    let why = match line.get(..2)? {
        "31" => "the request's first line and headers are too long, or too many",
        "14" => "the request's path is too long",
        "00" => "the request's first line or a header is not HTTP/1.1 (RFC 9112)",
        _ => return None,
    };
    Some(refusal(&format!("4{line}"), why))
}

/// A whole refusal after which the connection ends.
pub(crate) fn refusal(status: &str, why: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{why}\n",
        why.len() + 1
    )
    .into_bytes()
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if self.instead.is_none() {
            self.instead = reason(octets).map(|text| (text, 0));
        }
        let Some((text, mut sent)) = self.instead.take() else {
            let step = Pin::new(&mut self.inner).poll_write(cx, octets);
            return self.in_time(cx, step);
        };
        while sent < text.len() {
            let step = Pin::new(&mut self.inner).poll_write(cx, &text[sent..]);
            match self.in_time(cx, step) {
                Poll::Ready(Ok(count)) => sent += count,
                Poll::Ready(error) => return Poll::Ready(error),
                Poll::Pending => {
                    self.instead = Some((text, sent));
                    return Poll::Pending;
                }
            }
        }
        self.refused = true;
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut filled = parts.iter().filter(|part| !part.is_empty());
        if let (Some(only), None) = (filled.next(), filled.next()) {
            return self.poll_write(cx, only);
        }
        let step = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.in_time(cx, step)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let step = Pin::new(&mut self.inner).poll_flush(cx);
        self.in_time(cx, step)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let step = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.in_time(cx, step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_refusals_only() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let text = String::from_utf8(reason(bare).unwrap()).unwrap();
        assert!(text.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{text}");
        assert!(
            text.ends_with("\r\n\r\nthe request's first line and headers are too long, or too many\n"),
            "{text}"
        );
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 7\r\n\r\nnothing",
            b"HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 404",
            b"anything \xff",
            b"",
        ] {
            assert!(reason(other).is_none());
        }
    }
}
