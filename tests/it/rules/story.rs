//! A small language for scripts: only what matters to the rule is said.

use std::collections::BTreeMap;
use std::path::Path;

use fedheal::script::Script;
use fedheal::simulation::{play, play_out_of_step};
use fedheal::verify::{MessageCells, Played, Recording, RoomCells, StepResult};
use serde_json::{Value, json};

/// The room that most stories need only one of.
pub(super) const ROOM: &str = "room";

/// A script in the making. Servers are letters; `a1` is the first user of server `a`, `a2` the second.
#[derive(Clone, Debug)]
pub(super) struct Story {
    servers: BTreeMap<String, Value>,
    users: Vec<String>,
    script: Vec<Value>,
    labels: BTreeMap<String, usize>,
}

/// A played story.
pub(super) struct Told {
    played: Played,
    labels: BTreeMap<String, usize>,
}

fn full(user: &str) -> String {
    format!("{user}@{}", &user[..1])
}

impl Story {
    /// Servers with two users each, and nothing else.
    pub(super) fn new(servers: &[&str]) -> Self {
        let users = servers
            .iter()
            .flat_map(|server| [1, 2].map(|n| full(&format!("{server}{n}"))));
        Story {
            users: users.collect(),
            servers: servers
                .iter()
                .map(|server| ((*server).to_owned(), json!({})))
                .collect(),
            script: Vec::new(),
            labels: BTreeMap::new(),
        }
    }

    /// The same, with one public room that the first server's first user has made and the others' first
    /// users have joined, in the order given.
    pub(super) fn in_a_room(servers: &[&str]) -> Self {
        Story::new(servers).room(ROOM, servers)
    }

    /// A public room: made by the first server's first user, joined by the others' first users.
    pub(super) fn room(self, room: &str, servers: &[&str]) -> Self {
        let maker = servers[0];
        servers[1..].iter().fold(
            self.create(room, &format!("{maker}1"), "public"),
            |story, server| story.join(room, &format!("{server}1"), maker),
        )
    }

    /// Settings of a server.
    pub(super) fn with(mut self, server: &str, settings: Value) -> Self {
        self.servers.insert(server.to_owned(), settings);
        self
    }

    /// Any action as the format has it.
    pub(super) fn step(mut self, step: Value) -> Self {
        self.script.push(step);
        self
    }

    /// Names the last step, to look at its answer.
    pub(super) fn called(mut self, label: &str) -> Self {
        self.labels.insert(label.to_owned(), self.script.len() - 1);
        self
    }

    pub(super) fn create(self, room: &str, by: &str, preset: &str) -> Self {
        self.step(json!({"do": "create_room", "room": room, "by": full(by), "preset": preset}))
    }

    pub(super) fn join(self, room: &str, who: &str, via: &str) -> Self {
        self.step(json!({"do": "join", "room": room, "who": full(who), "via": via}))
    }

    pub(super) fn join_here(self, room: &str, who: &str) -> Self {
        self.step(json!({"do": "join", "room": room, "who": full(who)}))
    }

    pub(super) fn invite(self, room: &str, by: &str, who: &str) -> Self {
        self.step(json!({"do": "invite", "room": room, "by": full(by), "who": full(who)}))
    }

    pub(super) fn leave(self, room: &str, who: &str) -> Self {
        self.step(json!({"do": "leave", "room": room, "who": full(who)}))
    }

    pub(super) fn kick(self, room: &str, by: &str, who: &str) -> Self {
        self.step(json!({"do": "kick", "room": room, "by": full(by), "who": full(who)}))
    }

    /// Messages in the one room, in turns of five.
    pub(super) fn say(self, tag: &str, by: &[(&str, u32)]) -> Self {
        self.say_in(ROOM, tag, by)
    }

    /// Messages in a room, in turns of five.
    pub(super) fn say_in(self, room: &str, tag: &str, by: &[(&str, u32)]) -> Self {
        let users: Vec<String> = by.iter().map(|(user, _)| full(user)).collect();
        let counts: Vec<u32> = by.iter().map(|(_, count)| *count).collect();
        self.step(json!({"do": "send", "room": room, "tag": tag, "by": users, "counts": counts, "turn": 5}))
    }

    pub(super) fn set(self, by: &str, field: &str, value: &str) -> Self {
        self.step(
            json!({"do": "set_state", "room": ROOM, "by": full(by), "type": field, "value": value}),
        )
    }

    pub(super) fn backup(self, server: &str) -> Self {
        self.step(json!({"do": "backup", "server": server}))
    }

    pub(super) fn restore(self, server: &str) -> Self {
        self.restore_as(server, "restored", "kept")
    }

    pub(super) fn restore_as(self, server: &str, media: &str, key: &str) -> Self {
        self.step(json!({"do": "restore", "server": server, "media": media, "signing_key": key}))
    }

    pub(super) fn stop(self, server: &str) -> Self {
        self.step(json!({"do": "stop", "server": server}))
    }

    pub(super) fn start(self, server: &str) -> Self {
        self.step(json!({"do": "start", "server": server}))
    }

    pub(super) fn restart(self, server: &str) -> Self {
        self.stop(server).start(server)
    }

