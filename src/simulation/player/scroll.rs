//! A script's scroll: pass after pass, and how much of each class of messages the pages showed.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::EventNo;
use crate::verify::StepResult;
use crate::workload::Action;

use super::{Player, code};

impl Player<'_> {
    /// Every pass shows what there is at its time.
    pub(super) fn scroll(&mut self, action: &Action) -> StepResult {
        let Action::Scroll {
            room,
            who,
            page,
            passes,
            pause,
            ..
        } = *action
        else {
            unreachable!("a scroll")
        };
        let mut result = StepResult {
            result: "ok".to_owned(),
            ..StepResult::default()
        };
        for _ in 0..passes {
            self.settle();
            let ticket = self.simulation.next_ticket;
            let once = Action::Scroll {
                room,
                who,
                page,
                passes: 1,
                pause,
                most: None,
            };
            if let Err(refusal) = self.ask(&once) {
                result.result = code(refusal);
                break;
            }
            let shown: BTreeSet<EventNo> = self.simulation.answered[&ticket]
                .passes
                .iter()
                .flat_map(|(items, _)| items.clone())
                .collect();
            let mut seen: BTreeMap<String, u64> = self
                .sent
                .get(&room)
                .into_iter()
                .flatten()
                .map(|(class, _)| (class.clone(), 0))
                .collect();
            for event in shown {
                if let Some((class, _)) = self.labels.get(&(room, event)) {
                    *seen.entry(class.clone()).or_default() += 1;
                }
            }
            result.seen.push(seen);
        }
        self.settle();
        result
    }
}
