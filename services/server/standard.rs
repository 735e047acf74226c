//! The services that every gRPC server is expected to have: health, and reflection in both versions (older tools speak only
//! v1alpha).

use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::error::ServerError;
use super::methods;

/// Sets what the health service answers.
#[derive(Debug, Clone)]
pub struct Health {
    reporter: HealthReporter,
}

impl Health {
    /// The service, and each service of the contract, takes calls.
    pub async fn serving(&self) {
        self.set(ServingStatus::Serving).await;
    }

    /// The service starts or stops: callers should use another replica.
    pub async fn not_serving(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    /// Whether one service of the contract takes calls; the others stay as they are.
    pub async fn takes(&self, service: &str, calls: bool) {
        let status = if calls { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.reporter.set_service_status(service, status).await;
    }

    async fn set(&self, status: ServingStatus) {
        self.reporter.set_service_status("", status).await;
        for service in methods::services() {
            self.reporter.set_service_status(service, status).await;
        }
    }
}

/// Adds health (`NOT_SERVING` until the server runs) and, if wanted, reflection.
///
/// # Errors
/// The contract's descriptors cannot be read: a fault of the build.
pub async fn standard_services(
    routes: Routes,
    reflection: bool,
) -> Result<(Routes, Health), ServerError> {
    let (reporter, server) = tonic_health::server::health_reporter();
    let health = Health { reporter };
    health.not_serving().await;
    let mut routes = routes.add_service(server);
    if reflection {
        let describe = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(crate::proto::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        routes =
            routes.add_service(describe().build_v1()?).add_service(describe().build_v1alpha()?);
    }
    Ok((routes, health))
}
