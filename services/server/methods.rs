//! The name of each method, for spans and metrics (a closed set), and its kind, which says how it is bounded. Both are read from
//! the contract's descriptors, so that a new method needs no line here.

use std::sync::LazyLock;

use prost::Message as _;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};
use rustc_hash::FxHashMap;

/// How a method is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A question: the request deadline.
    Query,
    /// A client stream: the submission deadline, and no long pause between two messages.
    Submission,
    /// An erasure, which reads and writes all data: the submission deadline.
    Erasure,
    /// A server stream with an end: the submission deadline. It ends early when the service stops, and can be resumed.
    Export,
    /// A server stream without an end.
    Watch,
    /// The reflection service: a stream of short questions about the contract, with the request deadline.
    Reflection,
    /// The health service: never refused.
    Health {
        /// Whether it is its `Watch`, a stream without an end.
        watch: bool,
    },
}

impl Kind {
    /// Whether the answer has no end of its own.
    pub(super) fn is_endless(self) -> bool {
        matches!(self, Self::Watch | Self::Health { watch: true })
    }
}

/// Name and kind of a method.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Method {
    /// `package.Service/Method`, or `_OTHER` for what this service does not have.
    pub(super) name: &'static str,
    /// Says how it is bounded.
    pub(super) kind: Kind,
    /// Whether its request is a stream of messages.
    pub(super) streams: bool,
}

/// Every method that this service does not have.
static OTHER: Method = Method { name: "_OTHER", kind: Kind::Query, streams: false };

/// Methods by path, `/package.Service/Method`.
static METHODS: LazyLock<FxHashMap<String, Method>> = LazyLock::new(|| {
    let mut methods = FxHashMap::default();
    let health = tonic_health::pb::FILE_DESCRIPTOR_SET;
    let reflection = tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET;
    let reflection_alpha = tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET;
    for encoded in [crate::proto::FILE_DESCRIPTOR_SET, health, reflection, reflection_alpha] {
        for (service, method) in methods_of(encoded) {
            let name = format!("{service}/{}", method.name());
            let kind = kind(&service, &method);
            // Leaked once for the life of the process: spans and metrics want names that live for ever.
            let name: &'static str = Box::leak(name.into_boxed_str());
            let streams = method.client_streaming();
            methods.insert(format!("/{name}"), Method { name, kind, streams });
        }
    }
    methods
});

/// The method at a path, if there is one.
pub(super) fn known(path: &str) -> Option<&'static Method> {
    METHODS.get(path)
}

/// The method at a path.
pub(super) fn of(path: &str) -> &'static Method {
    known(path).unwrap_or(&OTHER)
}

/// All methods, `package.Service/Method`, in order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<_> = METHODS.values().map(|method| method.name).collect();
    names.sort_unstable();
    names.into_iter()
}

/// Full names of the services of the contract.
pub(super) fn services() -> Vec<String> {
    let mut services: Vec<String> =
        methods_of(crate::proto::FILE_DESCRIPTOR_SET).map(|(service, _)| service).collect();
    services.sort();
    services.dedup();
    services
}

/// (full service name, method) of every method of an encoded descriptor set.
fn methods_of(encoded: &[u8]) -> impl Iterator<Item = (String, MethodDescriptorProto)> {
    let set = FileDescriptorSet::decode(encoded).expect("descriptor sets are made by the build");
    set.file.into_iter().flat_map(|file| {
        let package = file.package().to_owned();
        file.service.into_iter().flat_map(move |service| {
            let name = format!("{package}.{}", service.name());
            service.method.into_iter().map(move |method| (name.clone(), method))
        })
    })
}

fn kind(service: &str, method: &MethodDescriptorProto) -> Kind {
    let watch = method.server_streaming() && method.name().starts_with("Watch");
    if service.starts_with("grpc.health.") {
        Kind::Health { watch }
    } else if service.starts_with("grpc.reflection.") {
        Kind::Reflection
    } else if watch {
        Kind::Watch
    } else if method.client_streaming() && !method.server_streaming() {
        Kind::Submission
    } else if service.ends_with(".ErasureService") && method.name().starts_with("Erase") {
        Kind::Erasure
    } else if method.server_streaming() && !method.client_streaming() {
        Kind::Export
    } else {
        Kind::Query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_the_contract() {
        let kind = |path| of(path).kind;
        assert_eq!(kind("/equity.v1.SubmissionService/SubmitConsultations"), Kind::Submission);
        assert_eq!(kind("/equity.v1.SubmissionService/GetSubmission"), Kind::Query);
        assert_eq!(kind("/equity.v1.ErasureService/ErasePerson"), Kind::Erasure);
        assert_eq!(kind("/equity.v1.ErasureService/ListErasures"), Kind::Query);
        assert_eq!(kind("/equity.v1.BreakdownService/WatchBreakdown"), Kind::Watch);
        assert_eq!(kind("/equity.v1.ExportService/ExportBreakdowns"), Kind::Export);
        assert_eq!(kind("/grpc.health.v1.Health/Check"), Kind::Health { watch: false });
        assert_eq!(kind("/grpc.health.v1.Health/Watch"), Kind::Health { watch: true });
        let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
        assert_eq!(kind(reflection), Kind::Reflection);
        assert_eq!(of("/equity.v1.SubmissionService/Nonsense"), &OTHER);
        assert_eq!(
            of("/equity.v1.SubmissionService/GetSubmission").name,
            "equity.v1.SubmissionService/GetSubmission"
        );
    }

    #[test]
    fn services_are_those_of_the_contract() {
        assert!(services().contains(&"equity.v1.ReferenceService".to_owned()));
        assert!(services().iter().all(|service| service.starts_with("equity.v1.")));
    }
}
