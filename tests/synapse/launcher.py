"""Starts Synapse homeservers for `fedheal record`, which embeds this file.

Takes one order a line on stdin and answers each with one line on stdout, both JSON. Synapse's modules are loaded
once; each server is a fork of this process, which spares two seconds of imports at every start. When stdin
ends, however that came about, all servers are killed and the working folder is removed.

Of Synapse's behaviour three things are changed, all described in the format of recordings: on SQLite the servers
of a room can be asked in the order of their oldest join, as on PostgreSQL; requests to a server that is cut off
fail at once; and servers that are owed events are looked for every 3 seconds.
"""

import ctypes
import datetime
import gc
import json
import os
import pwd
import selectors
import shutil
import signal
import sys
import traceback
from typing import Any, Callable, NoReturn

from synapse.app.complement_fork_proxied_reactor import ProxiedReactor
from twisted.internet.main import installReactor

# A real reactor must not be made before the fork; Synapse has this stand-in for its own forking starter.
REACTOR = ProxiedReactor()
installReactor(REACTOR)

from synapse.app import homeserver
from synapse.federation import sender
from synapse.http.federation.matrix_federation_agent import MatrixFederationAgent
from synapse.storage.databases.main.roommember import RoomMemberWorkerStore
from synapse.types import get_domain_from_id
from synapse.util.caches.descriptors import cached
from synapse.util.duration import Duration
from twisted.internet import defer
from twisted.internet.error import ConnectionRefusedError

PR_SET_PDEATHSIG = 1
WAKEUP_PERIOD = Duration(seconds=3)


def ends_with_its_parent(parent: int) -> None:
    """The kernel ends this process when `parent` is gone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


# What is changed of Synapse.


def order_hosts_by_oldest_join() -> None:
    """The order of PostgreSQL on SQLite, with equal depths in the order of the servers' names."""

    @cached(iterable=True, max_entries=10000)
    async def get_current_hosts_in_room_ordered(self: Any, room_id: str) -> tuple[str, ...]:
        def oldest_joins(txn: Any) -> dict[str, int]:
            txn.execute(
                "SELECT c.state_key, e.depth FROM current_state_events AS c"
                " INNER JOIN events AS e USING (event_id)"
                " WHERE c.type = 'm.room.member' AND c.membership = 'join' AND c.room_id = ?",
                (room_id,),
            )
            oldest: dict[str, int] = {}
            for user, depth in txn:
                host = get_domain_from_id(user)
                oldest[host] = min(depth, oldest.get(host, depth))
            return oldest

        oldest = await self.db_pool.runInteraction("get_current_hosts_in_room_ordered", oldest_joins)
        return tuple(sorted(oldest, key=lambda host: (oldest[host], host)))

    RoomMemberWorkerStore.get_current_hosts_in_room_ordered = get_current_hosts_in_room_ordered


def refuse_cut_servers(cuts: str) -> None:
    """Requests to a server that the file `cuts` names, one a line, fail as if it refused the connection."""
    request = MatrixFederationAgent.request

    def refusing(self: Any, method: bytes, uri: bytes, *args: Any, **kwargs: Any) -> Any:
        host = uri.split(b"/")[2].decode()
        with open(cuts) as file:
            if host in file.read().split():
                return defer.fail(ConnectionRefusedError())
        return request(self, method, uri, *args, **kwargs)

    MatrixFederationAgent.request = refusing


def run_server(order: dict[str, Any]) -> None:
    """Becomes a homeserver."""
    from twisted.internet.epollreactor import EPollReactor

    if order["orders_hosts"]:
        order_hosts_by_oldest_join()
    refuse_cut_servers(order["cuts"])
    sender.WAKEUP_RETRY_PERIOD = WAKEUP_PERIOD
    REACTOR._install_real_reactor(EPollReactor())
    sys.argv = ["synapse", "--config-path", order["config"]]
    homeserver.main()


# Processes.