    pub(super) fn freeze(self, server: &str) -> Self {
        self.step(json!({"do": "freeze", "server": server}))
    }

    pub(super) fn thaw(self, server: &str) -> Self {
        self.step(json!({"do": "thaw", "server": server}))
    }

    pub(super) fn cut(self, x: &str, y: &str) -> Self {
        self.step(json!({"do": "cut", "between": [x, y]}))
    }

    pub(super) fn heal(self, x: &str, y: &str) -> Self {
        self.step(json!({"do": "heal", "between": [x, y]}))
    }

    /// The administrator of a server keeps only the newest messages of the one room.
    pub(super) fn purge(self, server: &str, keep_last: u32) -> Self {
        self.purge_as(server, keep_last, true)
    }

    pub(super) fn purge_as(self, server: &str, keep_last: u32, own_too: bool) -> Self {
        self.step(
            json!({"do": "purge_history", "server": server, "room": ROOM,
            "keep_last": keep_last, "delete_local": own_too}),
        )
    }

    /// A user pages the one room to its end, fifty at a time.
    pub(super) fn scroll(self, who: &str) -> Self {
        self.scroll_in(ROOM, who, 1)
    }

    pub(super) fn scroll_in(self, room: &str, who: &str, passes: u32) -> Self {
        self.step(
            json!({"do": "scroll", "who": full(who), "room": room, "page": 50, "passes": passes}),
        )
    }

    pub(super) fn register(self, who: &str, password: &str) -> Self {
        self.step(json!({"do": "register", "who": full(who), "password": password}))
    }

    pub(super) fn login(self, who: &str, password: &str, session: &str) -> Self {
        self.step(
            json!({"do": "login", "who": full(who), "password": password, "session": session}),
        )
    }

    pub(super) fn upload(self, media: &str, by: &str) -> Self {
        self.step(json!({"do": "upload", "media": media, "by": full(by)}))
    }

    pub(super) fn download(self, media: &str, by: &str) -> Self {
        self.step(json!({"do": "download", "media": media, "by": full(by)}))
    }

    /// Lets some seconds pass.
    pub(super) fn wait(self, seconds: u32) -> Self {
        (0..seconds.div_ceil(2)).fold(self, |story, _| story.step(json!({"do": "settle"})))
    }

    /// Looks into a server's books.
    pub(super) fn look(self, stage: &str, server: &str) -> Self {
        self.step(json!({"do": "measure", "stage": stage, "server": server}))
    }

    fn recording(&self) -> Recording {
        serde_json::from_value(json!({
            "format": 1, "name": "story", "question": "", "servers": self.servers, "users": self.users,
            "script": self.script,
        }))
        .unwrap()
    }

    fn play_with(&self, player: fn(&Script) -> Played) -> Played {
        let recording = self.recording();
        let script = Script::new(&recording, Path::new("story")).unwrap();
        player(&script)
    }

    /// Plays the story.
    pub(super) fn play(&self) -> Played {
        self.play_with(play)
    }

    /// Plays the story with every delivery an event of its own.
    pub(super) fn play_out_of_step(&self) -> Played {
        self.play_with(play_out_of_step)
    }

    /// Plays the story, to ask questions about it.
    pub(super) fn told(self) -> Told {
        Told {
            played: self.play(),
            labels: self.labels,
        }
    }
}

impl Told {
    fn answer(&self, label: &str) -> &StepResult {
        &self.played.results[&self.labels[label]]
    }

    /// The answer to a named step.
    pub(super) fn result(&self, label: &str) -> &str {
        &self.answer(label).result
    }

    /// The servers that should have heard a named step, but did not.
    pub(super) fn unheard(&self, label: &str) -> Vec<&str> {
        self.answer(label)
            .unheard
            .iter()
            .map(String::as_str)
            .collect()
    }

    /// Of a named scroll: messages of a class that the given pass showed.
    pub(super) fn seen(&self, label: &str, pass: usize, class: &str) -> u64 {
        self.answer(label).seen[pass][class]
    }

    /// The one room, as a stage's server has it.
    pub(super) fn room(&self, stage: &str) -> &RoomCells {
        self.room_of(stage, ROOM)
    }

    pub(super) fn room_of(&self, stage: &str, room: &str) -> &RoomCells {
        &self.played.stages[stage].rooms[room]
    }

    pub(super) fn class(&self, stage: &str, class: &str) -> &MessageCells {
        &self.room(stage).messages[class]
    }

    /// Messages of one class in the one room.
    pub(super) fn held(&self, stage: &str, class: &str) -> u64 {
        self.class(stage, class).held
    }

    /// Messages with one tag in the one room, whoever sent them.
    pub(super) fn all(&self, stage: &str, tag: &str) -> u64 {
        self.all_of(stage, ROOM, tag)
    }

    pub(super) fn all_of(&self, stage: &str, room: &str, tag: &str) -> u64 {
        let classes = &self.room_of(stage, room).messages;
        classes
            .iter()
            .filter(|(class, _)| class.split('@').next() == Some(tag))
            .map(|(_, n)| n.held)
            .sum()
    }
}
