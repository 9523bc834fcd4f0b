//! From a question to its answer: the only place that knows what a DNS message looks like.

use std::net::IpAddr;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, TXT};
use hickory_proto::rr::{RData, Record, RecordType};

use crate::names::{Entry, Shared};

/// The answer to one message, and a count of what it asks. `None` where it is no question.
pub(super) fn answer(shared: &Shared, message: &[u8]) -> Option<Vec<u8>> {
    let question = Message::from_vec(message).ok()?;
    let query = question.queries.first()?;
    let name = query.name().to_ascii().to_ascii_lowercase();
    let entry = shared.lock().get(name.trim_end_matches('.')).cloned();
    // Counted after the look: whoever waits for the count may change the table and is sure of what was answered.
    count(shared, query.query_type());
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.metadata.response_code = match &entry {
        Some(Entry::Host(_) | Entry::Text(_)) => ResponseCode::NoError,
        Some(Entry::Broken) => ResponseCode::ServFail,
        None => ResponseCode::NXDomain,
    };
    answer.add_query(query.clone());
    answer.add_answers(entry.iter().flat_map(|entry| records(entry, query)));
    answer.to_vec().ok()
}

fn records(entry: &Entry, query: &Query) -> Vec<Record> {
    let data: Vec<RData> = match (entry, query.query_type()) {
        (Entry::Host(addresses), kind) => {
            let addresses = addresses.iter().map(|address| match address {
                IpAddr::V4(v4) => (RecordType::A, RData::A(A(*v4))),
                IpAddr::V6(v6) => (RecordType::AAAA, RData::AAAA(AAAA(*v6))),
            });
            addresses.filter(|(of, _)| *of == kind).map(|(_, data)| data).collect()
        }
        // A string of TXT has at most 255 bytes; a longer text is several, one after the other.
        (Entry::Text(text), RecordType::TXT) => {
            let strings = text.as_bytes().chunks(STRING_BYTES);
            vec![RData::TXT(TXT::from_bytes(strings.collect()))]
        }
        (Entry::Text(_) | Entry::Broken, _) => Vec::new(),
    };
    let record = |data| Record::from_rdata(query.name().clone(), HOUR, data);
    data.into_iter().map(record).collect()
}

fn count(shared: &Shared, kind: RecordType) {
    shared.queries.send_modify(|queries| match kind {
        RecordType::A => queries.v4 += 1,
        RecordType::AAAA => queries.v6 += 1,
        RecordType::TXT => queries.text += 1,
        _ => {}
    });
}

const HOUR: u32 = 60 * 60;
const STRING_BYTES: usize = 255;
