//! Small scripts drawn at random: rooms and people, a backup, a time that will be lost, a restore, and what
//! people do afterwards. The same seed gives the same script.
//!
//! A draft follows who should be where, as if nothing were lost, so that most steps make sense; some are
//! meant to be refused. All weights and sizes are assumptions: small enough to be played in a minute or
//! two, mixed enough that themes meet.

mod after;
mod before;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use super::{PlayStep, Script, ServerSettings, flaws};
use crate::faults::Fault;
use crate::journal::{MediaId, RoomId, ServerId, UserId};
use crate::kernel::{Purpose, Stream, Streams};
use crate::workload::{Action, RoomKind, RoomSpec, UserSpec, Visibility};

const SCRIPT: Purpose = Purpose::new("script.draw");

/// Accounts of a server that exist from the start; the next one registers in the lost time.
const USERS_PER_SERVER: u32 = 2;
/// Messages of one whole script; what comes beyond is cut short.
const MOST_MESSAGES: u32 = 220;
/// Room versions, and how often each is drawn.
const VERSIONS: [(u8, u32); 3] = [(10, 2), (11, 2), (12, 6)];
const KINDS: [(RoomKind, u32); 3] = [
    (RoomKind::Public, 5),
    (RoomKind::Private, 3),
    (RoomKind::Direct, 2),
];
const VISIBILITIES: [(Visibility, u32); 4] = [
    (Visibility::Shared, 7),
    (Visibility::WorldReadable, 1),
    (Visibility::Invited, 1),
    (Visibility::Joined, 1),
];

/// The script of a seed.
pub fn draw(seed: u64) -> Script {
    let stream = Streams::new(seed).stream(SCRIPT, 0, 0);
    let mut draft = Draft::new(seed, stream);
    draft.before();
    draft.window();
    draft.after();
    let script = draft.script;
    debug_assert_eq!(flaws(&script), []);
    script
}

/// A room as it would be if nothing were lost.
#[derive(Debug, Clone, Default)]
struct Company {
    creator: Option<UserId>,
    members: BTreeSet<UserId>,
    invited: BTreeSet<UserId>,
    banned: BTreeSet<UserId>,
    /// Who may kick, redact and rename besides the creator.
    moderators: BTreeSet<UserId>,
}

/// A script in the making.
struct Draft {
    stream: Stream,
    script: Script,
    /// By room that exists.
    companies: BTreeMap<RoomId, Company>,
    /// Messages sent so far, by room, tag and sender's server.
    sent: BTreeMap<(RoomId, String, ServerId), u32>,
    media: Vec<MediaId>,
    /// Accounts that exist by now.
    accounts: BTreeSet<UserId>,
    down: BTreeSet<ServerId>,
    cut: Option<(ServerId, ServerId)>,
    messages: u32,
    stages: u32,
    /// The server that will lose data, and perhaps a second one.
    losing: Vec<ServerId>,
}

impl Draft {
    fn new(seed: u64, mut stream: Stream) -> Draft {
        let servers = [2, 3, 3, 3, 4][stream.below(5) as usize];
        let users = |server: u32| {
            (0..=USERS_PER_SERVER).map(move |n| UserSpec {
                name: format!("{}{}", letter(server), n + 1),
                server: ServerId(server),
                exists: n < USERS_PER_SERVER,
                weight: 0,
            })
        };
        let first = if stream.chance(700) {
            0
        } else {
            stream.below(u64::from(servers)) as u32
        };
        let mut losing = vec![ServerId(first)];
        if stream.chance(250) {
            losing.push(ServerId(
                (first + 1 + stream.below(u64::from(servers) - 1) as u32) % servers,
            ));
        }
        let script = Script {
            name: format!("r{seed}"),
            question: format!("Drawn at random, seed {seed}"),
            servers: (0..servers).map(letter).collect(),
            settings: vec![ServerSettings::default(); servers as usize],
            users: (0..servers).flat_map(users).collect(),
            rooms: Vec::new(),
            media: Vec::new(),
            steps: Vec::new(),
        };
        let exist = script.users.iter().zip(0..).filter(|(user, _)| user.exists);
        Draft {
            stream,
            accounts: exist.map(|(_, n)| UserId(n)).collect(),
            script,
            companies: BTreeMap::new(),
            sent: BTreeMap::new(),
            media: Vec::new(),
            down: BTreeSet::new(),
            cut: None,
            messages: 0,
            stages: 0,
            losing,
        }
    }

    fn act(&mut self, action: Action) {
        self.script.steps.push(PlayStep::Act(action));
    }

    fn strike(&mut self, fault: Fault) {
        self.script.steps.push(PlayStep::Strike(fault));
    }

    fn measure(&mut self, server: ServerId) {
        self.stages += 1;
        let stage = format!("s{}", self.stages);
        self.script.steps.push(PlayStep::Measure { stage, server });
    }

    fn measure_all(&mut self) {
        for server in self.servers() {
            self.measure(server);
        }
    }

    fn servers(&self) -> Vec<ServerId> {
        (0..self.script.servers.len() as u32)
            .map(ServerId)
            .collect()
    }

    fn home(&self, user: UserId) -> ServerId {
        self.script.users[user.index()].server
    }

    /// Accounts on servers that run.
    fn awake(&self) -> Vec<UserId> {
        let up = |user: &UserId| !self.down.contains(&self.home(*user));
        self.accounts.iter().copied().filter(up).collect()
    }

