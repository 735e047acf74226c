//! The limit of a query: a tonic server that decodes the question and returns answers that it has at hand.

use std::convert::Infallible;
use std::future::{Future, Ready, pending, ready};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes};
use equity_indicators::proto::v1::{GetChannelBreakdownRequest, GetChannelBreakdownResponse};
use prost::Message as _;
use tonic::body::Body;
use tonic::codec::{Codec, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};

use crate::support::Outcome;
use crate::support::serve::serve;

/// An echo in a process of its own, as the service is. Dropping it ends it.
pub struct Apart {
    child: Child,
    /// Its address.
    pub uri: String,
}

impl Apart {
    /// An echo of an encoded answer.
    pub fn start(answer: &[u8]) -> Outcome<Self> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(answer)?;
        let mut echo = Command::new(std::env::current_exe()?);
        let mut child = echo.arg("--echo").arg(file.path()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut echo = Self { child, uri: String::new() };
        BufReader::new(output).read_line(&mut echo.uri)?;
        echo.uri.truncate(echo.uri.trim_end().len());
        Ok(echo)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Echoes the answer in a file for ever; says its address first.
pub async fn be(answer: &Path) -> Outcome {
    let answer = Answer::Encoded(std::fs::read(answer)?.into());
    println!("{}", serve(Echo::new(vec![answer]), false).await?);
    pending().await
}

/// An answer at hand.
#[derive(Clone)]
pub enum Answer {
    /// Already encoded.
    Encoded(Bytes),
    /// Encoded for each call.
    Message(Arc<GetChannelBreakdownResponse>),
}

/// Returns its answers in turn, so that sizes are mixed as the service's were.
#[derive(Clone)]
pub struct Echo {
    answers: Arc<[Answer]>,
    next: Arc<AtomicUsize>,
}

impl Echo {
    /// An echo of these answers.
    pub fn new(answers: Vec<Answer>) -> Self {
        Self { answers: answers.into(), next: Arc::default() }
    }
}

impl NamedService for Echo {
    const NAME: &'static str = "equity.v1.ConsultationChannelService";
}

impl UnaryService<GetChannelBreakdownRequest> for Echo {
    type Response = Answer;
    type Future = Ready<Result<Response<Answer>, Status>>;

    fn call(&mut self, _: Request<GetChannelBreakdownRequest>) -> Self::Future {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.answers.len();
        ready(Ok(Response::new(self.answers[at].clone())))
    }
}

impl tower::Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move { Ok(Grpc::new(EchoCodec).unary(echo, request).await) })
    }
}

#[derive(Clone, Copy, Default)]
struct EchoCodec;

impl Codec for EchoCodec {
    type Encode = Answer;
    type Decode = GetChannelBreakdownRequest;
    type Encoder = Self;
    type Decoder = <tonic_prost::ProstCodec<(), GetChannelBreakdownRequest> as Codec>::Decoder;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self::Decoder {
        tonic_prost::ProstCodec::<(), GetChannelBreakdownRequest>::default().decoder()
    }
}

impl Encoder for EchoCodec {
    type Item = Answer;
    type Error = Status;

    fn encode(&mut self, item: Answer, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        match item {
            Answer::Encoded(bytes) => out.put(bytes),
            Answer::Message(message) => {
                message.encode(out).map_err(|error| Status::internal(error.to_string()))?;
            }
        }
        Ok(())
    }
}
