//! Matrix as Synapse does it: a homeserver that decides from its own books.
//!
//! Each file holds the rules of one theme: `destination` and `wake` (sending), `intake` (receiving), `pull`, `arrival`
//! and `store` (closing gaps), `backfill` and `pagination` (clients that scroll), `serve` (answers to others),
//! `membership`, `invitations`, `local`, `accounts`, `media`, `lifetimes`, `purge`, `prune`, `redactions`, `forgotten`, `state`. The
//! section numbers in comments are those of the list of rules in ARCHITECTURE.md.

mod accounts;
mod arrival;
mod authority;
mod backfill;
mod copies;
mod destination;
mod extremities;
mod forgotten;
mod founding;
mod groups;
mod history;
mod homeserver;
mod intake;
mod invitations;
mod jump;
mod keys;
mod lifetimes;
mod local;
mod media;
mod membership;
mod outbox;
mod page;
mod pagination;
mod positions;
mod prune;
mod pull;
mod purge;
mod redactions;
mod replica;
mod retry;
mod rules;
mod serve;
mod standing;
mod state;
mod store;
mod tasks;
mod visibility;
mod wake;

pub use accounts::Account;
pub use copies::Copies;
pub use founding::{founding_copy, founding_events};
pub use homeserver::{Database, Homeserver, SigningKey};
pub use lifetimes::{Origin, RoomFacts, RoomRule};
pub use local::actor;
pub use media::MediaStore;
pub use outbox::{Answer, Context, Effect, Outcome, Refusal, Request, TaskId, Ticket, Timer};
pub use replica::{Items, Replica};
pub use rules::{HostOrder, PurgeBy, Rules, UnknownRoom};
pub use standing::{Hindrance, Standing};
#[cfg(feature = "exact-state")]
pub use state::exact;
pub use state::{allowed, apply, auth_events, cheap, power_levels, resolve, state_before};
pub use wake::Waker;
