//! Calls as bytes: any method, any header, any body.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::{Code, Status};

use super::support::soon;

/// A message of gRPC: the text `word`.
pub(super) const WORD: &[u8] = b"\0\0\0\0\x06\x0a\x04word";

/// A connection.
pub(super) struct Raw(SendRequest<Bytes>);

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) http: u16,
    /// Headers and trailers.
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Raw {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await
    }

    /// A connection over a stream that is there.
    pub(super) async fn over<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        stream: S,
    ) -> Self {
        let (requests, connection) = soon(h2::client::handshake(stream)).await.unwrap();
        tokio::spawn(async move { drop(connection.await) });
        Self(requests)
    }

    /// Begins a call. Its content type is that of gRPC unless a header says otherwise; an empty header is left out.
    pub(super) async fn begin(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (ResponseFuture, SendStream<Bytes>) {
        let mut request =
            http::Request::builder().method(method).uri(format!("http://equity{path}"));
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/grpc");
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let mut ready = soon(self.0.clone().ready()).await.unwrap();
        ready.send_request(request.body(()).unwrap(), false).unwrap()
    }

    /// The whole answer to a call.
    pub(super) async fn answer(&self, answer: ResponseFuture) -> Answer {
        let answer = soon(answer).await.unwrap();
        let (http, mut headers) = (answer.status().as_u16(), answer.headers().clone());
        let (mut stream, mut body) = (answer.into_body(), Vec::new());
        while let Some(data) = soon(stream.data()).await {
            let data = data.unwrap();
            stream.flow_control().release_capacity(data.len()).unwrap();
            body.extend_from_slice(&data);
        }
        headers.extend(soon(stream.trailers()).await.unwrap().unwrap_or_default());
        Answer { http, headers, body }
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let (answer, mut sending) = self.begin(method, path, headers).await;
        // A call that was refused by its headers takes no more.
        let _refused = sending.send_data(Bytes::copy_from_slice(body), true);
        self.answer(answer).await
    }

    /// Waits until the service has ended the connection.
    pub(super) async fn ends(&self) {
        soon(async {
            while self.0.clone().ready().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    pub(super) async fn call(&self, path: &str, body: &[u8]) -> Answer {
        self.send("POST", path, &[], body).await
    }
}

impl Answer {
    fn status(&self) -> Status {
        Status::from_header_map(&self.headers).expect("it has no status")
    }

    pub(super) fn code(&self) -> Code {
        self.status().code()
    }

    pub(super) fn message(&self) -> String {
        self.status().message().to_owned()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}
