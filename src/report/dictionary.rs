//! What every column of every table means. A test holds this list against the tables' own headers.

use serde::Serialize;

use super::tables::Table;

/// One column of one table; a row of `data_dictionary.csv`.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Column {
    /// The table.
    pub file: &'static str,
    /// The column's header.
    pub column: &'static str,
    /// `text`, `integer`, `number`, `time` or `boolean`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What one of it is; `-` where there is nothing to count.
    pub unit: &'static str,
    /// In a sentence; also what an empty cell says.
    pub meaning: &'static str,
}

/// The dictionary as a table; a table that is not written is not in it.
pub(super) fn rows(unwritten: Option<&'static str>) -> Table<impl Iterator<Item = Column>> {
    let columns = DICTIONARY.iter().copied().flatten().copied();
    Table {
        file: "data_dictionary.csv",
        rows: columns.filter(move |column| Some(column.file) != unwritten),
    }
}

const fn of(
    file: &'static str,
    column: &'static str,
    kind: &'static str,
    unit: &'static str,
    meaning: &'static str,
) -> Column {
    Column {
        file,
        column,
        kind,
        unit,
        meaning,
    }
}

/// All columns, table by table, in the order of their headers.
pub const DICTIONARY: &[&[Column]] = &[
    MEASURES,
    ITEMS,
    RECOVERY,
    SERVERS,
    STRANDED,
    TAPESTRY,
    NETWORK,
    GROUPS,
    EXPOSURE,
    EXPOSURE_OVER_TIME,
    VIEWS,
    EXPECT,
    FACTS,
    SELF,
];

#[rustfmt::skip]
const MEASURES: &[Column] = &[
    of("measures.csv", "measure", "text", "-", "A measure of the whole run in one number; studies have a column for each."),
    of("measures.csv", "value", "number", "unit", "Its value, to the sixth decimal; empty where rule says that there is none."),
    of("measures.csv", "unit", "text", "-", "What one of it is; 0 or 1: no or yes."),
    of("measures.csv", "better", "text", "-", "more or less: which of two values is the better one."),
    of("measures.csv", "rule", "text", "-", "What is counted, of what, per what."),
];

#[rustfmt::skip]
const ITEMS: &[Column] = &[
    of("items.csv", "class", "text", "-", "What kind of item: message, state, file, account, password, membership, room, room-avatar or signing-key."),
    of("items.csv", "room", "text", "-", "The room's name; empty for accounts, passwords and the key."),
    of("items.csv", "room_kind", "text", "-", "public, private, direct; none for accounts, passwords and the key."),
    of("items.csv", "federation", "text", "-", "federated (members on several servers), local-members (could federate, has local members only), unfederated; none for accounts and passwords."),
    of("items.csv", "encrypted", "text", "-", "yes or no: are the room's messages encrypted?"),
    of("items.csv", "room_created", "text", "-", "before, inside or after the lost period (from the backup to the loss); empty without a room."),
    of("items.csv", "author", "text", "-", "local or remote: is the author or owner a user of the measured server?"),
    of("items.csv", "made", "text", "-", "before, inside or after the lost period: when the item was made. A room and a membership are made when the first user of the server, or the user, joins."),
    of("items.csv", "account", "text", "-", "Of accounts, passwords and memberships, the account was: kept in the loss, made again after it, taken (a stranger registered the name), or lost; none for everything else."),
    of("items.csv", "items", "integer", "items", "How many the measured server should hold at the end; held + shell + stranded + lost + expired."),
    of("items.csv", "held", "integer", "items", "Of items: it has them, content intact."),
    of("items.csv", "shell", "integer", "items", "Of items: it has them without their content."),
    of("items.csv", "stranded", "integer", "items", "Of items: it has them not, some live server has."),
    of("items.csv", "lost", "integer", "items", "Of items: no live server has them."),
    of("items.csv", "expired", "integer", "items", "Of items: by the server's own policy they would be gone by now; not a loss."),
    of("items.csv", "gone", "integer", "items", "Of items: held before the fault and not after it."),
    of("items.csv", "recovered", "integer", "items", "Of gone: came back after the loss, whatever became of it later."),
    of("items.csv", "recoverable", "integer", "items", "Of gone: came back, or could have: messages and state that another server (dead ones aside) held at the moment of the loss, files whose home server is not dead, and what else a live server has at the end."),
    of("items.csv", "readable", "integer", "items", "Of held: can be read; an encrypted item needs a client that has the key."),
];

