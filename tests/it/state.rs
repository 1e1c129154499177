//! Authorisation and state resolution on small rooms with branches, drawn at random.

#[cfg(feature = "exact-state")]
mod oracle;
mod rooms;

use fedheal::protocol::matrix::{cheap, resolve};
use fedheal::room::{StateKey, StateMap};
use proptest::prelude::*;

use crate::worlds::config;
use rooms::{Branched, branched};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_all_agree_on_is_kept_and_nothing_is_made_up(room in branched()) {
        let room = Branched::new(&room);
        for fork in room.forks() {
            let tips: Vec<&StateMap> = fork.states.iter().collect();
            for resolved in [
                resolve(&room.log, &room.spec, &tips),
                cheap::resolve(&room.log, &room.spec, &tips),
            ] {
                for (key, no) in &resolved {
                    prop_assert_eq!(room.log.state_key(*no), Some(*key));
                }
                for (key, no) in tips[0] {
                    if tips.iter().all(|state| state.get(key) == Some(no)) {
                        prop_assert_eq!(resolved.get(key), Some(no));
                    }
                }
                prop_assert_eq!(resolved.get(&StateKey::Create), Some(&0));
            }
        }
    }

    #[test]
    fn a_resolution_is_made_once(room in branched()) {
        let room = Branched::new(&room);
        for fork in room.forks() {
            let tips: Vec<&StateMap> = fork.states.iter().collect();
            let resolved = resolve(&room.log, &room.spec, &tips);
            let again = room.log.resolution(&tips, || panic!("it is kept"));
            prop_assert_eq!(again, resolved);
        }
    }

    #[test]
    fn the_order_of_the_branches_does_not_matter(room in branched()) {
        let room = Branched::new(&room);
        for fork in room.forks() {
            let mut tips: Vec<&StateMap> = fork.states.iter().collect();
            let resolved = resolve(&room.log, &room.spec, &tips);
            prop_assert_eq!(&resolve(&room.log, &room.spec, &tips), &resolved, "asked again");
            tips.reverse();
            prop_assert_eq!(&resolve(&room.log, &room.spec, &tips), &resolved, "turned round");
            tips.push(tips[0]);
            prop_assert_eq!(&resolve(&room.log, &room.spec, &tips), &resolved, "one of them twice");
            let cheap = cheap::resolve(&room.log, &room.spec, &tips);
            tips.pop();
            tips.reverse();
            prop_assert_eq!(cheap::resolve(&room.log, &room.spec, &tips), cheap);
        }
    }
}
