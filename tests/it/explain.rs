//! Explanations: they agree with the final books, and read well.

mod diagram;
mod scene;
mod verbs;

use std::collections::BTreeMap;

use fedheal::explain::{Explanation, ItemStory, Past, Question, Unknown};
use fedheal::journal::{Fact, RoomId, ServerId, What};
use fedheal::metrics::{self, Counts, Dimension, Filter, State};
use fedheal::scenario::Scenario;
use fedheal::simulation::run;
use fedheal::world::World;
use proptest::prelude::*;

use crate::worlds::{config, draft, restored};

/// A scenario without a file.
pub(crate) fn scenario(world: World) -> Scenario {
    Scenario {
        name: "small".to_owned(),
        title: "A small world".to_owned(),
        world,
        script: None,
        census: None,
        measured: ServerId(0),
        central: None,
        expect: Vec::new(),
        not_asked: 0,
        resolved: String::new(),
    }
}

/// The stories of all items, as a server has them.
fn stories(past: &Past, of: ServerId) -> Vec<(RoomId, ItemStory)> {
    let view = past.view(of);
    let logs = past.logs().iter().zip(0..);
    let all = logs.flat_map(|(log, room)| (0..log.len()).map(move |no| (RoomId(room), no)));
    let story = |(room, no)| match view.explain(Question::Item(room, no)) {
        Explanation::Item(story) => (room, story),
        _ => unreachable!("an item was asked for"),
    };
    all.map(story).collect()
}

/// How many items of a class are in each state, by their stories.
fn count(stories: &[(RoomId, ItemStory)], class: &str) -> Counts {
    let mut counts = Counts::default();
    for (_, story) in stories.iter().filter(|(_, story)| story.class == class) {
        counts.gone += u64::from(story.gone);
        counts.recovered += u64::from(story.recovered);
        counts.items += u64::from(story.state.is_some());
        match story.state {
            Some(State::Held) => counts.held += 1,
            Some(State::Shell) => counts.shell += 1,
            Some(State::Stranded) => counts.stranded += 1,
            Some(State::Lost) => counts.lost += 1,
            Some(State::Expired) => counts.expired += 1,
            None => {}
        }
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..config() })]

    /// The end that an item's story has is the one that is counted; who could give it is who holds it in the books.
    #[test]
    fn stories_end_as_the_books_do(draft in draft(), of in 0..3u32) {
        let past = Past::replay(scenario(draft.world()));
        prop_assert_eq!(past.journal(), &run(&draft.world(), &mut |_| {}).journal);
        let of = ServerId(of);
        let stories = stories(&past, of);
        let view = past.view(of);
        let books = view.books();
        let measures = metrics::measure(books, past.journal());
        for class in ["message", "state"] {
            let filter = Filter([(Dimension::Class, vec![class.to_owned()])].into());
            let mut counted = measures.sum(&filter);
            // Not told of single items.
            (counted.readable, counted.recoverable) = (0, 0);
            prop_assert_eq!(count(&stories, class), counted, "{}", class);
        }
        for (room, story) in &stories {
            let holders: Vec<&str> = (0..3u32)
                .map(ServerId)
                .filter(|server| *server != of && books.alive[server.index()])
                .filter(|server| {
                    let copy = books.holdings[server.index()].get(room);
                    copy.is_some_and(|copy| copy.whole().contains(&story.number))
                })
                .map(|server| books.names[server.index()].as_str())
                .collect();
            let givers: Vec<&str> = story.givers().map(|copy| copy.server.as_str()).collect();
            prop_assert_eq!(&givers, &holders);
            prop_assert_eq!(story.why_not.is_some(), story.state == Some(State::Stranded));
            if story.state == Some(State::Stranded) {
                prop_assert!(!givers.is_empty());
            }
            // What is held was received, and not lost since.
            if story.class == "message" && story.state == Some(State::Held) {
                let last = story.steps.last().map(|step| step.fact);
                prop_assert!(last == Some("gained") || last.is_none() && story.received_when_made);
            }
        }
    }
}

