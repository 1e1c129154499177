//! What `describe` prints: the world of a scenario, and beside it what was measured of the public network.

use super::terminal::thousands;
use crate::scenario::Scenario;
use crate::world::{Marginals, Shape};

/// What one more copy of a room costs, with what its room costs for each, and what tables are made of at the end. Fitted,
/// as the other two, to the public network, and on the safe side since copies are shared and a log keeps little of a day:
/// at 0.01 (a year), 0.1 (8 days), 1 (2 and 15 days) it takes 60, 167, 1,274 and 1,657 MB at most, of which these say
/// 72, 176, 1,683 and 1,882.
const BYTES_PER_COPY: u64 = 4_000;
/// What one more member of a room costs: an event of its log, and its place in the state.
const BYTES_PER_MEMBER: u64 = 800;
/// What a room grows by in a day of ordinary troubles: mostly its copies, by ranges that are no longer the same. Where nothing
/// breaks it is a tenth of that.
const BYTES_PER_DAY: u64 = 128;
const MILLIS_PER_DAY: u64 = 86_400_000;

/// The world of a scenario in words and figures; 80 columns.
pub fn describe(scenario: &Scenario) -> String {
    let world = &scenario.world;
    let shape = world.shape();
    let messages: f64 = world.rooms.iter().map(|room| room.messages_per_day).sum();
    let mut text = format!("{}\n\n", scenario.title);
    let mut line = |what: &str, value: String| {
        text.push_str(&format!("{what:<46}{value:>14}\n"));
    };
    line("servers", thousands(world.servers.len() as u64));
    line("users simulated", thousands(world.users.len() as u64));
    line("rooms", thousands(world.rooms.len() as u64));
    line("  on one server only", thousands(shape.single as u64));
    line("copies of rooms", thousands(shape.copies));
    line("members of rooms", thousands(shape.members));
    line("messages a day, drawn", thousands(messages.round() as u64));
    line("faults", thousands(world.faults.len() as u64));
    line(
        "groups of servers that share rooms",
        thousands(shape.components as u64),
    );
    line(
        "  servers in the largest",
        thousands(shape.largest_component as u64),
    );
    line(
        "servers that alone hold others in it",
        thousands(shape.articulation as u64),
    );
    for bridge in &shape.bridges {
        let name = &world.servers[bridge.server.index()].name;
        line(
            &format!("  without {name}, cut off"),
            thousands(bridge.cut_off as u64),
        );
    }
    let megabytes = memory(scenario, &shape).div_ceil(1_000_000);
    line("memory, about, in MB", thousands(megabytes));
    if let Some(census) = &scenario.census {
        text.push_str(&beside(&world.marginals(census)));
    }
    text
}

/// Bytes that a run of the scenario will need, about.
pub fn memory_needed(scenario: &Scenario) -> u64 {
    memory(scenario, &scenario.world.shape())
}

fn memory(scenario: &Scenario, shape: &Shape) -> u64 {
    let world = &scenario.world;
    let days = world.end.since(world.start).0 / MILLIS_PER_DAY;
    shape.copies * BYTES_PER_COPY
        + shape.members * BYTES_PER_MEMBER
        + world.rooms.len() as u64 * days * BYTES_PER_DAY
}

/// Shares of a drawn federation beside those of the public network in July 2018 (Jacob, Grashöfer, Hartenstein: "A
/// Glimpse of the Matrix", 2019; 798 rooms, 2,003 servers).
fn beside(drawn: &Marginals) -> String {
    let rows = [
        ("users on the largest server", drawn.on_largest, 580),
        ("users on the second", drawn.on_second, 287),
        (
            "users on the largest hundredth",
            drawn.on_top_hundredth,
            870,
        ),
        ("servers with more than 100 users", drawn.over_100_users, 7),
        (
            "public rooms on fewer than ten servers",
            drawn.under_10_servers,
            830,
        ),
        (
            "public rooms of at most 100 users",
            drawn.at_most_100_users,
            710,
        ),
        (
            "sent by the largest server in public rooms",
            drawn.sent_by_largest,
            884,
        ),
    ];
    let mut text = format!("\n{:<46}{:>14}{:>14}\n", "", "here", "published");
    for (what, here, published) in rows {
        let percent = |share: u64| format!("{}.{}%", share / 10, share % 10);
        let (here, published) = (percent(here), percent(published));
        text.push_str(&format!("{what:<46}{here:>14}{published:>14}\n"));
    }
    text
}
