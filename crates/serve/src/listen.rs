//! Connections: accepted, put through TLS, served, ended.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::exchange::{Shared, exchange};
use crate::explain::{Explained, refusal};
use crate::lanes::Peer;
use crate::metrics::Counter;
use crate::seats::Seats;

/// After the last response what the client still sends is read for this long, and up to so many octets:
/// closing at once would reset the connection, and the client might not see why it was refused.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_OCTETS: usize = 1 << 20;
/// Waits when the system has no socket left.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the stop.
pub(crate) async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    seats: Arc<Seats>,
    tls: Option<Arc<ServerConfig>>,
    mut stop: watch::Receiver<bool>,
) {
    let tls = tls.map(TlsAcceptor::from);
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(_) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
            _ = stop.changed() => return,
        };
        shared.metrics.add(Counter::Connections);
        let Some(seat) = seats.take(address.ip()) else {
            shared.metrics.add(Counter::ConnectionsRefused);
            if tls.is_none() {
                // Fits into the empty buffer of a new socket, or is left out.
                let _ = stream.try_write(&refusal("503 Service Unavailable", "too many connections"));
            }
            continue;
        };
        let (shared, tls, stop) = (shared.clone(), tls.clone(), stop.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let peer = Peer { address, tls: tls.is_some(), certificate: None };
            match tls {
                None => serve(stream, peer, &shared, stop).await,
                Some(acceptor) => secure(acceptor, stream, peer, &shared, stop).await,
            }
            drop(seat);
        });
    }
}

async fn secure(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    mut peer: Peer,
    shared: &Arc<Shared>,
    stop: watch::Receiver<bool>,
) {
    let handshake = tokio::time::timeout(shared.settings.header_time, acceptor.accept(stream));
    let Ok(Ok(stream)) = handshake.await else {
        shared.metrics.add(Counter::Handshakes);
        return;
    };
    let presented = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    peer.certificate = presented.map(|certificate| Arc::from(certificate.as_ref()));
    serve(stream, peer, shared, stop).await;
}

async fn serve<S>(stream: S, peer: Peer, shared: &Arc<Shared>, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let peer = Arc::new(peer);
    let service = service_fn(|request| {
        let (shared, peer) = (shared.clone(), peer.clone());
        async move { Ok::<_, Infallible>(exchange(&shared, &peer, request).await) }
    });
    let stream = TokioIo::new(Explained::new(stream, shared.settings.stall_time));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.settings.header_time)
        .max_buf_size(shared.settings.header_bytes)
        .serve_connection(stream, service);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        _ = stop.wait_for(|stopping| *stopping) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    if stream.refused() {
        shared.metrics.add(Counter::Requests);
        shared.metrics.add(Counter::Malformed);
    }
    if ended.is_err_and(|why| why.is_timeout()) && !parts.read_buf.is_empty() {
        shared.metrics.add(Counter::TooSlow);
        let why = format!("the headers did not come within {} s", shared.settings.header_time.as_secs());
        let _ = stream.write_all(&refusal("408 Request Timeout", &why)).await;
        let _ = stream.shutdown().await;
    }
    let _ = tokio::time::timeout(LINGER, linger(&mut stream)).await;
}

async fn linger<S: AsyncRead + Unpin>(stream: &mut S) {
    let (mut octets, mut left) = ([0; 4096], LINGER_OCTETS);
    while left > 0 {
        match stream.read(&mut octets).await {
            Ok(count) if count > 0 => left = left.saturating_sub(count),
            _ => return,
        }
    }
}
