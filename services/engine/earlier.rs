//! Earlier reference content, and the catalogue as it is seen with it.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use super::answer::AxisPositions;
use super::error::QueryError;
use super::slabs::Slabs;
use super::turns::Turns;
use crate::domain::reference::Reference;
use crate::store::Look;

/// Most earlier contents that are kept in memory. Each is read again when it is asked for after others.
pub(super) const MOST: usize = 2;
/// Most bytes of columns that are kept for one of them.
pub(super) const SLAB_BYTES: u64 = 32 << 20;

/// Earlier reference content, and what was worked out with it.
#[derive(Clone)]
pub(super) struct EarlierContent {
    pub(super) reference: Arc<Reference>,
    pub(super) positions: Arc<AxisPositions>,
    pub(super) slabs: Arc<Slabs>,
}

/// The earlier contents that were asked for last, by the position from which on they were in force.
#[derive(Default)]
pub(super) struct Earlier {
    contents: Mutex<VecDeque<(u64, EarlierContent)>>,
    making: Turns,
}

impl Earlier {
    /// Forgets all of them.
    pub(super) fn clear(&self) {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The content that came at a position: kept, or made. It is made once, however many ask: they wait until they are `given_up`.
    pub(super) fn get(
        &self,
        position: u64,
        given_up: impl Fn() -> bool,
        make: impl FnOnce() -> Result<EarlierContent, QueryError>,
    ) -> Result<EarlierContent, QueryError> {
        if let Some(kept) = self.kept(position) {
            return Ok(kept);
        }
        // Making takes long, so nobody begins it in vain.
        let turn = self.making.take(0, 0, None, &given_up).filter(|_| !given_up());
        let _turn = turn.ok_or(QueryError::Late)?;
        if let Some(kept) = self.kept(position) {
            return Ok(kept);
        }
        let made = make()?;
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.push_front((position, made.clone()));
        contents.truncate(MOST);
        Ok(made)
    }

    fn kept(&self, position: u64) -> Option<EarlierContent> {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        let place = contents.iter().position(|(at, _)| *at == position)?;
        let found = contents.remove(place)?;
        let content = found.1.clone();
        contents.push_front(found);
        Some(content)
    }
}

/// A look at the catalogue, and the reference content that an engine answers with: it stands before that of the catalogue.
pub(super) struct CatalogView<'a> {
    pub(super) look: &'a Look<'a>,
    pub(super) reference: Arc<Reference>,
}

impl<'a> Deref for CatalogView<'a> {
    type Target = Look<'a>;

    fn deref(&self) -> &Look<'a> {
        self.look
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::domain::codes::Content;
    use crate::engine::cache::AnswerCache;

    fn content(reference: &Arc<Reference>) -> EarlierContent {
        let slabs = Arc::new(Slabs::new(0, Arc::new(AnswerCache::new(0))));
        EarlierContent { reference: Arc::clone(reference), positions: Arc::default(), slabs }
    }

    #[test]
    fn a_content_is_made_once_kept_while_it_is_asked_for_and_never_made_in_vain() {
        let reference = Arc::new(Reference::new(&Content::embedded()).unwrap());
        let (earlier, made) = (Earlier::default(), AtomicUsize::new(0));
        let ask = |position| {
            earlier.get(
                position,
                || false,
                || {
                    made.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(std::time::Duration::from_millis(50));
                    Ok(content(&reference))
                },
            )
        };
        std::thread::scope(|scope| {
            (0..8).for_each(|_| drop(scope.spawn(|| ask(3).unwrap())));
        });
        assert_eq!(made.load(Ordering::SeqCst), 1, "many ask at once");
        for position in [5, 3, 7, 3] {
            ask(position).unwrap();
        }
        assert_eq!(made.load(Ordering::SeqCst), 3, "what was asked for last stays");
        ask(5).unwrap();
        assert_eq!(made.load(Ordering::SeqCst), 4, "{MOST} are kept");
        let late = earlier.get(9, || true, || panic!("nobody waits for it"));
        assert!(matches!(late, Err(QueryError::Late)));
    }
}
