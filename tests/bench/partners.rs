//! P2: what protection costs a partner organisation that asks about controlled data.

use bytes::Bytes;
use equity_indicators::ingest::SubmissionFile;

use super::load::Chance;
use super::support::{Outcome, Running, rows};
use super::{About, FIRST_MONTH, Held, LAST_MONTH, ONE, Options, one_characteristic};

/// Most rows of P2: what is kept costs the same whatever is behind it.
const PROTECTED_ROWS: u64 = 500_000;

/// P2: the questions of P1 by a partner organisation about controlled data, with TLS, identity, access checks and quotas, against an echo of the
/// same answers with the same TLS.
pub async fn protected(options: &Options) -> Outcome {
    let service = Running::start_as(true).await?;
    let mut about = About::default();
    let generator = rows::generator(options.rows.min(PROTECTED_ROWS), FIRST_MONTH, LAST_MONTH)?;
    for parcel in generator.consultations() {
        let parcel = SubmissionFile { collection: "synthetic-feed".to_owned(), ..parcel };
        about.see(&parcel);
        rows::submit_all(&service.uri(), &[rows::encode(&parcel)]).await?;
    }
    let released = service.service.release_if_none("bench").await;
    released.map_err(|error| error.to_string())?;
    println!("P2  {} rows of a controlled collection", about.rows);
    let of_echo = Held { name: "P2", rate: (0.7, 0.95), p99: (1.5, 1.1) };
    one_characteristic(options, &service, (&about, about.questions_of_partners()), &of_echo)
        .await?;
    service.stop().await
}

impl About {
    /// Every organisation, month and dimension that a partner may ask about an organisation.
    fn questions_of_partners(&self) -> Vec<Bytes> {
        let of_systems = ["sexual_orientation", "gender_identity", "inclusion_group"];
        let mut all = Vec::new();
        for organisation in &self.organisations {
            for month in &self.months {
                let asked = ONE.iter().filter(|by| !of_systems.contains(by));
                all.extend(asked.map(|&by| self.question(Some(organisation), month, month, &[by])));
            }
        }
        Chance(7).shuffle(&mut all);
        all.truncate(20_000);
        all
    }
}
