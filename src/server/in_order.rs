//! Handlers begin in the order of their messages, and a panic in one is its own answer.
//!
//! The transport polls handlers in any order and on one task. Here every handler is polled once on arrival, which runs
//! its code up to the first await, and what is left runs on a task of its own.

use std::future::ready;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use tower::Service;
use tower_lsp::jsonrpc::{Error, Request, Response};

pub struct InOrder<S> {
    service: S,
}

impl<S> InOrder<S> {
    pub fn new(service: S) -> InOrder<S> {
        InOrder { service }
    }
}

impl<S> Service<Request> for InOrder<S>
where
    S: Service<Request, Response = Option<Response>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Option<Response>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Option<Response>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let id = request.id().cloned();
        let failed = move || id.map(|id| Response::from_error(id, Error::internal_error()));
        let mut handler = AssertUnwindSafe(self.service.call(request)).catch_unwind().boxed();
        match (&mut handler).now_or_never() {
            Some(done) => ready(done.unwrap_or_else(|_| Ok(failed()))).boxed(),
            None => {
                let task = tokio::spawn(handler);
                // The task itself ends early only when the runtime does.
                async move { task.await.ok().and_then(Result::ok).unwrap_or_else(|| Ok(failed())) }.boxed()
            }
        }
    }
}