#[rustfmt::skip]
const RECOVERY: &[Column] = &[
    of("recovery.csv", "at", "time", "UTC", "When the items came back, in simulated time."),
    of("recovery.csv", "class", "text", "-", "What kind of item, as in items.csv: message, state, file, room, membership or account. State that is known again without its place in the room, and files made by the server's own users, are in items.csv only. Files count as back with the message that shows them."),
    of("recovery.csv", "room", "text", "-", "The room's name; empty for accounts."),
    of("recovery.csv", "path", "text", "-", "How they came: push, gap-fill, backfill, join, jump, redownload, restore or anew (facts.csv: also taken-over, a lost name that a stranger registered)."),
    of("recovery.csv", "from", "text", "-", "The giving server; the measured server itself where nobody gave."),
    of("recovery.csv", "items", "integer", "items", "How many came back in this step."),
    of("recovery.csv", "total", "integer", "items", "How many of this class had come back until and with this step, over all rooms."),
];

#[rustfmt::skip]
const SERVERS: &[Column] = &[
    of("servers.csv", "server", "text", "-", "The server's name."),
    of("servers.csv", "users", "integer", "accounts", "Local accounts at the end."),
    of("servers.csv", "shared_rooms", "integer", "rooms", "Rooms that it shares with the measured server."),
    of("servers.csv", "gave_back", "integer", "messages", "Messages that it gave back to the measured server."),
    of("servers.csv", "could_give", "integer", "messages", "Messages that it holds and that are stranded for the measured server."),
    of("servers.csv", "up_per_mille", "integer", "thousandths", "Share of the simulated time in which it was up."),
    of("servers.csv", "holds", "integer", "messages", "Messages that it holds at the end."),
    of("servers.csv", "sole_copies", "integer", "messages", "Of these: no other live server holds them."),
    of("servers.csv", "connects", "boolean", "-", "Would some live servers no longer share rooms, directly or through others, without it?"),
];

#[rustfmt::skip]
const STRANDED: &[Column] = &[
    of("stranded.csv", "room", "text", "-", "The room's name."),
    of("stranded.csv", "reason", "text", "-", "Why the items have not come back: room-unknown (the server does not know the room); not-in-room (the server does not think that it is in the room); key-lost (signatures made with its lost key cannot be checked); pull-back-off (an event could not be fetched, and is not tried again for a while); purged-peer-first (the peer that was asked had purged, and nobody else was asked); peers-unreachable (no peer that might have it could be reached); nobody-scrolled (there is a gap, and nobody paged into it far enough); push-refused (what a peer pushed was refused, since the peer had purged what it hangs on); silent-room (nobody elsewhere has spoken since, so nothing shows the gap); purge-closed-gap (the server's own purge removed the place from which it could be fetched); out-of-reach (it lies behind something that no peer can give with the state before it)."),
    of("stranded.csv", "items", "integer", "items", "How many."),
];

#[rustfmt::skip]
const TAPESTRY: &[Column] = &[
    of("tapestry.csv", "at_end", "boolean", "-", "true: at the end of the run; false: at the moment after the measured server's loss."),
    of("tapestry.csv", "room", "text", "-", "The room's name; empty where several rooms of a kind are put together (of more than 60 rooms, all but the 40 that lost most messages)."),
    of("tapestry.csv", "room_kind", "text", "-", "public, private, direct."),
    of("tapestry.csv", "rooms", "integer", "rooms", "How many rooms the row is about."),
    of("tapestry.csv", "from", "time", "UTC", "When the bin of time begins in which the messages were made."),
    of("tapestry.csv", "until", "time", "UTC", "When it ends; not included."),
    of("tapestry.csv", "held", "integer", "messages", "Of the messages that the measured server should hold: it has them, content intact."),
    of("tapestry.csv", "shell", "integer", "messages", "Of these: it has them without their content."),
    of("tapestry.csv", "stranded", "integer", "messages", "Of these: it has them not, some live server has. What was missing before the loss already is stranded after it if some server has it at the end."),
    of("tapestry.csv", "lost", "integer", "messages", "Of these: no live server has them."),
    of("tapestry.csv", "expired", "integer", "messages", "Of these: by the server's own policy, as it is at the end, they would be gone by then."),
    of("tapestry.csv", "gone", "integer", "messages", "Of the messages made then: held before the loss and not after it."),
    of("tapestry.csv", "came_back", "integer", "messages", "Of gone: came back until at_end says, whatever became of them later."),
];