def fork(log: str, main: Callable[[], None]) -> int:
    """A child in a session of its own, so that a terminal's Ctrl-C does not reach it; its output goes to `log`."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setsid()
        ends_with_its_parent(parent)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        with open(log, "ab") as out, open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def other_user() -> pwd.struct_passwd | None:
    """Who runs what refuses to run as root; None if this is not root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def run_program(arguments: list[str]) -> NoReturn:
    """Becomes a program, not as root."""
    user = other_user()
    if user is not None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    # Changing the user clears it. PostgreSQL tidies up on this signal, and ends at once.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
    os.execv(arguments[0], arguments)


def make_certificate(order: dict[str, Any]) -> None:
    """A self-signed certificate; nobody checks it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
    )
    certificate = builder.sign(key, hashes.SHA256())
    with open(order["certificate"], "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    with open(order["key"], "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def make_signing_key(order: dict[str, Any]) -> dict[str, str]:
    """Writes a new signing key; answers its name and its public half."""
    from signedjson.key import encode_verify_key_base64, generate_signing_key, get_verify_key, write_signing_keys

    key = generate_signing_key(order["version"])
    with open(order["path"], "w") as file:
        write_signing_keys(file, [key])
    return {"name": f"ed25519:{key.version}", "public": encode_verify_key_base64(get_verify_key(key))}


class Launcher:
    """Carries out orders, and tells of processes that ended."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.children: dict[int, int] = {}
        self.programs: set[int] = set()
        self.selector = selectors.DefaultSelector()
        self.selector.register(0, selectors.EVENT_READ)
        self.rest = b""

    def run(self) -> None:
        open_ended = True
        while open_ended:
            for key, _ in self.selector.select():
                if key.fd == 0:
                    open_ended = self.read()
                else:
                    self.bury(key.data)

    def read(self) -> bool:
        """Takes what stdin has; False at its end."""
        text = os.read(0, 65536)
        *lines, self.rest = (self.rest + text).split(b"\n")
        for line in lines:
            order = json.loads(line)
            try:
                answer = self.obey(order)
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            self.say(answer)
        return bool(text)

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        match order["do"]:
            case "start":
                return self.watch(fork(order["log"], lambda: run_server(order)))
            case "program":
                program = fork(order["log"], lambda: run_program(order["arguments"]))
                self.programs.add(program)
                return self.watch(program)
            case "signal":
                os.kill(order["pid"], getattr(signal, order["signal"]))
                return {}
            case "certificate":
                make_certificate(order)
                return {}
            case "signing-key":
                return make_signing_key(order)
            case "hand-over":
                user = other_user()
                if user is not None:
                    os.chown(order["path"], user.pw_uid, user.pw_gid)
                return {}
        raise ValueError(f"unknown order {order['do']}")

    def watch(self, pid: int) -> dict[str, int]:
        self.children[pid] = os.pidfd_open(pid)
        self.selector.register(self.children[pid], selectors.EVENT_READ, pid)
        return {"pid": pid}

    def bury(self, pid: int) -> None:
        _, status = os.waitpid(pid, 0)
        descriptor = self.children.pop(pid)
        self.selector.unregister(descriptor)
        os.close(descriptor)
        self.say({"ended": pid, "status": os.waitstatus_to_exitcode(status)})

    def say(self, answer: dict[str, Any]) -> None:
        os.write(1, json.dumps(answer).encode() + b"\n")

    def end(self) -> None:
        for pid in self.children:
            os.kill(pid, signal.SIGQUIT if pid in self.programs else signal.SIGKILL)
        for pid in self.children:
            os.waitpid(pid, 0)
        shutil.rmtree(self.folder, ignore_errors=True)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # If the recorder is gone, writing fails; the end of stdin says what to do.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    launcher = Launcher(sys.argv[1])
    gc.freeze()
    launcher.say({"ready": True})
    try:
        launcher.run()
    finally:
        launcher.end()


main()
