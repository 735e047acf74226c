//! `PublicationService`: the tables that everybody may read. Every profile gets the same.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tonic::{Request, Response, Status};

use super::convert::trim::trim;
use super::convert::{publication as convert, query_error, release};
use super::{Service, status};
use crate::engine::Release;
use crate::engine::publishing::{NotPublished, Publication, PublishError};
use crate::proto::server::publication_service_server::PublicationService;
use crate::proto::v1;

/// How long a call waits for a publication that is being made. Then it is told to ask again; the work goes on.
const WAIT: Duration = Duration::from_secs(5);

/// Answers `PublicationService`.
pub struct Publications {
    service: Service,
    /// One publication is made at a time.
    making: Arc<Mutex<()>>,
}

impl Publications {
    /// The service over the state that all share.
    #[must_use]
    pub fn new(service: Service) -> Self {
        Self { service, making: Arc::default() }
    }

    /// The publication of the release of a resource name; of the newest if there is none.
    async fn of(&self, mut name: String) -> Result<Arc<Publication>, Status> {
        trim([&mut name]);
        let found = self.service.aside(move |engine| match name.as_str() {
            "" => engine.newest_release().ok_or_else(status::no_release),
            name => release::named(engine, name, "release"),
        });
        self.made(found.await??).await
    }

    async fn made(&self, release: Arc<Release>) -> Result<Arc<Publication>, Status> {
        let refused = |why: NotPublished| status::publication_refused(&why.to_string());
        if let Some(kept) = self.service.engine.kept_publication(&release) {
            return kept.map_err(refused);
        }
        let (engine, of) = (Arc::clone(&self.service.engine), Arc::clone(&release));
        let making = Arc::clone(&self.making);
        // Whoever stops waiting ends nothing: the next who asks finds what was made.
        let work = async move {
            let turn = making.lock_owned().await;
            let make = move || {
                let made = engine.publish(&of);
                drop(turn);
                made
            };
            tokio::task::spawn_blocking(make).await
        };
        let Ok(made) = tokio::time::timeout(WAIT, work).await else {
            return Err(status::publication_under_way(&release.id));
        };
        made.map_err(|error| status::internal(&error))?.map_err(|error| match error {
            PublishError::NotPublished(why) => refused(why),
            PublishError::Query(error) => query_error(error),
        })
    }
}

#[tonic::async_trait]
impl PublicationService for Publications {
    async fn list_published_tables(
        &self,
        request: Request<v1::ListPublishedTablesRequest>,
    ) -> Result<Response<v1::ListPublishedTablesResponse>, Status> {
        let of = self.of(request.into_inner().release).await?;
        let publication = self.service.aside(move |_| {
            let tables = of.tables.iter().map(|table| convert::table(table, &convert::rows(table)));
            v1::Publication { tables: tables.collect(), ..convert::about(&of) }
        });
        let publication = Some(publication.await?);
        Ok(Response::new(v1::ListPublishedTablesResponse { publication }))
    }

    async fn get_published_table(
        &self,
        request: Request<v1::GetPublishedTableRequest>,
    ) -> Result<Response<v1::GetPublishedTableResponse>, Status> {
        let v1::GetPublishedTableRequest { release, mut table_id } = request.into_inner();
        trim([&mut table_id]);
        let of = self.of(release).await?;
        let answer = self.service.aside(move |_| {
            let found = of.tables.iter().find(|table| table.definition.id == table_id);
            let missing = || {
                let all = of.tables.iter().map(|table| format!("`{}`", table.definition.id));
                let all = all.collect::<Vec<_>>().join(", ");
                let why = format!("no table `{table_id}`; name one of {all}");
                status::field_invalid("table_id", why)
            };
            let found = found.ok_or_else(missing)?;
            let rows = convert::rows(found);
            let (publication, table) = (convert::about(&of), convert::table(found, &rows));
            let (publication, table) = (Some(publication), Some(table));
            Ok(v1::GetPublishedTableResponse { publication, table, rows })
        });
        answer.await?.map(Response::new)
    }
}
