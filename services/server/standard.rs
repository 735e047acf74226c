//! The services that every gRPC server is expected to have: health and reflection.

use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tonic_reflection::pb::{v1, v1alpha};

use super::error::ServerError;
use super::health::Health;
use super::reflection::Reflection;

/// Longest question about health, in bytes.
const QUESTION: usize = 4 << 10;

/// Adds health (`NOT_SERVING` until the server runs) and, if wanted, reflection.
///
/// # Errors
/// The contract's descriptors cannot be read: a fault of the build.
pub fn standard_services(
    routes: Routes,
    reflection: bool,
) -> Result<(Routes, Health), ServerError> {
    let health = Health::new();
    // No layer reads the messages of health, so tonic unpacks them.
    let answers = HealthServer::new(health.answers())
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(QUESTION);
    let mut routes = routes.add_service(answers);
    if reflection {
        let reflection = Reflection::new()?;
        routes = routes
            .add_service(v1::server_reflection_server::ServerReflectionServer::new(
                reflection.clone(),
            ))
            .add_service(v1alpha::server_reflection_server::ServerReflectionServer::new(
                reflection,
            ));
    }
    Ok((routes, health))
}
