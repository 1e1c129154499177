//! What a server's database says: the questions that waiting and measuring ask (format, sections 2 and 3.2).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::database::Database;

/// What changes while a server is busy. Two equal ones: nothing has happened in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pulse {
    changing: Vec<i64>,
    /// Rooms whose join is not complete.
    pub(super) incomplete_joins: i64,
    /// Servers that are owed events, and until when each is left alone (milliseconds since 1970).
    pub(super) owed: BTreeMap<String, i64>,
}

/// What became of an event at a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Held,
    Outlier,
    Soft,
    Rejected,
}

/// A database with questions.
pub(super) struct Books(pub(super) Database);

impl Books {
    pub(super) async fn pulse(&self) -> Result<Pulse, String> {
        let numbers = "SELECT \
            (SELECT CAST(count(*) AS BIGINT) FROM events), \
            (SELECT CAST(max(stream_ordering) AS BIGINT) FROM events), \
            (SELECT CAST(min(stream_ordering) AS BIGINT) FROM events), \
            (SELECT CAST(count(*) AS BIGINT) FROM events WHERE outlier), \
            (SELECT CAST(count(*) AS BIGINT) FROM event_failed_pull_attempts), \
            (SELECT CAST(sum(num_attempts) AS BIGINT) FROM event_failed_pull_attempts), \
            (SELECT CAST(max(last_attempt_ts) AS BIGINT) FROM event_failed_pull_attempts), \
            (SELECT CAST(count(*) AS BIGINT) FROM federation_inbound_events_staging), \
            (SELECT CAST(max(received_ts) AS BIGINT) FROM federation_inbound_events_staging), \
            (SELECT CAST(count(*) AS BIGINT) FROM partial_state_rooms)";
        let rows = self.0.rows(numbers, &[]).await?;
        let mut changing: Vec<i64> = rows[0].iter().map(|cell| cell.number()).collect();
        let incomplete_joins = changing.pop().unwrap_or_default();
        let owed = "SELECT d.destination, \
            CAST(max(coalesce(d.retry_last_ts, 0) + coalesce(d.retry_interval, 0)) AS BIGINT) \
            FROM destinations AS d INNER JOIN destination_rooms AS r ON r.destination = d.destination \
            WHERE r.stream_ordering > coalesce(d.last_successful_stream_ordering, 0) \
            GROUP BY d.destination";
        let owed = self.0.rows(owed, &[]).await?;
        Ok(Pulse {
            changing,
            incomplete_joins,
            owed: owed
                .iter()
                .map(|row| (row[0].text().to_owned(), row[1].number()))
                .collect(),
        })
    }

    /// Until when another server is left alone (milliseconds since 1970).
    pub(super) async fn backoff_until(&self, server: &str) -> Result<i64, String> {
        let sql = "SELECT CAST(coalesce(retry_last_ts, 0) + coalesce(retry_interval, 0) AS BIGINT) \
            FROM destinations WHERE destination = $1";
        let rows = self.0.rows(sql, &[server]).await?;
        Ok(rows.first().map_or(0, |row| row[0].number()))
    }

    /// Users who are joined in the current state of a room.
    pub(super) async fn joined(&self, room: &str) -> Result<BTreeSet<String>, String> {
        let sql = "SELECT state_key FROM current_state_events \
            WHERE room_id = $1 AND type = 'm.room.member' AND membership = 'join'";
        let rows = self.0.rows(sql, &[room]).await?;
        Ok(rows.iter().map(|row| row[0].text().to_owned()).collect())
    }

    /// The server's own users with a membership in a room, and which.
    pub(super) async fn local(&self, room: &str) -> Result<BTreeMap<String, String>, String> {
        let sql = "SELECT user_id, membership FROM local_current_membership WHERE room_id = $1";
        let rows = self.0.rows(sql, &[room]).await?;
        Ok(rows
            .iter()
            .map(|row| (row[0].text().to_owned(), row[1].text().to_owned()))
            .collect())
    }

    /// The event that says what a user is to a room: of the current state, or what the server shows a
    /// user of its own.
    pub(super) async fn membership_event(
        &self,
        room: &str,
        user: &str,
    ) -> Result<Option<String>, String> {
        let own =
            "SELECT event_id FROM local_current_membership WHERE room_id = $1 AND user_id = $2";
        let state = "SELECT event_id FROM current_state_events \
            WHERE room_id = $1 AND type = 'm.room.member' AND state_key = $2";
        for sql in [own, state] {
            if let Some(row) = self.0.rows(sql, &[room, user]).await?.first() {
                return Ok(Some(row[0].text().to_owned()));
            }
        }
        Ok(None)
    }