    fn members(&self, room: RoomId) -> Vec<UserId> {
        let up = |user: &UserId| !self.down.contains(&self.home(*user));
        let company = self.companies.get(&room);
        company
            .into_iter()
            .flat_map(|company| company.members.iter().copied())
            .filter(up)
            .collect()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.stream.below(from.len() as u64) as usize])
    }

    fn weighted<T: Copy>(&mut self, from: &[(T, u32)]) -> T {
        let weights: Vec<u32> = from.iter().map(|(_, weight)| *weight).collect();
        let drawn = self.stream.pick_weighted(&weights);
        from[drawn.unwrap_or(0)].0
    }

    fn any_room(&mut self) -> Option<RoomId> {
        let rooms: Vec<RoomId> = self.companies.keys().copied().collect();
        self.pick(&rooms)
    }

    /// A new room with its first members; nothing if nobody is there to make it.
    fn create_room(&mut self) {
        let awake = self.awake();
        let Some(by) = self.pick(&awake) else {
            return;
        };
        let room = RoomId(self.script.rooms.len() as u32);
        let kind = self.weighted(&KINDS);
        let spec = RoomSpec {
            name: format!("r{}", room.0 + 1),
            kind,
            federate: !self.stream.chance(100),
            version: self.weighted(&VERSIONS),
            encrypted: false,
            visibility: self.weighted(&VISIBILITIES),
            max_lifetime: None,
            messages_per_day: 0.0,
            files_per_mille: 0,
        };
        let federate = spec.federate;
        self.script.rooms.push(spec);
        self.act(Action::CreateRoom { room, by });
        let company = Company {
            creator: Some(by),
            members: BTreeSet::from([by]),
            ..Company::default()
        };
        self.companies.insert(room, company);
        let mut others: Vec<UserId> = awake.into_iter().filter(|user| *user != by).collect();
        self.stream.shuffle(&mut others);
        let most = match kind {
            RoomKind::Direct => 1,
            _ => 1 + self.stream.below(4) as usize,
        };
        for who in others.into_iter().take(most) {
            // To try it from elsewhere is refused; sometimes that is what is asked.
            if !federate && self.home(who) != self.home(by) && !self.stream.chance(100) {
                continue;
            }
            self.let_in(room, by, who);
        }
    }

    /// Somebody comes into a room, by invitation where one is needed; sometimes it stays without an answer.
    fn let_in(&mut self, room: RoomId, by: UserId, who: UserId) {
        let kind = self.script.rooms[room.index()].kind;
        if kind != RoomKind::Public || self.stream.chance(100) {
            self.act(Action::Invite { room, by, who });
            self.company(room).invited.insert(who);
            if self.stream.chance(120) {
                return;
            }
        }
        self.join(room, by, who);
    }

    fn join(&mut self, room: RoomId, by: UserId, who: UserId) {
        let via = (self.home(by) != self.home(who)).then(|| self.home(by));
        self.act(Action::Join { room, who, via });
        let company = self.company(room);
        company.invited.remove(&who);
        company.members.insert(who);
    }

    fn company(&mut self, room: RoomId) -> &mut Company {
        self.companies.entry(room).or_default()
    }

    /// Messages by some of a room's members; nothing if nobody is there.
    fn send(&mut self, room: RoomId, tag: &str, most: u64) {
        let mut speakers = self.members(room);
        self.stream.shuffle(&mut speakers);
        speakers.truncate(1 + self.stream.below(3) as usize);
        let turn = [1, 2, 3, 5, 5, 10][self.stream.below(6) as usize];
        let mut by = Vec::new();
        let mut counts = Vec::new();
        for who in speakers {
            // Small numbers are as likely as large ones.
            let top = 1 + self.stream.below(most);
            let count = (1 + self.stream.below(top)) as u32;
            let count = count.min(MOST_MESSAGES.saturating_sub(self.messages));
            if count == 0 {
                break;
            }
            self.messages += count;
            let class = (room, tag.to_owned(), self.home(who));
            *self.sent.entry(class).or_default() += count;
            by.push(who);
            counts.push(count);
        }
        if !by.is_empty() {
            self.script.steps.push(PlayStep::Send {
                room,
                tag: tag.to_owned(),
                by,
                counts,
                turn,
            });
        }
    }

    fn scroll(&mut self, room: RoomId) {
        let members = self.members(room);
        let Some(who) = self.pick(&members) else {
            return;
        };
        let page = [10, 20, 30, 50, 50, 100, 500][self.stream.below(7) as usize];
        let passes = 1 + self.stream.below(2) as u32;
        let pause = self.stream.chance(150);
        self.act(Action::Scroll {
            room,
            who,
            page,
            passes,
            pause,
            most: None,
        });
    }

    fn upload(&mut self) {
        let awake = self.awake();
        let Some(by) = self.pick(&awake) else {
            return;
        };
        let media = MediaId(self.script.media.len() as u32);
        self.script.media.push(format!("m{}", media.0 + 1));
        self.media.push(media);
        self.act(Action::Upload { media, by });
    }

    fn download(&mut self) {
        let (media, awake) = (self.media.clone(), self.awake());
        if let (Some(media), Some(by)) = (self.pick(&media), self.pick(&awake)) {
            self.act(Action::Download { media, by });
        }
    }
}

fn letter(server: u32) -> String {
    char::from(b'a' + server as u8).to_string()
}
