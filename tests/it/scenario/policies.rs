//! Policies of groups of servers: whom they reach, what counts more than they do, and what is refused.

use fedheal::kernel::SimDuration;
use fedheal::protocol::matrix::Rules;
use fedheal::scenario::Scenario;

use super::{HYPHA, read, shipped};

const PUBLIC: &str = "scenarios/public-matrix.toml";

/// Three servers with a policy, and what it says in addition.
fn three(more: &str) -> Scenario {
    let text = format!(
        r#"title = "t"
start = "2024-01-01"
end = "2024-01-02"
measured = "a"
rules = {{ purge-job-interval = "12h" }}
server = [{{ name = "a" }}, {{ name = "b", rules = {{ default-max-lifetime = "9d" }} }}, {{ name = "c" }}]
user = [{{ name = "x@a" }}, {{ name = "y@b" }}, {{ name = "z@b" }}]
[[policy]]
label = "short"
rules = {{ retention-enabled = true, default-max-lifetime = "3d" }}
{more}"#
    );
    read(&text, &[]).unwrap_or_else(|error| panic!("{error:?}"))
}

fn lives(scenario: &Scenario) -> Vec<Option<SimDuration>> {
    let rules = scenario.world.servers.iter().map(|server| &server.rules);
    rules.map(|rules| rules.kept_for(None)).collect()
}

fn days(n: u64) -> Option<SimDuration> {
    Some(SimDuration::days(n))
}

#[test]
fn a_policy_stands_over_the_federations_rules_and_under_a_servers_own() {
    let scenario = three("");
    assert_eq!(lives(&scenario), [days(3), days(9), days(3)]);
    let interval = |rules: &Rules| rules.purge_job_interval == SimDuration::hours(12);
    assert!(
        scenario
            .world
            .servers
            .iter()
            .all(|server| interval(&server.rules))
    );
}

#[test]
fn a_policy_reaches_only_whom_it_means() {
    assert_eq!(lives(&three("servers = ['c']")), [None, None, days(3)]);
    assert_eq!(lives(&three("users-over = 1")), [None, days(9), None]);
    assert_eq!(
        lives(&three("users-over = 0\nusers-under = 2")),
        [days(3), None, None]
    );
    assert_eq!(lives(&three("share-per-mille = 0")), [None, None, None]);
}

#[test]
fn of_two_policies_the_later_one_counts() {
    let later =
        "[[policy]]\nlabel = 'long'\nservers = ['a']\nrules = { default-max-lifetime = '30d' }";
    assert_eq!(lives(&three(later)), [days(30), days(9), days(3)]);
}

#[test]
fn a_scenario_with_policies_is_the_same_world_again() {
    let first = three("share-per-mille = 500");
    let again = read(&first.resolved, &[]).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(first.world, again.world);
    assert_eq!(first.resolved, again.resolved);
}

const SHARE: &str = "[{ label = 'short', share-per-mille = 300, users-under = 1000, \
                     rules = { retention-enabled = true, default-max-lifetime = '5d' } }]";

/// Names of the servers that the policy reached.
fn reached(scenario: &Scenario) -> Vec<&str> {
    let servers = scenario.world.servers.iter();
    let reached = servers.filter(|server| server.rules.kept_for(None) == days(5));
    reached.map(|server| server.name.as_str()).collect()
}

#[test]
fn a_share_of_drawn_servers_and_of_peers_follows_a_policy() {
    let set = [("federation.scale", "0.1"), ("policy", SHARE)];
    let scenario = shipped(PUBLIC, &set, None);
    let (follow, all) = (reached(&scenario).len(), scenario.world.servers.len());
    assert!(
        (250..350).contains(&(follow * 1000 / all)),
        "{follow} of {all}"
    );
    let users = scenario.users_of_servers();
    for (server, users) in scenario.world.servers.iter().zip(users) {
        assert!(users < 1000 || server.rules.kept_for(None) != days(5));
    }
    // The luck of a server hangs on its name alone.
    let few = shipped(HYPHA, &[("policy", SHARE)], None);
    let more = shipped(
        HYPHA,
        &[("policy", SHARE), ("population.peers.count", "50")],
        None,
    );
    let (few, more) = (reached(&few), reached(&more));
    assert!(
        few.len() > 5 && few.iter().all(|name| more.contains(name)),
        "{few:?} {more:?}"
    );
}

#[test]
fn a_share_of_a_group_of_rooms_names_a_lifetime() {
    let with = |key: &str, set: &[(&str, &str)]| {
        let path = if key == "federation.kinds.0" {
            PUBLIC
        } else {
            HYPHA
        };
        let life = format!("{key}.max-lifetime");
        let share = format!("{key}.max-lifetime-per-mille");
        let set = [set, &[(life.as_str(), "20d"), (share.as_str(), "500")]].concat();
        let scenario = shipped(path, &set, None);
        let rooms = scenario.world.rooms.iter();
        rooms.filter(|room| room.max_lifetime == days(20)).count()
    };
    let of_population = with("population.rooms.0", &[("population.rooms.0.count", "100")]);
    assert!((35..65).contains(&of_population), "{of_population}");
    let of_federation = with("federation.kinds.0", &[("federation.scale", "0.1")]);
    assert!((240..360).contains(&of_federation), "{of_federation}");
}
