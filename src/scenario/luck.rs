//! Faults drawn from rates: each server, link and hosting group has its own streams.

use std::collections::BTreeMap;

use super::error::Problems;
use super::federation::Drawn;
use super::names::Names;
use super::rates::{FaultRates, Hosting};
use super::value::Name;
use crate::faults::Fault;
use crate::journal::ServerId;
use crate::kernel::{Purpose, SimDuration, SimTime, Stream, Streams};
use crate::world::World;

const OUTAGES: Purpose = Purpose::new("faults.outages");
const BLIPS: Purpose = Purpose::new("faults.blips");
const DEATHS: Purpose = Purpose::new("faults.deaths");
const DEATHS_BY_SIZE: Purpose = Purpose::new("faults.deaths-by-size");
const LOSSES: Purpose = Purpose::new("faults.losses");
const MEDIA_LOSSES: Purpose = Purpose::new("faults.media-losses");
const KEY_LOSSES: Purpose = Purpose::new("faults.key-losses");
const PARTITIONS: Purpose = Purpose::new("faults.partitions");

const YEAR: f64 = 365.0 * 86_400_000.0;

/// Draws the faults of rates and puts them into the world.
pub(super) fn draw(
    rates: &FaultRates,
    drawn: Option<&Drawn>,
    names: &Names,
    world: &mut World,
    problems: &mut Problems<'_>,
) {
    let streams = Streams::new(world.seed);
    let sites = drawn.into_iter().flat_map(|drawn| &drawn.hosting);
    let groups: Vec<Group<'_>> = rates
        .hosting
        .iter()
        .chain(sites)
        .map(|hosting| Group {
            hosting,
            servers: all(&hosting.servers, names, problems),
        })
        .collect();
    let mut luck = Luck {
        ends: vec![world.end; world.servers.len()],
        down: vec![Vec::new(); world.servers.len()],
        streams,
        world,
    };
    if let Some(drawn) = drawn {
        luck.deaths_by_size(&drawn.deaths_per_year);
    }
    luck.deaths(rates, &groups, names, problems);
    luck.outages(rates, &groups, names, problems);
    luck.losses(rates, names, problems);
    luck.other_losses(rates, names, problems);
    luck.partitions(rates);
}

/// A hosting group with the numbers of its servers.
struct Group<'a> {
    hosting: &'a Hosting,
    servers: Vec<ServerId>,
}

impl Group<'_> {
    fn stream(&self, streams: &Streams, what: &str) -> Stream {
        let purpose = Purpose::new(&format!("faults.hosting.{}.{what}", *self.hosting.name));
        streams.stream(purpose, 0, 0)
    }
}

struct Luck<'a> {
    world: &'a mut World,
    streams: Streams,
    /// When each server dies, or the end.
    ends: Vec<SimTime>,
    /// When each server is down.
    down: Vec<Vec<(SimTime, SimTime)>>,
}

