//! What is done to servers and to the links between them (format, 2.3: what each waits for).

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::error::RecordError;
use super::super::launcher::Signal;
use super::Player;
use crate::faults::Fault;
use crate::journal::ServerId;

/// After a server or a link is back, until all short back-offs are over.
const BACK_PAUSE: Duration = Duration::from_secs(3);

impl Player<'_> {
    pub(super) async fn strike(&mut self, fault: &Fault) -> Result<(), RecordError> {
        if !matches!(fault, Fault::Thaw { .. }) {
            self.settle().await?;
        }
        self.quiet = None;
        let back = match fault {
            Fault::Backup { server } => {
                // It starts also where it did not run before.
                self.end_process(*server, Signal::Term).await?;
                self.servers[server.index()]
                    .back_up(self.laboratory)
                    .await?;
                self.start(*server).await?;
                true
            }
            Fault::Restore {
                server, media, key, ..
            } => {
                self.end_process(*server, Signal::Kill).await?;
                let homeserver = &mut self.servers[server.index()];
                homeserver.restore(self.laboratory, *media, *key).await?;
                self.start(*server).await?;
                true
            }
            Fault::Stop { server } => {
                self.end_process(*server, Signal::Term).await?;
                false
            }
            Fault::Start { server } => {
                if !self.servers[server.index()].runs() {
                    self.start(*server).await?;
                }
                true
            }
            Fault::Freeze { server } => {
                self.servers[server.index()]
                    .freeze(self.laboratory, true)
                    .await?;
                false
            }
            Fault::Thaw { server } => {
                let homeserver = &mut self.servers[server.index()];
                homeserver.freeze(self.laboratory, false).await?;
                homeserver.answers(self.laboratory, &self.client).await?;
                true
            }
            Fault::Cut { between: (x, y) } => {
                self.cuts.insert((*x.min(y), *x.max(y)));
                self.tell_cuts()?;
                false
            }
            Fault::Heal { between: (x, y) } => {
                self.cuts.remove(&(*x.min(y), *x.max(y)));
                self.tell_cuts()?;
                true
            }
            other => unreachable!("no action of a recording: {other:?}"),
        };
        if back {
            self.pause(BACK_PAUSE).await;
            self.settle().await?;
        }
        Ok(())
    }

    async fn start(&mut self, server: ServerId) -> Result<(), RecordError> {
        let homeserver = &mut self.servers[server.index()];
        homeserver.launch(self.laboratory).await?;
        homeserver.answers(self.laboratory, &self.client).await
    }

    async fn end_process(&mut self, server: ServerId, signal: Signal) -> Result<(), RecordError> {
        let homeserver = &mut self.servers[server.index()];
        // A process that stands still would not hear that it is to stop.
        homeserver.freeze(self.laboratory, false).await?;
        homeserver.end(self.laboratory, signal).await
    }

    fn tell_cuts(&self) -> Result<(), RecordError> {
        for (index, server) in self.servers.iter().enumerate() {
            let own = ServerId(index as u32);
            let others = (0..self.servers.len()).map(|other| ServerId(other as u32));
            let refused: BTreeSet<String> = others
                .filter(|other| *other != own && self.is_cut(own, *other))
                .map(|other| self.servers[other.index()].name.clone())
                .collect();
            server.cut_off(&refused)?;
        }
        Ok(())
    }
}