#[rustfmt::skip]
const NETWORK: &[Column] = &[
    of("network.csv", "users", "text", "-", "How many users each server of this row has, simulated or only counted: none, 1, 2 to 10, 11 to 100, 101 to 1000 or over 1000."),
    of("network.csv", "class", "text", "-", "What kind of item: message or state."),
    of("network.csv", "room_kind", "text", "-", "public, private, direct."),
    of("network.csv", "items", "integer", "items", "How many the servers should hold at the end, each item counted for every server that should hold it; held + shell + stranded + lost + expired. Servers that died should hold nothing."),
    of("network.csv", "held", "integer", "items", "Of items: the server has them, content intact."),
    of("network.csv", "shell", "integer", "items", "Of items: it has them without their content."),
    of("network.csv", "stranded", "integer", "items", "Of items: it has them not, some live server has."),
    of("network.csv", "lost", "integer", "items", "Of items: no live server has them."),
    of("network.csv", "expired", "integer", "items", "Of items: by the server's own policy they would be gone by now; not a loss."),
    of("network.csv", "gone", "integer", "items", "Of items: held before the server's last restore (or incomplete copies) and not after it."),
    of("network.csv", "recovered", "integer", "items", "Of gone: came back after it, whatever became of them later."),
    of("network.csv", "recoverable", "integer", "items", "Of gone: came back, or could have: another server (dead ones aside) held them when they were lost."),
];

#[rustfmt::skip]
const GROUPS: &[Column] = &[
    of("groups.csv", "users", "text", "-", "How many users each server of this row has, as in network.csv."),
    of("groups.csv", "servers", "integer", "servers", "How many servers have so many users, dead ones among them."),
    of("groups.csv", "up_per_mille", "integer", "thousandths", "Share of the simulated time in which they were up, on average."),
    of("groups.csv", "outages", "integer", "faults", "How often they were stopped or stood still."),
    of("groups.csv", "restores", "integer", "faults", "How often they were to go back to a backup."),
    of("groups.csv", "failed_copies", "integer", "faults", "How often they went on with an incomplete copy of their database."),
    of("groups.csv", "media_losses", "integer", "faults", "How often they lost their files, restores aside."),
    of("groups.csv", "key_losses", "integer", "faults", "How often they lost their signing key, restores aside."),
    of("groups.csv", "deaths", "integer", "faults", "How many of them ended for ever."),
];

#[rustfmt::skip]
const EXPOSURE: &[Column] = &[
    of("exposure.csv", "room_kind", "text", "-", "public, private, direct."),
    of("exposure.csv", "owner", "text", "-", "local or remote: are the messages' authors users of the measured server?"),
    of("exposure.csv", "cause", "text", "-", "Why copies live on: keeps-longer (the server's policy keeps them longer, or for ever), job-late (its policy would remove them, and its purge job has not come to them yet or passes them over), not-told (the author redacted them, and the server has not heard), fetched-back (fetched from another server when their time was over), restored (brought back by a restore when their time was over), home-dead (the author's home server is dead, and nobody speaks for the owner); any is all of them."),
    of("exposure.csv", "wished", "integer", "messages", "Messages whose owners wish them gone at the end: the shortest of the lifetimes that the author's home server and the room give, or a redaction by the author, is over. The same in the rows of all causes."),
    of("exposure.csv", "exposed", "integer", "messages", "Of these: at least one server that is not dead has the content at the end, for this cause."),
    of("exposure.csv", "copies", "integer", "copies", "How many such copies there are."),
    of("exposure.csv", "copy_days", "integer", "days", "The time by which copies outlived the wish, summed up over all copies until the end, those that are gone by now among them; messages count as made at noon."),
];

#[rustfmt::skip]
const EXPOSURE_OVER_TIME: &[Column] = &[
    of("exposure_over_time.csv", "at", "time", "UTC", "The beginning of a day, in simulated time; a day on which a number does not change has no row."),
    of("exposure_over_time.csv", "cause", "text", "-", "Why copies live on, as in exposure.csv."),
    of("exposure_over_time.csv", "copies", "integer", "copies", "How many copies outlived their owners' wish on that day, for this cause."),
];

