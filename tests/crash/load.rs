//! Callers at work: several at once, until the service goes away.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tonic::{Code, transport::Channel};

use super::{
    feed::{Dice, Parcel},
    memory::{Memory, withdraw},
};

/// Callers at once.
const CALLERS: u64 = 4;

/// A running load.
pub(super) struct Load(Vec<tokio::task::JoinHandle<()>>);

impl Load {
    /// Starts callers that submit, replace, repeat and withdraw.
    pub(super) fn start(channel: &Channel, memory: &Arc<Mutex<Memory>>, dice: &mut Dice) -> Self {
        let callers = (0..CALLERS).map(|_| {
            let (channel, memory) = (channel.clone(), Arc::clone(memory));
            tokio::spawn(call(channel, memory, Dice::new(dice.roll())))
        });
        Self(callers.collect())
    }

    /// Tells the callers to go home, whatever they are doing.
    pub(super) async fn stop(self) {
        for caller in self.0 {
            caller.abort();
            let ended = caller.await;
            assert!(
                ended.as_ref().err().is_none_or(tokio::task::JoinError::is_cancelled),
                "{ended:?}"
            );
        }
    }

    /// Waits until every caller has given up.
    pub(super) async fn end(self) {
        for caller in self.0 {
            tokio::time::timeout(Duration::from_secs(60), caller).await.unwrap().unwrap();
        }
    }
}

async fn call(channel: Channel, memory: Arc<Mutex<Memory>>, mut dice: Dice) {
    loop {
        let went_well = match dice.below(10) {
            0 => take_back(&channel, &memory, &mut dice).await,
            1 => {
                let earlier = memory.lock().unwrap().any(&mut dice);
                match earlier {
                    Some((parcel, _)) => send(&channel, &memory, &parcel).await,
                    None => Ok(()),
                }
            }
            kind => {
                let rows = if kind == 2 { 6_000 } else { 1 + dice.below(300) };
                send(&channel, &memory, &Parcel::new(&mut dice, rows)).await
            }
        };
        match went_well {
            Ok(()) => {}
            // Refused with a reason: what it is, is for others to test.
            Err(Code::ResourceExhausted) => tokio::time::sleep(Duration::from_millis(20)).await,
            // It has gone, or is about to.
            // `Internal` too: what a client makes of a broken connection is its own affair.
            Err(Code::Unavailable | Code::Cancelled | Code::Unknown | Code::Internal) => return,
            Err(code) => panic!("{code:?}"),
        }
    }
}

async fn send(channel: &Channel, memory: &Mutex<Memory>, parcel: &Parcel) -> Result<(), Code> {
    memory.lock().unwrap().sent(parcel);
    let (answer, _) = parcel.send(channel).await.map_err(|status| status.code())?;
    memory.lock().unwrap().told(parcel, answer);
    Ok(())
}

async fn take_back(channel: &Channel, memory: &Mutex<Memory>, dice: &mut Dice) -> Result<(), Code> {
    let earlier = memory.lock().unwrap().any(dice);
    let Some((_, Some(told))) = earlier else { return Ok(()) };
    let request_id = uuid::Uuid::new_v4().to_string();
    memory.lock().unwrap().withdrawing(&told.name, &request_id);
    match withdraw(channel, &told.name, &request_id).await {
        Ok(position) => {
            memory.lock().unwrap().withdrawn(&told.name, &request_id, position);
            Ok(())
        }
        // Replaced, or withdrawn already.
        Err(status) if status.code() == Code::FailedPrecondition => Ok(()),
        Err(status) => Err(status.code()),
    }
}
