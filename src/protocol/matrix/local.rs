//! What a server's own users do to rooms: new events, and who is told (reference 1.1, 2.5).

use crate::journal::{EventNo, MediaId, Path, RoomId, UserId};
use crate::room::{Body, Membership, Pdu, StateKey, TrafficRef};
use crate::workload::{Action, Power, StateField, Visibility};

use super::arrival::Way;
use super::founding::{CREATOR_POWER_VERSION, first_state};
use super::groups::Numbering;
use super::outbox::{Context, Effect, Outcome, Refusal, Ticket};
use super::replica::Replica;
use super::{Homeserver, state};

impl Homeserver {
    /// A person does something. The answer comes as `Done`, at once or later.
    pub fn act(&mut self, ctx: &mut Context<'_>, ticket: Ticket, action: &Action) {
        let outcome = match action {
            Action::Register { who, password } => Some(self.register(*who, password)),
            Action::Login {
                who,
                password,
                session,
            } => Some(self.login(*who, password, session)),
            Action::CheckSession { who, session } => Some(self.check_session(*who, session)),
            Action::SetPassword { who, old, password } => {
                Some(self.set_password(*who, old, password))
            }
            Action::Deactivate {
                who,
                password,
                erase,
            } => Some(self.deactivate(ctx, *who, password, *erase)),
            Action::PurgeHistory {
                room,
                keep_last,
                delete_local,
                ..
            } => Some(self.purge_history(ctx, *room, *keep_last, *delete_local)),
            _ => self.act_in_session(ctx, ticket, action),
        };
        if let Some(outcome) = outcome {
            ctx.out.push(Effect::Done { ticket, outcome });
        }
    }

    /// An action that needs a session.
    fn act_in_session(
        &mut self,
        ctx: &mut Context<'_>,
        ticket: Ticket,
        action: &Action,
    ) -> Option<Outcome> {
        let actor = actor(action).expect("every such action has an actor");
        if let Err(refusal) = self.authenticate(actor) {
            return Some(Err(refusal));
        }
        Some(match action {
            Action::CreateRoom { room, by } => self.create_room(ctx, *room, *by),
            Action::Invite { room, by, who } => return self.invite(ctx, *room, *by, *who, ticket),
            Action::Join { room, who, via } => return self.join(ctx, *room, *who, *via, ticket),
            Action::Leave { room, who } => return self.leave(ctx, *room, *who, ticket),
            Action::Kick { room, by, who } => self.kick(ctx, *room, *by, *who),
            Action::Ban { room, by, who } => self.ban(ctx, *room, *by, *who),
            Action::Unban { room, by, who } => self.unban(ctx, *room, *by, *who),
            Action::Send { room, by, file } => {
                let body = Body::Message {
                    file: *file,
                    traffic: None,
                };
                self.make_event(ctx, *room, *by, body).map(|_| ())
            }
            Action::SetState {
                room,
                by,
                field,
                value,
                file,
            } => self.set_state(ctx, *room, *by, *field, value, *file),
            Action::SetPower { room, by, power } => self.set_power(ctx, *room, *by, power),
            Action::Redact { room, by, target } => self.redact(ctx, *room, *by, *target),
            Action::Scroll { .. } => {
                self.scroll(ctx, action, ticket);
                return None;
            }
            Action::JumpToDate { room, who, to } => {
                return self.jump_to_date(ctx, *room, *who, *to, ticket);
            }
            Action::Upload { media, .. } => self.upload(*media, ctx.now),
            Action::Download { media, .. } => return self.download(ctx, *media, ticket),
            _ => unreachable!("handled by `act`"),
        })
    }

    /// One of the messages that nobody scripted; whoever cannot send it does not.
    pub fn speak(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        user: UserId,
        traffic: TrafficRef,
    ) -> Outcome {
        self.authenticate(user)?;
        self.make_event(
            ctx,
            room,
            user,
            Body::Message {
                file: None,
                traffic: Some(traffic),
            },
        )
        .map(|_| ())
    }

