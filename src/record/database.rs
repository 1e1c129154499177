//! Reading a server's database: SQLite and PostgreSQL behind one door.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use tokio_postgres::types::Type;

/// How long a reader of SQLite waits for a writer.
const BUSY: Duration = Duration::from_secs(10);

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Number(i64),
    Text(String),
}

impl Cell {
    pub(super) fn number(&self) -> i64 {
        match self {
            Cell::Number(number) => *number,
            _ => 0,
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Cell::Text(text) => text,
            _ => "",
        }
    }
}

/// One row, in the order of the columns asked for.
pub(super) type Row = Vec<Cell>;

/// An open database.
pub(super) enum Database {
    Sqlite(rusqlite::Connection),
    Postgresql(tokio_postgres::Client),
}

impl Database {
    pub(super) fn open_sqlite(file: &Path) -> Result<Database, String> {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection =
            rusqlite::Connection::open_with_flags(file, flags).map_err(|e| e.to_string())?;
        connection.busy_timeout(BUSY).map_err(|e| e.to_string())?;
        Ok(Database::Sqlite(connection))
    }

    /// Asks. Parameters are texts and stand as `$1`, `$2`; both kinds of database understand that.
    pub(super) async fn rows(&self, sql: &str, parameters: &[&str]) -> Result<Vec<Row>, String> {
        match self {
            Database::Sqlite(connection) => {
                sqlite_rows(connection, sql, parameters).map_err(|error| error.to_string())
            }
            Database::Postgresql(client) => {
                let parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = parameters
                    .iter()
                    .map(|text| text as &(dyn tokio_postgres::types::ToSql + Sync))
                    .collect();
                let rows = client
                    .query(sql, &parameters)
                    .await
                    .map_err(|error| format!("{error:?}"))?;
                Ok(rows.iter().map(postgresql_row).collect())
            }
        }
    }
}

fn sqlite_rows(
    connection: &rusqlite::Connection,
    sql: &str,
    parameters: &[&str],
) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(columns);
        for column in 0..columns {
            cells.push(match row.get_ref(column)? {
                ValueRef::Integer(number) => Cell::Number(number),
                ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Cell::Null,
            });
        }
        found.push(cells);
    }
    Ok(found)
}

fn postgresql_row(row: &tokio_postgres::Row) -> Row {
    (0..row.len())
        .map(|column| match *row.columns()[column].type_() {
            Type::INT8 => number(row.get::<_, Option<i64>>(column)),
            Type::INT4 => number(row.get::<_, Option<i32>>(column)),
            Type::INT2 => number(row.get::<_, Option<i16>>(column)),
            Type::BOOL => number(row.get::<_, Option<bool>>(column)),
            Type::TEXT => match row.get::<_, Option<String>>(column) {
                Some(text) => Cell::Text(text),
                None => Cell::Null,
            },
            _ => Cell::Null,
        })
        .collect()
}

fn number<N: Into<i64>>(value: Option<N>) -> Cell {
    value.map_or(Cell::Null, |value| Cell::Number(value.into()))
}
