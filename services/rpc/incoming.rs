//! A message of a submission stream, its batch not yet read. On the wire it is the request message of each kind in the contract:
//! field 1 is the header, field 2 a batch. A batch stays encoded: its rows are read where they are coded, so that no string is
//! made for each of their fields.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::encoding::{self, DecodeContext, WireType};
use prost::{DecodeError, Message};

use crate::proto::v1::{EstimatesHeader, SubmissionHeader};

/// Numbers of the fields in every request.
const HEADER: u32 = 1;
const BATCH: u32 = 2;

/// A request of a stream of estimates.
pub type IncomingEstimates = Incoming<EstimatesHeader>;

/// A request of a submission stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Incoming<H = SubmissionHeader> {
    /// Neither header nor batch.
    #[default]
    Nothing,
    /// Header of the submission, decoded.
    Header(Box<H>),
    /// An encoded `ConsultationBatch`, `PopulationBatch`, `AccessBatch` or `EstimateBatch`.
    Batch(Bytes),
}

impl<H: Message + Default> Message for Incoming<H> {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        match self {
            Self::Nothing => {}
            Self::Header(header) => encoding::message::encode(HEADER, header.as_ref(), buf),
            Self::Batch(batch) => {
                encoding::encode_key(BATCH, WireType::LengthDelimited, buf);
                encoding::encode_varint(batch.len() as u64, buf);
                buf.put_slice(batch);
            }
        }
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            HEADER => {
                let mut header = match std::mem::take(self) {
                    Self::Header(header) => header,
                    Self::Nothing | Self::Batch(_) => Box::default(),
                };
                encoding::message::merge(wire_type, header.as_mut(), buf, context)?;
                *self = Self::Header(header);
            }
            BATCH => {
                let mut batch = Bytes::new();
                encoding::bytes::merge(wire_type, &mut batch, buf, context)?;
                // Two encodings of one message, joined, are the encoding of both merged. The bytes are appended, not copied each
                // time: a message may hold very many batches. The only batch of a message, as almost all are, is not copied.
                let batch = match std::mem::take(self) {
                    Self::Batch(before) => {
                        let mut joined = BytesMut::from(before);
                        joined.extend_from_slice(&batch);
                        joined.freeze()
                    }
                    Self::Nothing | Self::Header(_) => batch,
                };
                *self = Self::Batch(batch);
            }
            _ => encoding::skip_field(wire_type, tag, buf, context)?,
        }
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Header(header) => encoding::message::encoded_len(HEADER, header.as_ref()),
            Self::Batch(batch) => {
                let length = batch.len();
                encoding::key_len(BATCH) + encoding::encoded_len_varint(length as u64) + length
            }
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Encoded messages of a submission on their way from the door, which joined their bytes, to the handler. tonic has an empty message for each.
#[derive(Clone, Debug, Default)]
pub struct PassedOn(Arc<Mutex<VecDeque<Bytes>>>);

impl PassedOn {
    /// Adds the next message.
    pub fn put(&self, message: Bytes) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(message);
    }

    /// Takes the first message that was not taken yet.
    pub fn take(&self) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1::submit_consultations_request::Part;
    use crate::proto::v1::submit_populations_request::Part as PopulationPart;
    use crate::proto::v1::{
        ConsultationBatch, ConsultationRecord, PopulationBatch, SubmitConsultationsRequest,
        SubmitPopulationsRequest,
    };

    fn record(channel: &str) -> ConsultationRecord {
        ConsultationRecord { channel: channel.into(), ..ConsultationRecord::default() }
    }

    fn batch(channels: &[&str]) -> ConsultationBatch {
        ConsultationBatch { records: channels.iter().map(|channel| record(channel)).collect() }
    }

    fn header() -> SubmissionHeader {
        SubmissionHeader { organisation: "C82001".into(), ..SubmissionHeader::default() }
    }

    #[test]
    fn on_the_wire_it_is_the_request() {
        let records = batch(&["1", "2"]);
        let people = PopulationBatch { records: vec![Default::default(); 3] };
        let population = |part| SubmitPopulationsRequest { part: Some(part) }.encode_to_vec();
        let consultation = |part| SubmitConsultationsRequest { part }.encode_to_vec();
        let in_header = Incoming::Header(Box::new(header()));
        for (sent, expected) in [
            (consultation(None), Incoming::Nothing),
            (consultation(Some(Part::Header(header()))), in_header.clone()),
            (population(PopulationPart::Header(header())), in_header),
            (
                consultation(Some(Part::Batch(records.clone()))),
                Incoming::Batch(records.encode_to_vec().into()),
            ),
            (
                population(PopulationPart::Batch(people.clone())),
                Incoming::Batch(people.encode_to_vec().into()),
            ),
        ] {
            let came = Incoming::<SubmissionHeader>::decode(sent.as_slice()).unwrap();
            assert_eq!(came, expected);
            assert_eq!((came.encode_to_vec(), came.encoded_len()), (sent.clone(), sent.len()));
        }
    }

    /// As many batches as a message holds are read in a time that grows with their bytes alone: this would not end otherwise.
    #[test]
    fn a_message_of_very_many_batches_is_read() {
        let one = batch(&["1"]);
        let part = SubmitConsultationsRequest { part: Some(Part::Batch(one.clone())) };
        let many = part.encode_to_vec().repeat(300_000);
        let came = Incoming::<SubmissionHeader>::decode(many.as_slice()).unwrap();
        let Incoming::Batch(read) = came else { panic!("no batch") };
        assert_eq!(read.len(), 300_000 * one.encoded_len());
    }

    #[test]
    fn parts_given_twice_are_merged_and_the_last_kind_counts() {
        let part = |part| SubmitConsultationsRequest { part: Some(part) }.encode_to_vec();
        let (one, two) = (part(Part::Batch(batch(&["1"]))), part(Part::Batch(batch(&["2"]))));
        let head = part(Part::Header(header()));
        for sent in [[&one, &two], [&one, &head], [&head, &two], [&head, &head]] {
            let sent = sent.map(Vec::as_slice).concat();
            let as_the_contract = SubmitConsultationsRequest::decode(sent.as_slice()).unwrap();
            let came = Incoming::<SubmissionHeader>::decode(sent.as_slice()).unwrap();
            assert_eq!(came.encode_to_vec(), as_the_contract.encode_to_vec());
        }
    }

    #[test]
    fn fuzz_messages_of_a_stream() {
        let part = |part| SubmitConsultationsRequest { part: Some(part) }.encode_to_vec();
        let good = [part(Part::Header(header())), part(Part::Batch(batch(&["1", "2"])))];
        crate::fuzz::fuzz("messages of a stream", &good, |bytes| {
            // A batch is read later, so what is wrong in it is found later.
            let came = Incoming::<SubmissionHeader>::decode(bytes);
            let Ok(whole) = SubmitConsultationsRequest::decode(bytes) else { return };
            assert_eq!(came.unwrap().encode_to_vec().is_empty(), whole.part.is_none());
        });
    }
}