impl Luck<'_> {
    fn servers(&self) -> impl Iterator<Item = ServerId> + use<> {
        (0..self.ends.len()).map(|number| ServerId(number as u32))
    }

    /// Moments at a constant rate, from the start until then.
    fn moments(&self, mut stream: Stream, per_year: f64, until: SimTime) -> Vec<SimTime> {
        let Some(mean) = mean_gap(per_year) else {
            return Vec::new();
        };
        let mut moments = Vec::new();
        let mut at = self.world.start + stream.exponential(mean);
        while at < until {
            moments.push(at);
            at = at + stream.exponential(mean);
        }
        moments
    }

    /// Moments at a constant rate, each followed by a span that counts for no more of them.
    fn spans(
        &self,
        mut stream: Stream,
        per_year: f64,
        length: impl Fn(&mut Stream) -> SimDuration,
        until: SimTime,
    ) -> Vec<(SimTime, SimTime)> {
        let Some(mean) = mean_gap(per_year) else {
            return Vec::new();
        };
        let mut spans = Vec::new();
        let mut at = self.world.start + stream.exponential(mean);
        while at < until {
            let over = at + length(&mut stream);
            spans.push((at, over));
            at = over + stream.exponential(mean);
        }
        spans
    }

    fn deaths_by_size(&mut self, per_year: &[f64]) {
        for (server, per_year) in self.servers().zip(per_year) {
            let stream = self.streams.stream(DEATHS_BY_SIZE, u64::from(server.0), 0);
            self.die(stream, *per_year, &[server]);
        }
    }

    fn deaths(
        &mut self,
        rates: &FaultRates,
        groups: &[Group<'_>],
        names: &Names,
        problems: &mut Problems<'_>,
    ) {
        if let Some(deaths) = &rates.deaths {
            let spare = all(&deaths.spare, names, problems);
            for server in self.servers().filter(|server| !spare.contains(server)) {
                let stream = self.streams.stream(DEATHS, u64::from(server.0), 0);
                self.die(stream, *deaths.per_server_year, &[server]);
            }
        }
        for group in groups {
            let stream = group.stream(&self.streams, "deaths");
            self.die(stream, *group.hosting.deaths_per_year, &group.servers);
        }
        for server in self.servers() {
            let end = self.ends[server.index()];
            if end < self.world.end {
                self.world.faults.push((end, Fault::Death { server }));
            }
        }
    }

    fn die(&mut self, stream: Stream, per_year: f64, servers: &[ServerId]) {
        if let Some(at) = self.moments(stream, per_year, self.world.end).first() {
            for server in servers {
                let end = &mut self.ends[server.index()];
                *end = (*end).min(*at);
            }
        }
    }

    fn outages(
        &mut self,
        rates: &FaultRates,
        groups: &[Group<'_>],
        names: &Names,
        problems: &mut Problems<'_>,
    ) {
        if let Some(outages) = &rates.outages {
            let spare = all(&outages.spare, names, problems);
            let length = |stream: &mut Stream| stream.lognormal(*outages.median, *outages.sigma);
            for server in self.servers().filter(|server| !spare.contains(server)) {
                let stream = self.streams.stream(OUTAGES, u64::from(server.0), 0);
                let until = self.ends[server.index()];
                let spans = self.spans(stream, *outages.per_server_year, length, until);
                self.down[server.index()].extend(spans);
            }
        }
        if let Some(blips) = &rates.blips {
            let spare = all(&blips.spare, names, problems);
            for server in self.servers().filter(|server| !spare.contains(server)) {
                let stream = self.streams.stream(BLIPS, u64::from(server.0), 0);
                let until = self.ends[server.index()];
                let length = |stream: &mut Stream| stream.exponential(*blips.mean);
                let spans = self.spans(stream, *blips.per_server_year, length, until);
                self.down[server.index()].extend(spans);
            }
        }
        for group in groups {
            let Some(outages) = &group.hosting.outages else {
                continue;
            };
            let stream = group.stream(&self.streams, "outages");
            let length = |stream: &mut Stream| stream.lognormal(*outages.median, *outages.sigma);
            let spans = self.spans(stream, *outages.per_year, length, self.world.end);
            for server in &group.servers {
                self.down[server.index()].extend(&spans);
            }
        }
        for server in self.servers() {
            let down = united(std::mem::take(&mut self.down[server.index()]));
            let end = self.ends[server.index()];
            for (at, back) in down {
                if at < end {
                    self.world.faults.push((at, Fault::Stop { server }));
                }
                if back < end {
                    self.world.faults.push((back, Fault::Start { server }));
                }
            }
        }
    }

    fn losses(&mut self, rates: &FaultRates, names: &Names, problems: &mut Problems<'_>) {
        let Some(losses) = &rates.losses else { return };
        let spare = all(&losses.spare, names, problems);
        let mut anybody = false;
        let backups = self.first_backups();
        for server in self.servers().filter(|server| !spare.contains(server)) {
            let Some(first) = backups.get(&server).copied() else {
                continue;
            };
            anybody = true;
            let stream = self.streams.stream(LOSSES, u64::from(server.0), 0);
            let until = self.ends[server.index()];
            let moments = self.moments(stream, *losses.per_server_year, until);
            for at in moments.into_iter().filter(|at| *at > first) {
                let fault = Fault::Restore {
                    server,
                    to: None,
                    media: losses.media,
                    media_to: None,
                    key: losses.signing_key,
                };
                self.world.faults.push((at, fault));
            }
        }
        if !anybody {
            problems.add(
                losses.per_server_year.span(),
                "no server that may be struck has a backup",
                "nothing to restore",
                "give servers `backups`",
            );
        }
    }

    /// The first backup of each server that has one, by schedule or by hand.
    fn first_backups(&self) -> BTreeMap<ServerId, SimTime> {
        let servers = self.world.servers.iter().enumerate();
        let regular = servers.filter_map(|(number, server)| {
            let first = server.backups.as_ref()?.first;
            Some((ServerId(number as u32), first))
        });
        let faults = self.world.faults.iter();
        let single = faults.filter_map(|(at, fault)| match fault {
            Fault::Backup { server } => Some((*server, *at)),
            _ => None,
        });
        let mut first: BTreeMap<ServerId, SimTime> = BTreeMap::new();
        for (server, at) in regular.chain(single) {
            let known = first.entry(server).or_insert(at);
            *known = at.min(*known);
        }
        first
    }

    fn other_losses(&mut self, rates: &FaultRates, names: &Names, problems: &mut Problems<'_>) {
        if let Some(losses) = &rates.media_losses {
            let spare = all(&losses.spare, names, problems);
            for server in self.servers().filter(|server| !spare.contains(server)) {
                let stream = self.streams.stream(MEDIA_LOSSES, u64::from(server.0), 0);
                self.strike(stream, *losses.per_server_year, server, |server| {
                    Fault::MediaLoss { server }
                });
            }
        }
        if let Some(losses) = &rates.key_losses {
            let spare = all(&losses.spare, names, problems);
            let listed = losses.listed;
            for server in self.servers().filter(|server| !spare.contains(server)) {
                let stream = self.streams.stream(KEY_LOSSES, u64::from(server.0), 0);
                self.strike(stream, *losses.per_server_year, server, |server| {
                    Fault::KeyLoss { server, listed }
                });
            }
        }
    }

    fn strike(
        &mut self,
        stream: Stream,
        per_year: f64,
        server: ServerId,
        fault: impl Fn(ServerId) -> Fault,
    ) {
        let moments = self.moments(stream, per_year, self.ends[server.index()]);
        let faults = moments.into_iter().map(|at| (at, fault(server)));
        self.world.faults.extend(faults);
    }

    /// Cuts between any two servers at the same rate. Each server draws those towards the servers before it, all at once:
    /// nothing is done for a pair that is never cut, and a further server moves nobody else's luck.
    fn partitions(&mut self, rates: &FaultRates) {
        let Some(partitions) = &rates.partitions else {
            return;
        };
        let mut cuts: BTreeMap<(ServerId, ServerId), Vec<(SimTime, SimTime)>> = BTreeMap::new();
        for server in self.servers().skip(1) {
            let (number, others) = (u64::from(server.0), server.0);
            let stream = self.streams.stream(PARTITIONS, number, 0);
            let per_year = *partitions.per_pair_year * f64::from(others);
            let moments = self.moments(stream, per_year, self.world.end);
            for (cut, at) in (1..).zip(moments) {
                let mut stream = self.streams.stream(PARTITIONS, number, cut);
                let other = ServerId(stream.below(number) as u32);
                let over = at + stream.lognormal(*partitions.median, *partitions.sigma);
                cuts.entry((other, server)).or_default().push((at, over));
            }
        }
        for (between, spans) in cuts {
            for (at, over) in united(spans) {
                self.world.faults.push((at, Fault::Cut { between }));
                if over < self.world.end {
                    self.world.faults.push((over, Fault::Heal { between }));
                }
            }
        }
    }
}

fn all(list: &[Name], names: &Names, problems: &mut Problems<'_>) -> Vec<ServerId> {
    list.iter()
        .filter_map(|name| names.server(name, problems))
        .collect()
}

/// Spans in order, those that meet as one.
fn united(mut spans: Vec<(SimTime, SimTime)>) -> Vec<(SimTime, SimTime)> {
    spans.sort_unstable();
    let mut united: Vec<(SimTime, SimTime)> = Vec::new();
    for (from, until) in spans {
        match united.last_mut() {
            Some((_, last)) if from <= *last => *last = (*last).max(until),
            _ => united.push((from, until)),
        }
    }
    united
}

/// Mean time between faults of this rate a year.
fn mean_gap(per_year: f64) -> Option<SimDuration> {
    (per_year > 0.0).then(|| SimDuration((YEAR / per_year) as u64))
}
