//! A federation drawn whole: it has the shares that were measured, and the shortcut changes nothing in it.

use std::path::Path;

use fedheal::journal::Fact;
use fedheal::scenario::{Scenario, load};
use fedheal::simulation::run;
use fedheal::world::World;

use super::shipped;

const PUBLIC: &str = "scenarios/public-matrix.toml";

fn public(set: &[(&str, &str)]) -> Scenario {
    shipped(PUBLIC, set, None)
}

#[test]
fn a_tenth_of_the_public_network_has_the_published_shares() {
    let scenario = public(&[("federation.scale", "0.1")]);
    let census = scenario.census.as_ref().unwrap();
    let drawn = scenario.world.marginals(census);
    // Jacob et al. 2019, in thousandths; two points either way.
    for (what, here, published) in [
        ("largest", drawn.on_largest, 580),
        ("second", drawn.on_second, 287),
        ("under ten servers", drawn.under_10_servers, 830),
        ("at most 100 users", drawn.at_most_100_users, 710),
        ("over 100 users", drawn.over_100_users, 7),
    ] {
        assert!(
            here.abs_diff(published) <= 20,
            "{what}: {here} and {published}"
        );
    }
}

#[test]
fn a_federation_is_the_same_in_step_and_not() {
    let quiet = ("federation.messages-per-day", "1_000_000");
    let with = public(&[("federation.scale", "0.001"), quiet]).world;
    let without = World {
        in_step: false,
        ..with.clone()
    };
    let facts = |world: &World| -> Vec<Fact> {
        let outcome = run(world, &mut |_| {});
        outcome.journal.facts().to_vec()
    };
    let (with, without) = (facts(&with), facts(&without));
    let differs = with.iter().zip(&without).find(|(one, other)| one != other);
    assert_eq!(differs, None);
    assert_eq!(with.len(), without.len());
    assert!(with.len() > 500, "{} facts", with.len());
}

#[test]
fn more_of_the_federation_is_more_of_everything_and_moves_no_server_that_stays() {
    let shape = |scale| public(&[("federation.scale", scale)]).world.shape();
    let (small, large) = (shape("0.005"), shape("0.05"));
    assert!(
        large.copies > 5 * small.copies,
        "{} {}",
        large.copies,
        small.copies
    );
    assert!(large.largest_component > 5 * small.largest_component);
}

#[test]
fn a_scale_that_is_none_or_too_large_is_refused_with_what_would_do() {
    for (scale, says) in [
        ("0.0", "more than 0"),
        ("-1.0", "more than 0"),
        ("1e9", "set `federation.scale` to at most"),
    ] {
        let set = [("federation.scale".to_owned(), scale.to_owned())];
        let error = load(Path::new(PUBLIC), &set, None).unwrap_err();
        let text = format!("{:?}", miette::Report::new(error));
        assert!(text.contains(says), "{scale}: {text}");
    }
}
