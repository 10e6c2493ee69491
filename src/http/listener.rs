//! Connections, as many as there are places for. One that says nothing for a while is closed, so that a client that
//! drips (slow loris) holds its place for seconds.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Open at once; more wait in the system's queue.
const MAX_CONNECTIONS: usize = 128;
/// From one answer, or the start, to the whole of the next request's header.
const HEADER_WITHIN: Duration = Duration::from_secs(10);
const MAX_HEADER_BYTES: usize = 64 << 10;
/// Without free file handles `accept` fails at once, again and again.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is dropped, which drops the requests in work.
pub async fn serve(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    while let Ok(place) = places.clone().acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let router = router.clone();
        connections.spawn(async move {
            attend(stream, router).await;
            drop(place);
        });
    }
}

/// A client that leaves in the middle of a request ends its handler.
async fn attend(stream: TcpStream, router: Router) {
    // Only speed depends on it.
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_WITHIN).max_buf_size(MAX_HEADER_BYTES);
    // It ends with the connection; why is the client's business.
    let _ = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await;
}