    /// Makes an event on top of the forward extremities, stores it and has it sent.
    pub(super) fn make_event(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        sender: UserId,
        body: Body,
    ) -> Result<EventNo, Refusal> {
        let (me, now, most) = (self.id, ctx.now, self.rules.new_event_prev_max as usize);
        let spec = &ctx.rooms[room.index()];
        let log = &ctx.logs[room.index()];
        let origin = log.home(sender);
        let replica = self.replica(room, log, spec).ok_or(Refusal::FORBIDDEN)?;
        if replica.heads.is_empty() || replica.state.is_empty() {
            let is_member = matches!(body, Body::Member { .. });
            let is_lost = replica.heads.is_empty() && is_member;
            return Err(if is_lost {
                Refusal::FAILED
            } else {
                Refusal::FORBIDDEN
            });
        }
        let prev_events = replica.newest_heads(log, most);
        let depth = 1 + prev_events
            .iter()
            .map(|no| log.depth(*no))
            .max()
            .unwrap_or(0);
        let before = state::state_before(log, spec, &prev_events);
        let auth_events = state::auth_events(spec, &before, sender, &body);
        let pdu = Pdu {
            sender,
            origin,
            body,
            prev_events,
            auth_events,
            depth,
            at: now,
        };
        if !state::allowed(log, spec, &before, &pdu) {
            if origin == me {
                self.spend_groups(ctx, room, &pdu.body);
            }
            return Err(Refusal::FORBIDDEN);
        }
        let mut to = log.host_servers(&before);
        // Whose invitation is taken back hears of it, too.
        if let Body::Member {
            who,
            membership: Membership::Leave,
            ..
        } = pdu.body
            && who != sender
            && log.membership_in(&before, who) == Some(Membership::Invite)
        {
            let home = log.home(who);
            if let Err(place) = to.binary_search(&home) {
                to.insert(place, home);
            }
        }
        to.retain(|server| *server != me && *server != origin);
        if !spec.federate {
            to.clear();
        }
        let event = self.append(ctx, room, pdu, &before);
        ctx.out.push(Effect::Send { room, event, to });
        Ok(event)
    }

    /// Puts a new event into the log and into this server's own copy.
    fn append(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        pdu: Pdu,
        before: &crate::room::StateMap,
    ) -> EventNo {
        let log = &mut ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let no = log.len();
        let after = state::apply(before, &pdu.body, no);
        match pdu.body {
            // A drawn message on an unbroken chain needs no entry of its own.
            Body::Message {
                traffic: Some(start),
                ..
            } if log.is_chain(&pdu.prev_events) => {
                log.push_run(start, 1);
            }
            _ => {
                log.push(pdu.clone(), after);
            }
        }
        let replica = self.db.rooms.get_or_new(room);
        let group = Numbering::new(&mut self.db.next_group, &mut self.memory, pdu.at).after(
            replica,
            &pdu.prev_events,
            &pdu.body,
            (log, spec),
        );
        replica.positions.place_live(no, pdu.at, pdu.at);
        replica.set_groups(no..no + 1, group);
        replica.timeline.insert(no..no + 1);
        for prev in &pdu.prev_events {
            replica.heads.remove(prev);
        }
        replica.heads.insert(no, group);
        replica.lower_min_depth(pdu.depth);
        let state = replica.resolve_heads(log, spec);
        let turn = replica.set_state(log, self.id, state);
        replica.mark(log, self.id);
        let way = Way {
            path: Path::Anew,
            from: self.id,
        };
        self.note_memberships(ctx, room, &turn.joined, way);
        if turn.left {
            self.left_room(ctx, room);
        }
        no
    }

    /// The chain of events that Synapse makes for a new room.
    fn create_room(&mut self, ctx: &mut Context<'_>, room: RoomId, by: UserId) -> Outcome {
        let spec = ctx.rooms[room.index()].clone();
        let before = crate::room::StateMap::new();
        let create = Pdu {
            sender: by,
            origin: self.id,
            body: Body::Create,
            prev_events: Vec::new(),
            auth_events: Vec::new(),
            depth: 1,
            at: ctx.now,
        };
        self.append(ctx, room, create, &before);
        for body in first_state(&spec, by) {
            self.make_event(ctx, room, by, body)?;
        }
        Ok(())
    }

