//! Compiles `proto/` with protox: no `protoc`, nothing to install.

use std::path::PathBuf;

/// The contract, file by file: what is served.
const CONTRACT: &[&str] = &[
    "equity/v1/audit_service.proto",
    "equity/v1/breakdown_service.proto",
    "equity/v1/consultation_channel_service.proto",
    "equity/v1/data_quality_service.proto",
    "equity/v1/digital_exclusion_service.proto",
    "equity/v1/erasure_service.proto",
    "equity/v1/error_reason.proto",
    "equity/v1/export_service.proto",
    "equity/v1/indicator_service.proto",
    "equity/v1/inequality_service.proto",
    "equity/v1/partner_telemetry_service.proto",
    "equity/v1/publication_service.proto",
    "equity/v1/reference_service.proto",
    "equity/v1/release_service.proto",
    "equity/v1/service_info_service.proto",
    "equity/v1/submission_service.proto",
    "equity/v1/target_service.proto",
];

/// Calls whose answers are sent as they were encoded.
const ENCODED: &[&str] = &[
    "GetChannelBreakdown",
    "GetAccessOutcomes",
    "GetDigitalExclusionBreakdown",
    "GetFaceToFaceProvision",
    "GetChannelImpact",
    "GetAreaRisk",
    "GetIndicatorBreakdown",
    "GetInequalitySummary",
    "GetGapTrend",
    "ListGaps",
    "GetTargetStatus",
    "GetRecordingQuality",
    "GetTimeliness",
    "GetRepresentativeness",
    "GetConsistency",
    "GetRestoration",
    "GetStandardisedRates",
    "WatchBreakdown",
];

/// What is on disk.
const STORE: &[&str] = &["equity/store/v1/outbox.proto", "equity/store/v1/store.proto"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);

    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(CONTRACT)?;
    // Encoded by protox: prost-types would drop the options that are extensions (field_behavior).
    std::fs::write(out.join("equity_descriptor.bin"), compiler.encode_file_descriptor_set())?;
    let contract = compiler.file_descriptor_set();
    // Messages, clients and servers. On the server's side, an answer that is already encoded takes the place of its message,
    // and so does a part of a submission whose rows have not been read yet.
    tonic_prost_build::configure().build_server(false).bytes(".").compile_fds(contract.clone())?;
    let servers = out.join("server");
    std::fs::create_dir_all(&servers)?;
    let mut served = tonic_prost_build::configure().build_client(false).out_dir(servers);
    for call in ENCODED {
        served = served.extern_path(format!(".equity.v1.{call}Response"), "crate::rpc::Encoded");
    }
    served
        .extern_path(".equity.v1.SubmitConsultationsRequest", "crate::rpc::Incoming")
        .extern_path(".equity.v1.SubmitPopulationsRequest", "crate::rpc::Incoming")
        .extern_path(".equity.v1.SubmitDigitalAccessRequest", "crate::rpc::Incoming")
        .extern_path(".equity.v1.SubmitIndicatorCountsRequest", "crate::rpc::Incoming")
        .extern_path(".equity.v1.SubmitEstimatesRequest", "crate::rpc::IncomingEstimates")
        .extern_path(".equity.v1", "crate::proto::v1")
        .compile_fds(contract)?;
    tonic_prost_build::configure()
        .build_server(false)
        .build_client(false)
        .bytes(".")
        .compile_fds(protox::compile(STORE, ["proto"])?)?;
    Ok(())
}