    /// Is an event here in its place in the graph (`true`), or only known (`false`)?
    pub(super) async fn placed(&self, event: &str) -> Result<Option<bool>, String> {
        let sql = "SELECT CASE WHEN outlier THEN 1 ELSE 0 END FROM events WHERE event_id = $1";
        let rows = self.0.rows(sql, &[event]).await?;
        Ok(rows.first().map(|row| row[0].number() == 0))
    }

    /// Every event of a room.
    pub(super) async fn standings(&self, room: &str) -> Result<BTreeMap<String, Standing>, String> {
        let sql = "SELECT e.event_id, CASE WHEN e.outlier THEN 1 ELSE 0 END, \
            CASE WHEN r.event_id IS NULL THEN 0 ELSE 1 END, j.internal_metadata \
            FROM events AS e LEFT JOIN event_json AS j ON j.event_id = e.event_id \
            LEFT JOIN rejections AS r ON r.event_id = e.event_id WHERE e.room_id = $1";
        let rows = self.0.rows(sql, &[room]).await?;
        Ok(rows
            .iter()
            .map(|row| {
                let metadata: Value = serde_json::from_str(row[3].text()).unwrap_or(Value::Null);
                let standing = if row[2].number() == 1 {
                    Standing::Rejected
                } else if row[1].number() == 1 {
                    Standing::Outlier
                } else if metadata["soft_failed"] == true {
                    Standing::Soft
                } else {
                    Standing::Held
                };
                (row[0].text().to_owned(), standing)
            })
            .collect())
    }

    /// Events of which the server holds a redaction.
    pub(super) async fn redacted(&self) -> Result<BTreeSet<String>, String> {
        let rows = self.0.rows("SELECT redacts FROM redactions", &[]).await?;
        Ok(rows.iter().map(|row| row[0].text().to_owned()).collect())
    }

    /// Forward extremities, missing events behind backward ones, events with a failed pull.
    pub(super) async fn edges(&self, room: &str) -> Result<[u64; 3], String> {
        let sql = "SELECT \
            (SELECT CAST(count(*) AS BIGINT) FROM event_forward_extremities WHERE room_id = $1), \
            (SELECT CAST(count(DISTINCT event_id) AS BIGINT) FROM event_backward_extremities \
             WHERE room_id = $1), \
            (SELECT CAST(count(*) AS BIGINT) FROM event_failed_pull_attempts WHERE room_id = $1)";
        let rows = self.0.rows(sql, &[room]).await?;
        Ok([0, 1, 2].map(|column: usize| rows[0][column].number() as u64))
    }

    /// The contents of a room's current state but for members, by type.
    pub(super) async fn state(&self, room: &str) -> Result<BTreeMap<String, Value>, String> {
        let sql = "SELECT s.type, j.json FROM current_state_events AS s \
            INNER JOIN event_json AS j ON j.event_id = s.event_id \
            WHERE s.room_id = $1 AND s.type <> 'm.room.member' AND s.state_key = ''";
        let rows = self.0.rows(sql, &[room]).await?;
        Ok(rows
            .iter()
            .map(|row| {
                let event: Value = serde_json::from_str(row[1].text()).unwrap_or(Value::Null);
                (row[0].text().to_owned(), event["content"].clone())
            })
            .collect())
    }

    /// Messages of a room, the newest first: by depth, then in the order in which they were stored.
    pub(super) async fn newest_messages(&self, room: &str) -> Result<Vec<String>, String> {
        let sql = "SELECT event_id FROM events WHERE room_id = $1 AND type = 'm.room.message' \
            AND NOT outlier AND rejection_reason IS NULL \
            ORDER BY topological_ordering DESC, stream_ordering DESC";
        let rows = self.0.rows(sql, &[room]).await?;
        Ok(rows.iter().map(|row| row[0].text().to_owned()).collect())
    }

    /// Makes a user an administrator, who alone may purge.
    pub(super) async fn make_admin(&self, user: &str) -> Result<(), String> {
        let sql = "UPDATE users SET admin = 1 WHERE name = $1";
        self.0.rows(sql, &[user]).await.map(drop)
    }

    /// Upgrades of a new database that are not done.
    pub(super) async fn unfinished_upgrades(&self) -> Result<i64, String> {
        let sql = "SELECT CAST(count(*) AS BIGINT) FROM background_updates";
        let rows = self.0.rows(sql, &[]).await?;
        Ok(rows[0][0].number())
    }
}
