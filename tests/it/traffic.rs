//! A day's drawn messages: whatever is asked of them, they are the same.

use std::rc::Rc;

use fedheal::journal::{RoomId, ServerId, UserId};
use fedheal::kernel::{SimTime, Streams};
use fedheal::room::{Deletions, Speakers, Traffic};
use proptest::prelude::*;

use crate::worlds::config;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_servers_messages_are_those_that_are_its_one_by_one(
        seed: u64,
        count in 0..400u32,
        files in 0..1000u32,
        weights in prop::collection::vec((0..6u32, 0..40u32), 1..12),
    ) {
        let traffic = Traffic {
            room: RoomId(3),
            per_day: 100.0,
            files_per_mille: files,
            from: SimTime(0),
            deletions: Deletions::default(),
        };
        let users = weights.iter().zip(0..);
        let users = users.map(|((server, weight), user)| (UserId(user), ServerId(*server), *weight));
        let speakers = Rc::new(Speakers::new(users));
        let day = traffic.day(&Streams::new(seed), 5, count, speakers);
        for server in (0..6).map(ServerId) {
            let of_server = |number: &u32| day.cell(*number).0 == server;
            let own: Vec<u32> = (0..day.count()).filter(of_server).collect();
            prop_assert_eq!(&*day.numbers_of(server), &own[..]);
            prop_assert_eq!(day.count_of(server) as usize, own.len());
            for from in (0..=day.count()).step_by(7) {
                let next = own.iter().copied().find(|number| *number >= from);
                prop_assert_eq!(day.next_of(server, from), next);
                let numbers = from / 3..from;
                let last = own.iter().rev().copied().find(|number| numbers.contains(number));
                prop_assert_eq!(day.last_of(server, numbers), last);
            }
        }
    }
}