#[rustfmt::skip]
const VIEWS: &[Column] = &[
    of("views.csv", "room_kind", "text", "-", "public, private, direct."),
    of("views.csv", "servers", "text", "-", "How many servers that are not dead are in each of the rooms: 2, 3 to 10, 11 to 100 or over 100; rooms with fewer are left out."),
    of("views.csv", "rooms", "integer", "rooms", "How many rooms."),
    of("views.csv", "overlap_per_mille", "integer", "thousandths", "Of the items that two of a room's servers can show together, the share that both can: over all pairs of servers of a room, averaged over the rooms."),
    of("views.csv", "best_per_mille", "integer", "thousandths", "Share of a room's items that the server that has most of them can show, averaged over the rooms."),
    of("views.csv", "median_per_mille", "integer", "thousandths", "The same of the median server."),
];

#[rustfmt::skip]
const EXPECT: &[Column] = &[
    of("expect.csv", "name", "text", "-", "The expectation's name in the scenario."),
    of("expect.csv", "says", "text", "-", "What the account of the real event says."),
    of("expect.csv", "part", "text", "-", "What this finding is about; one expectation can have several."),
    of("expect.csv", "count", "integer", "items", "The simulated numerator."),
    of("expect.csv", "of", "integer", "items", "The simulated denominator; 0 fails the finding, for nothing was measured."),
    of("expect.csv", "least_per_mille", "integer", "thousandths", "Smallest share that meets the finding."),
    of("expect.csv", "most_per_mille", "integer", "thousandths", "Largest share that meets the finding."),
    of("expect.csv", "met", "boolean", "-", "Is the simulated share within these bounds?"),
    of("expect.csv", "agrees", "boolean", "-", "Does what must be found agree with what the account says?"),
    of("expect.csv", "note", "text", "-", "Why not, or how far; may be empty."),
];

#[rustfmt::skip]
const FACTS: &[Column] = &[
    of("facts.csv", "at", "time", "UTC", "When it happened, in simulated time. In a journal of ranges: when the first part of a merged fact happened."),
    of("facts.csv", "server", "text", "-", "The server whose books changed, or that was struck."),
    of("facts.csv", "fact", "text", "-", "gained, lost, hollowed (content hidden or gone, shell kept), refused (could have helped and did not) or struck (a fault)."),
    of("facts.csv", "what", "text", "-", "What it is about: items, room, membership, account, password; server for struck."),
    of("facts.csv", "room", "text", "-", "The room's name; empty where the fact is about no room."),
    of("facts.csv", "first", "integer", "item number", "First item of the range, counted from 0 in the room's order of creation; empty where there is no range."),
    of("facts.csv", "last", "integer", "item number", "Last item of the range, included; empty where there is no range."),
    of("facts.csv", "user", "text", "-", "The user's full name; empty where the fact is about no user."),
    of("facts.csv", "generation", "integer", "-", "Which password of the account, 0 being the first; empty for everything else."),
    of("facts.csv", "path", "text", "-", "For gained: how it came, as in recovery.csv; else empty. In a journal of ranges a push counts as gap-fill with the gap that was filled behind it."),
    of("facts.csv", "from", "text", "-", "For gained: the giving server. For refused: the peer concerned. Else empty."),
    of("facts.csv", "why", "text", "-", "For lost and hollowed: the cause; of what is hollowed: visibility (came without content), redaction (hidden), censor (overwritten in the database as well). For refused: the rule. For struck: the fault. Empty for gained."),
];

#[rustfmt::skip]
const SELF: &[Column] = &[
    of("data_dictionary.csv", "file", "text", "-", "The table."),
    of("data_dictionary.csv", "column", "text", "-", "The column's header."),
    of("data_dictionary.csv", "type", "text", "-", "text, integer, number (with a fraction), time (YYYY-MM-DDThh:mm:ss) or boolean (true, false)."),
    of("data_dictionary.csv", "unit", "text", "-", "What one of it is; - where there is nothing to count."),
    of("data_dictionary.csv", "meaning", "text", "-", "In a sentence."),
];
