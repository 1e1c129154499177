//! The rows of the result tables, and the filter that an expectation puts on them.

use std::collections::BTreeMap;

use crate::kernel::SimTime;

use super::TapestryRow;

/// Where the items of one row are. `held + shell + stranded + lost + expired == items`, always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items that the measured server should hold.
    pub items: u64,
    /// The server has it, content intact.
    pub held: u64,
    /// The server has it without its content.
    pub shell: u64,
    /// The server has not; some live server has.
    pub stranded: u64,
    /// No live server has it.
    pub lost: u64,
    /// Gone by the server's own policy.
    pub expired: u64,
    /// Of all: was held before the fault and gone after it.
    pub gone: u64,
    /// Of `gone`: came back, whatever became of it later (the server's own policy may have removed it again).
    pub recovered: u64,
    /// Of `gone`: came back, or could have: messages and state that another server held at the moment of the
    /// loss, others' files whose home server is not dead, and what else a live server has at the end.
    pub recoverable: u64,
    /// Of `held`: can be read (an encrypted item needs a client with the key).
    pub readable: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Counts) {
        self.items += more.items;
        self.held += more.held;
        self.shell += more.shell;
        self.stranded += more.stranded;
        self.lost += more.lost;
        self.expired += more.expired;
        self.gone += more.gone;
        self.recovered += more.recovered;
        self.recoverable += more.recoverable;
        self.readable += more.readable;
    }
}

/// A column of `items.csv` that an expectation can filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// `message`, `state`, `file`, `account`, `password`, `membership`, `room`, `room-avatar`,
    /// `signing-key`.
    Class,
    /// The room's name; empty for accounts.
    Room,
    /// `public`, `private`, `direct`, `none`.
    RoomKind,
    /// `federated` (users of several servers), `local-members` (federated, local members only), `unfederated`, `none`.
    Federation,
    /// `yes`, `no`.
    Encrypted,
    /// `before` or `inside` the lost period, `after` it.
    RoomCreated,
    /// `local`, `remote`: where the author or owner lives.
    Author,
    /// `before`, `inside`, `after` the lost period: when the item was made.
    Made,
    /// Of accounts and what hangs on one, of the account: `kept` in the loss, made `again` after it, or
    /// `lost`; `none` for everything else.
    Account,
}

/// One row of `items.csv`: one combination of dimensions and what became of its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// The value of every dimension.
    pub dimensions: BTreeMap<Dimension, String>,
    /// Where the items are.
    pub counts: Counts,
}

/// One row of `recovery.csv`: items that came back in one room, by one path, from one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryRow {
    /// When.
    pub at: SimTime,
    /// Item class.
    pub class: String,
    /// The room's name.
    pub room: String,
    /// The path's name (`push`, `gap-fill`, `backfill`, `join`, ...).
    pub path: String,
    /// The giving server.
    pub from: String,
    /// Items that came back in this step.
    pub items: u64,
    /// All that had come back until and with this step, over all rooms of this class.
    pub total: u64,
}

/// One row of `servers.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRow {
    /// Name.
    pub server: String,
    /// Local accounts at the end.
    pub users: u64,
    /// Rooms it shares with the measured server.
    pub shared_rooms: u64,
    /// Messages that it gave back to the measured server.
    pub gave_back: u64,
    /// Messages that it holds and the measured server has not (stranded there).
    pub could_give: u64,
    /// Share of the simulated time in which it was up, of 1000.
    pub up_per_mille: u32,
    /// Messages that it holds at the end.
    pub holds: u64,
    /// Of these: no other live server holds them.
    pub sole_copies: u64,
    /// Would servers that share rooms, directly or through others, fall apart without it?
    pub connects: bool,
}

/// Stranded items by reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrandedRow {
    /// The room's name.
    pub room: String,
    /// One of [`super::REASONS`].
    pub reason: String,
    /// How many items.
    pub items: u64,
}

/// Everything that is measured in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measures {
    /// Rows of `items.csv`, in order.
    pub items: Vec<ItemRow>,
    /// Rows of `recovery.csv`, in order of time.
    pub recovery: Vec<RecoveryRow>,
    /// Rows of `servers.csv`, in order of the world's list.
    pub servers: Vec<ServerRow>,
    /// Stranded items by room and reason.
    pub stranded: Vec<StrandedRow>,
    /// Where the messages of each room are, by the time at which they were made.
    pub tapestry: Vec<TapestryRow>,
    /// Name of the measured server.
    pub measured: String,
    /// The moment of the loss (the restore), if there was one.
    pub loss_at: Option<SimTime>,
    /// The point in time of the backup.
    pub backup_at: Option<SimTime>,
    /// When half of the recoverable messages had come back.
    pub half_back_at: Option<SimTime>,
    /// When nine tenths of them had.
    pub nine_tenths_back_at: Option<SimTime>,
}

/// A choice of rows: for each dimension named, one of the values listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(pub BTreeMap<Dimension, Vec<String>>);

impl Filter {
    /// Does the row match?
    pub fn matches(&self, row: &ItemRow) -> bool {
        self.0.iter().all(|(dimension, values)| {
            row.dimensions
                .get(dimension)
                .is_some_and(|value| values.contains(value))
        })
    }
}

impl Measures {
    /// The sum of the counts of all rows that the filter chooses.
    pub fn sum(&self, filter: &Filter) -> Counts {
        let mut sum = Counts::default();
        for row in self.items.iter().filter(|row| filter.matches(row)) {
            sum += row.counts;
        }
        sum
    }
}