    fn set_state(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        field: StateField,
        value: &str,
        file: Option<MediaId>,
    ) -> Outcome {
        let body = match field {
            StateField::Name => Body::Name(value.to_owned()),
            StateField::Topic => Body::Topic(value.to_owned()),
            StateField::Avatar => Body::Avatar(value.to_owned(), file),
            StateField::HistoryVisibility => Body::HistoryVisibility(match value {
                "world_readable" => Visibility::WorldReadable,
                "invited" => Visibility::Invited,
                "joined" => Visibility::Joined,
                _ => Visibility::Shared,
            }),
        };
        self.in_room_now(ctx, room, by)?;
        self.make_state(ctx, room, by, body)
    }

    /// State other than memberships is set by those who are in the room, even where it stays as it is.
    fn in_room_now(&mut self, ctx: &Context<'_>, room: RoomId, by: UserId) -> Outcome {
        match self.membership_now(ctx, room, by) {
            Some(Membership::Join) => Ok(()),
            _ => Err(Refusal::FORBIDDEN),
        }
    }

    /// Makes a state event, unless it equals the present one (`deduplicate_state_event`); whether it would
    /// be allowed is asked only then.
    pub(super) fn make_state(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        body: Body,
    ) -> Outcome {
        if self.is_present(ctx, room, by, &body) {
            self.spend_groups(ctx, room, &body);
            return Ok(());
        }
        self.make_event(ctx, room, by, body).map(|_| ())
    }

    /// Is the present state event of its kind equal to this, and by the same sender?
    pub(super) fn is_present(
        &mut self,
        ctx: &Context<'_>,
        room: RoomId,
        by: UserId,
        body: &Body,
    ) -> bool {
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let key = body.state_key().expect("a state event");
        self.replica(room, log, spec)
            .and_then(|replica| replica.state.get(&key))
            .and_then(|no| log.single(*no))
            .is_some_and(|present| present.body == *body && present.sender == by)
    }

    fn set_power(
        &mut self,
        ctx: &mut Context<'_>,
        room: RoomId,
        by: UserId,
        power: &Power,
    ) -> Outcome {
        self.in_room_now(ctx, room, by)?;
        let log = &ctx.logs[room.index()];
        let spec = &ctx.rooms[room.index()];
        let replica = self.replica(room, log, spec).ok_or(Refusal::FORBIDDEN)?;
        let mut levels = state::power_levels(log, &replica.state);
        levels.users.extend(power.users.iter().copied());
        if let Some(default) = power.events_default {
            levels.events_default = default;
        }
        // From version 12 on a creator's level is not listed; who may set levels is told so.
        let creator = log.single(0).map(|create| create.sender);
        let lists_creator = spec.version >= CREATOR_POWER_VERSION
            && creator.is_some_and(|creator| levels.users.contains_key(&creator));
        if lists_creator {
            let may = state::power(log, spec, &replica.state, by) >= state::ADMIN_LEVEL;
            return Err(if may {
                Refusal::BAD_EVENT
            } else {
                Refusal::FORBIDDEN
            });
        }
        self.make_state(ctx, room, by, Body::PowerLevels(levels))
    }

    /// The current value of a kind of state, as shown to users.
    pub fn current<'a>(
        replica: &Replica,
        log: &'a crate::room::RoomLog,
        key: StateKey,
    ) -> Option<&'a Body> {
        replica
            .state
            .get(&key)
            .and_then(|no| log.single(*no))
            .map(|pdu| &pdu.body)
    }
}

/// Who does this?
pub fn actor(action: &Action) -> Option<UserId> {
    Some(match action {
        Action::CreateRoom { by, .. }
        | Action::Invite { by, .. }
        | Action::Kick { by, .. }
        | Action::Ban { by, .. }
        | Action::Unban { by, .. }
        | Action::Send { by, .. }
        | Action::SetState { by, .. }
        | Action::SetPower { by, .. }
        | Action::Redact { by, .. }
        | Action::Upload { by, .. }
        | Action::Download { by, .. } => *by,
        Action::Join { who, .. }
        | Action::Leave { who, .. }
        | Action::Scroll { who, .. }
        | Action::JumpToDate { who, .. }
        | Action::Register { who, .. }
        | Action::Login { who, .. }
        | Action::CheckSession { who, .. }
        | Action::SetPassword { who, .. }
        | Action::Deactivate { who, .. } => *who,
        Action::PurgeHistory { .. } => return None,
    })
}