#[test]
fn the_holes_of_a_room_are_all_that_it_lacks() {
    let past = Past::replay(scenario(restored()));
    let view = past.view(ServerId(0));
    for room in (0..3).map(RoomId) {
        let Explanation::Room(story) = view.explain(Question::Room(room)) else {
            unreachable!("a room was asked for")
        };
        let mut lacking: BTreeMap<State, u64> = BTreeMap::new();
        for hole in &story.holes {
            *lacking.entry(hole.state).or_default() += hole.messages;
        }
        let of = |state| lacking.get(&state).copied().unwrap_or_default();
        assert_eq!(of(State::Stranded), story.messages.stranded);
        assert_eq!(of(State::Lost), story.messages.lost);
        assert_eq!(of(State::Expired), story.messages.expired);
        // A room without a hole has nothing to fill.
        assert_eq!(story.next.is_some(), story.messages.stranded > 0);
        let back: u64 = story.back.iter().map(|part| part.messages).sum();
        assert_eq!(back, story.messages.recovered);
    }
}

#[test]
fn a_servers_next_steps_bring_what_is_stranded_the_most_first() {
    let past = Past::replay(scenario(restored()));
    let Explanation::Server(story) = past
        .view(ServerId(0))
        .explain(Question::Server(ServerId(0)))
    else {
        unreachable!("a server was asked for")
    };
    let brings: Vec<u64> = story.next.iter().map(|step| step.messages).collect();
    assert_eq!(brings.iter().sum::<u64>(), story.messages.stranded);
    assert!(brings.is_sorted_by(|a, b| a >= b));
    assert!(story.messages.gone > 0);
}

#[test]
fn all_messages_of_a_room_are_some_users() {
    let past = Past::replay(scenario(restored()));
    let world = &past.scenario().world;
    let of_users: u64 = (0..world.users.len() as u32)
        .map(fedheal::journal::UserId)
        .filter(|user| world.home(*user) == ServerId(0))
        .map(|user| {
            let question = Question::User(user);
            match past.view(past.viewpoint(question)).explain(question) {
                Explanation::User(story) => story.messages.items,
                _ => unreachable!("a user was asked for"),
            }
        })
        .sum();
    let logs = past.logs().iter();
    let made = logs.flat_map(|log| {
        let own = (0..log.len()).filter(|no| log.state_key(*no).is_none());
        own.filter(|no| log.origin(*no) == ServerId(0))
    });
    assert_eq!(of_users, made.count() as u64);
}

#[test]
fn what_is_not_there_is_told_with_the_nearest_name() {
    let past = Past::replay(scenario(restored()));
    let nearest = |error: Result<_, Unknown>| match error {
        Err(Unknown::Name { nearest, .. }) => nearest,
        _ => None,
    };
    assert_eq!(nearest(past.find_room("rom1")), Some("room1".to_owned()));
    assert_eq!(nearest(past.find_item("rom1/3")), Some("room1".to_owned()));
    assert_eq!(nearest(past.find_room("something else")), None);
    assert!(matches!(
        past.find_item("room1/4000000"),
        Err(Unknown::Number { .. })
    ));
    for bad in ["room1", "room1/", "room1/-1", "room1/x", "/", ""] {
        assert!(past.find_item(bad).is_err(), "{bad}");
    }
}

#[test]
fn every_gain_of_an_item_is_a_step_of_its_story() {
    let past = Past::replay(scenario(restored()));
    let stories = stories(&past, ServerId(0));
    let gains = past.journal().facts().iter().map(|fact| match fact {
        Fact::Gained {
            server: ServerId(0),
            what: What::Items { first, last, .. },
            ..
        } => (last - first + 1) as usize,
        _ => 0,
    });
    let steps = stories.iter().flat_map(|(_, story)| &story.steps);
    let gained = steps.filter(|step| step.fact == "gained").count();
    assert_eq!(gained, gains.sum::<usize>());
    assert!(gained > 0);
}
