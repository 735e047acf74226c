//! Answers 415 to whatever is no call of gRPC: only POST with `application/grpc` or `application/grpc+proto` is one.
//!
//! A page of another site may let a browser send a few kinds of content without asking us. None of them may do anything here.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::rpc::status;

/// The layer.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct OnlyGrpc;

impl<S> Layer<S> for OnlyGrpc {
    type Service = Strict<S>;

    fn layer(&self, inner: S) -> Strict<S> {
        Strict { inner }
    }
}

/// A service that is asked by gRPC alone.
#[derive(Debug, Clone)]
pub(in crate::server) struct Strict<S> {
    inner: S,
}

impl<S, B> Service<Request<Body>> for Strict<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match refused(&request) {
            Some(refused) => Answering { inner: None, refused: Some(refused) },
            None => Answering { inner: Some(self.inner.call(request)), refused: None },
        }
    }
}

/// The answer to what is no call of gRPC.
fn refused(request: &Request<Body>) -> Option<Response<Body>> {
    let content = request.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let kind = content.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let is = |name: &str| kind.eq_ignore_ascii_case(name.as_bytes());
    if request.method() == Method::POST && (is("application/grpc") || is("application/grpc+proto"))
    {
        return None;
    }
    let status = status::not_grpc(request.method().as_str(), &String::from_utf8_lossy(content));
    let text = status.message().to_owned();
    let mut response = status.into_http::<Body>();
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    // A client of gRPC reads the status in the headers, and would take a body for messages.
    if !kind.to_ascii_lowercase().starts_with(b"application/grpc") {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        *response.body_mut() = Body::new(text + "\n");
    }
    Some(response)
}

pin_project! {
    /// A call whose answer has not begun, or the refusal.
    pub(in crate::server) struct Answering<F> {
        #[pin]
        inner: Option<F>,
        refused: Option<Response<Body>>,
    }
}

impl<F, B, E> Future for Answering<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(refused) = this.refused.take() {
            return Poll::Ready(Ok(refused));
        }
        let Some(inner) = this.inner.as_pin_mut() else { return Poll::Pending };
        Poll::Ready(Ok(ready!(inner.poll(cx))?.map(Body::new)))
    }
}
