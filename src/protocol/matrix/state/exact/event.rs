//! An item of a room's log as the event that `ruma-state-res` looks at.

use ruma_common::{
    EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId,
};
use ruma_events::{StateEventType, TimelineEventType};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::journal::{EventNo, UserId};
use crate::room::{Body, Pdu, PowerLevels, RoomLog, StateKey};
use crate::workload::{RoomKind, RoomSpec};

use super::super::{ADMIN_LEVEL, CREATOR_POWER_VERSION, STATE_LEVEL};

/// An event.
#[derive(Debug, Clone)]
pub struct Event {
    id: OwnedEventId,
    room: Option<OwnedRoomId>,
    sender: OwnedUserId,
    at: MilliSecondsSinceUnixEpoch,
    kind: TimelineEventType,
    state_key: Option<String>,
    content: Box<RawValue>,
    prev_events: Vec<OwnedEventId>,
    auth_events: Vec<OwnedEventId>,
}

impl Event {
    /// An item of the log that is kept singly.
    pub fn new(log: &RoomLog, spec: &RoomSpec, no: EventNo) -> Self {
        let pdu = log.single(no).expect("state events are kept singly");
        Event::of(log, spec, no, pdu)
    }

    /// A PDU that stands in the log as number `no`, or will.
    pub fn of(log: &RoomLog, spec: &RoomSpec, no: EventNo, pdu: &Pdu) -> Self {
        let (kind, state_key) = match pdu.body.state_key() {
            Some(key) => {
                let (kind, key) = state_type(log, key);
                (kind.to_string().into(), Some(key))
            }
            None => (message_type(&pdu.body), None),
        };
        Event {
            id: event_id(no),
            room: room_id(log, spec, &pdu.body),
            sender: user_id(log, pdu.sender),
            at: MilliSecondsSinceUnixEpoch(pdu.at.0.try_into().expect("a time of our era")),
            kind,
            state_key,
            content: to_raw_value(&content(log, spec, pdu)).expect("JSON"),
            prev_events: pdu.prev_events.iter().map(|no| event_id(*no)).collect(),
            auth_events: pdu.auth_events.iter().map(|no| event_id(*no)).collect(),
        }
    }
}

impl ruma_state_res::Event for Event {
    type Id = OwnedEventId;

    fn event_id(&self) -> &OwnedEventId {
        &self.id
    }

    fn room_id(&self) -> Option<&RoomId> {
        self.room.as_deref()
    }

    fn sender(&self) -> &ruma_common::UserId {
        &self.sender
    }

    fn origin_server_ts(&self) -> MilliSecondsSinceUnixEpoch {
        self.at
    }

    fn event_type(&self) -> &TimelineEventType {
        &self.kind
    }

    fn content(&self) -> &RawValue {
        &self.content
    }

    fn state_key(&self) -> Option<&str> {
        self.state_key.as_deref()
    }

    fn prev_events(&self) -> Box<dyn DoubleEndedIterator<Item = &OwnedEventId> + '_> {
        Box::new(self.prev_events.iter())
    }

    fn auth_events(&self) -> Box<dyn DoubleEndedIterator<Item = &OwnedEventId> + '_> {
        Box::new(self.auth_events.iter())
    }

    fn redacts(&self) -> Option<&OwnedEventId> {
        None
    }

    /// The log has only events that their makers' servers allowed, by the state before them, which is the
    /// same for everybody.
    fn rejected(&self) -> bool {
        false
    }
}

/// The id of an item. Real ids are hashes, so among events of one sender's level and one millisecond
/// chance decides which comes first; here it is the one made first.
pub fn event_id(no: EventNo) -> OwnedEventId {
    format!("${no:010}").try_into().expect("an event id")
}

/// The item with an id.
pub(super) fn number(id: &EventId) -> EventNo {
    id.as_str()[1..].parse().expect("an id of `event_id`")
}

/// From room version 12 on a room is called after its create event, which itself names no room.
fn room_id(log: &RoomLog, spec: &RoomSpec, body: &Body) -> Option<OwnedRoomId> {
    let name = match (spec.version >= CREATOR_POWER_VERSION, body) {
        (true, Body::Create) => return None,
        (true, _) => event_id(0).as_str().replacen('$', "!", 1),
        (false, _) => format!("!{}:s{}", log.room().0, log.origin(0).0),
    };
    Some(name.try_into().expect("a room id"))
}

fn user_id(log: &RoomLog, user: UserId) -> OwnedUserId {
    format!("@{}:s{}", user.0, log.home(user).0)
        .try_into()
        .expect("a user id")
}

/// Type and state key of a kind of state.
pub fn state_type(log: &RoomLog, key: StateKey) -> (StateEventType, String) {
    let kind = match key {
        StateKey::Create => StateEventType::RoomCreate,
        StateKey::PowerLevels => StateEventType::RoomPowerLevels,
        StateKey::JoinRules => StateEventType::RoomJoinRules,
        StateKey::HistoryVisibility => StateEventType::RoomHistoryVisibility,
        StateKey::GuestAccess => StateEventType::RoomGuestAccess,
        StateKey::Name => StateEventType::RoomName,
        StateKey::Topic => StateEventType::RoomTopic,
        StateKey::Avatar => StateEventType::RoomAvatar,
        StateKey::Encryption => StateEventType::RoomEncryption,
        StateKey::Retention => "m.room.retention".into(),
        StateKey::Member(user) => {
            return (StateEventType::RoomMember, user_id(log, user).into());
        }
    };
    (kind, String::new())
}

fn message_type(body: &Body) -> TimelineEventType {
    match body {
        Body::Redaction(_) => TimelineEventType::RoomRedaction,
        Body::Dummy => "org.matrix.dummy_event".into(),
        _ => TimelineEventType::RoomMessage,
    }
}

/// The content, as far as authorisation reads it.
fn content(log: &RoomLog, spec: &RoomSpec, pdu: &Pdu) -> Value {
    match &pdu.body {
        Body::Create => json!({
            "room_version": spec.version.to_string(),
            "creator": user_id(log, pdu.sender),
            "m.federate": spec.federate,
        }),
        Body::Member { membership, .. } => json!({ "membership": membership.name() }),
        Body::PowerLevels(levels) => power_levels(log, levels),
        Body::JoinRules(RoomKind::Public) => json!({ "join_rule": "public" }),
        Body::JoinRules(_) => json!({ "join_rule": "invite" }),
        _ => json!({}),
    }
}

/// As in Synapse's room presets, but for what the levels themselves say.
fn power_levels(log: &RoomLog, levels: &PowerLevels) -> Value {
    let users: Map<String, Value> = levels
        .users
        .iter()
        .map(|(user, level)| (user_id(log, *user).into(), json!(level)))
        .collect();
    json!({
        "users": users,
        "users_default": 0,
        "events": {
            "m.room.power_levels": ADMIN_LEVEL,
            "m.room.history_visibility": ADMIN_LEVEL,
            "m.room.encryption": ADMIN_LEVEL,
        },
        "events_default": levels.events_default,
        "state_default": STATE_LEVEL,
        "ban": STATE_LEVEL,
        "kick": STATE_LEVEL,
        "redact": STATE_LEVEL,
        "invite": levels.invite,
    })
}
