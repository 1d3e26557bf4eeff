"""The native module: wire engine, inventory and rules (`crates/native`), as Python sees them.

What is wrong with an argument or a capture comes as `ValueError` with one line for a person.
"""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, TypeAlias, final

_Side: TypeAlias = Literal["client", "server"]
_Bytes: TypeAlias = bytes
"""For classes that have a method of that name."""

_Kind: TypeAlias = Literal["asset", "conversation", "credential", "operation"]

_Chunk: TypeAlias = tuple[int, str, _Side, int, int, int, bytes, bool]
"""(flow, probe, side that sent, time in microseconds since 1970 UTC, number of the frame, bytes lost
before it, payload, the flow is over)"""

_V2xRecord: TypeAlias = dict[str, Any]
"""A record of `v2x_decode` and `v2x_encode`."""

_Row: TypeAlias = tuple[str, str, str | None, str | None, str | None, str | None, str | None, str]
"""A `sentinel.store.heads.Row`"""

_V2xLoaded: TypeAlias = tuple[Literal["roots", "authorities", "revocations"], int, int | None]
"""(what a list names, how many, until when it holds: microseconds since 1970 UTC, None without an end)"""

_V2xEnd: TypeAlias = tuple[str | None, str | None, int | None]
"""(hardware address, IP address, port), as far as there are any"""
_V2xFrame: TypeAlias = tuple[int, int, str, bytes, list[_V2xEnd]]
"""(frame, microseconds since 1970 UTC, layer, octets, (source, destination))"""

_NativeProbe: TypeAlias = tuple[
    str, str, bool, list[str], list[int], list[str], list[str], list[str], str, int, list[str]
]
"""(name, title, industrial, transports, ports, facts, credentials, operations, source, level, proofs)"""

class Scan:
    """A run over captures, driven step by step. One thread at a time may use it."""

    def __new__(
        cls,
        paths: Sequence[str | PathLike[str]],
        *,
        site: str = "default",
        events: str = "none",
        workers: int = 1,
        declared: Sequence[tuple[str, bool, Any]] = ...,
        filter: str | None = None,
        batch: int = 4096,
        sha256: bool = True,
        evidence: Evidence | None = None,
    ) -> Scan:
        """Open captures; `-` is standard input. Those that cannot be opened are told by `errors`.

        `events` is `none`, `notable` or `all`; `filter` is in tcpdump's words; `batch` is the number
        of packets worked on at once, which changes nothing of the outcome. `declared` are Python
        probes: (name, industrial, `sentinel.probes.contract.Signature`). `evidence` gets every packet.
        """

    def step(self, seconds: float) -> bool:
        """Work for about so many seconds, without the interpreter's lock. True at the end."""

    def stop(self) -> None:
        """End the scan where it stands: every flow is closed."""

    def clock(self) -> int | None:
        """Packet time up to which all was read, in microseconds; None before the first packet."""

    def progress(self) -> tuple[int, int, int | None]:
        """(packets, bytes read, bytes there are or None where that is not known)."""

    def chunks(self) -> list[_Chunk]:
        """Payload for Python probes since the last call, in order."""

    def observe(self, number: int, found: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Report what a probe found in chunk `number` of the last `chunks()`: (kind, values) as
        `sentinel.probes.contract.Observation` gives them by `as_tuple`."""

    def refused(self, probe: str) -> None:
        """Count a piece that a Python probe found malformed."""

    def events(self) -> EventBatch:
        """Events since the last call, in order. After `finish`, the last ones."""

    def harvest(self) -> Inventory:
        """What was observed since the last harvest, the traffic of open flows so far included, as an
        inventory for `Inventory.absorb`. Flows go on. All harvests and `finish` together give what one
        scan to the end gives."""

    def save_flows(self) -> bytes:
        """State of open flows and of what looks back in time, for `load_flows` of a later run. Harvest
        first: what was harvested of a flow is part of its state."""

    def load_flows(self, saved: bytes) -> None:
        """Go on with the flows of an earlier run: before the first packet. Bytes that are damaged or
        foreign are refused and change nothing."""

    def memory(self) -> tuple[int, int]:
        """(bytes held by flows and by what was observed since the last harvest, open flows)."""

    def sources(self) -> list[bytes]:
        """One JSON object per source, as of now; the SHA-256 is there once it was read to its end."""

    def errors(self) -> list[str]:
        """One line for each source that could not be read, or not to its end."""

    def finish(self) -> Inventory:
        """End the scan and give its observations. No other step is possible after that."""

@final
class Evidence:
    """The packets around log-ins, changing operations and alerts, kept as pcapng in a folder. Threads may
    share it."""

    def __new__(
        cls,
        folder: str | PathLike[str],
        *,
        bytes: int = 1 << 30,
        memory: int = 64 << 20,
        before: float = 10.0,
        after: float = 5.0,
    ) -> Evidence:
        """Take over a folder, made if it is not there; `ValueError` if that cannot be, or another process
        has it. `bytes` bounds all files together, `memory` the last packets held; `before` and `after` are
        seconds around the moment."""

    def see(self, batch: EventBatch) -> None:
        """Ask for the packets of log-ins, changing operations and alerts among events. The batch stays."""

    def alerts(self, alerts: Sequence[bytes]) -> None:
        """Ask for the packets of alerts, documents as `Watch.alerts` gives them."""

    def turn(self, now_us: int | None = None) -> list[tuple[str, str, int, int]]:
        """Write what is asked for and whose last packets came by now: packet time, or `now_us` where that
        is later (a quiet port has no time of its own). (id, file, number of the first packet in it, how
        many)."""

    def finish(self) -> list[tuple[str, str, int, int]]:
        """No more packets come: write all that is asked for."""

    def sync(self) -> None:
        """See to it that what was written survives a loss of power."""

    def trouble(self) -> str | None:
        """One line, once, when the disk did not take something."""

    def counters(self) -> list[tuple[str, int]]:
        """What was counted, by name."""

@final
class Live(Scan):
    """A run over network interfaces: it does what a scan of captures does, but does not end by itself.

    `step` waits for packets, at most so long, and time goes on when none come: idle flows end. `stop`
    takes no more packets and reads those the kernel still holds (0.15 s). Sources are the interfaces,
    in the order they are named. `drop_privileges` may be called as soon as it is made.
    """

    def __new__(
        cls,
        interfaces: Sequence[str],
        *,
        site: str = "default",
        events: str = "notable",
        workers: int = 1,
        declared: Sequence[tuple[str, bool, Any]] = ...,
        filter: str | None = None,
        snaplen: int = 65535,
        ring_mib: int = 64,
        promiscuous: bool = True,
        evidence: Evidence | None = None,
    ) -> Live:
        """Open all interfaces, or none. It needs CAP_NET_RAW. `snaplen` is octets taken of a packet (0:
        all), `ring_mib` mebibytes of ring for each interface. What `filter` cannot mean is left out
        inside the kernel."""

    def finish(self) -> Inventory:
        """End the run and give its observations. `counters` still answers."""

    def counters(self) -> bytes:
        """What was counted of every interface, as JSON: {name: {link, link_type, packets, bytes,
        kernel_drops, freezes, truncated, joined, tagged, down, lost}}. `link` is `up`, `no carrier`,
        `down`, `gone` or `another kind`, `down` how often it ceased to be up; `kernel_drops` and `link`
        are a second old at most. `finish` does not take them away."""

def drop_privileges(user: str | None = None) -> None:
    """Give up every capability for good and forbid to gain new ones, after becoming `user` if one is
    named. Interfaces that are open stay so. Refused while the process has more than one thread."""

def small_pages() -> bool:
    """Have the kernel give this process no huge pages (prctl PR_SET_THP_DISABLE), which would let it grow by
    far more than what it uses. False where the kernel knows no such thing."""

@final
class EventBatch:
    """Events, ready to be written: a handle, no Python object per event."""

    def __new__(cls) -> EventBatch:
        """A batch without events."""

    def __len__(self) -> int: ...
    def until(self, time: int | None = None) -> EventBatch:
        """Take the events up to a time (µs) out of the batch, as far as none later stands before them;
        all without one."""

    def split(self, n: int) -> EventBatch:
        """Take the first `n` events out of the batch."""

    def shed(self, keep: Literal["notable", "none"] | str) -> int:
        """Drop what can be done without when a queue is full; returns how many went. `notable` keeps all
        but monitoring (reads and polls that were not refused, flows that were answered), `none` nothing.
        Alerts always stay."""

    def bytes(self) -> int:
        """Approximate bytes held."""

    def join(self, other: EventBatch) -> None:
        """Take the events of another batch, which is empty afterwards, in between by time. Within each
        batch the order stays."""

    def ndjson(self, *, tag: bool = False, reveal: bool = False) -> _Bytes:
        """One flat ECS document a line. `tag` puts `"record": "event"` first; secrets are masked
        unless `reveal`."""

    def rows(self, length: int) -> tuple[dict[str, list[_Row]], _Bytes]:
        """Rows of the embedded store by the first `length` characters of their time (10 or 13), and the
        documents that cannot be rows as they are, one a line. Secrets are masked."""

@final
class Watch:
    """Rules at work on a stream of events. One thread at a time may use it."""

    def __new__(
        cls,
        rules: Sequence[tuple[str, bytes]],
        *,
        pipelines: Sequence[tuple[str, bytes]] = (),
        context: bytes = b"",
        lateness: float = 10.0,
    ) -> Watch:
        """`rules` and `pipelines` are (file name, YAML), `context` is JSON; events may come `lateness`
        seconds of event time after others and are still put in order."""

    def __len__(self) -> int:
        """How many rules are at work."""

    def refused(self) -> list[tuple[str, int, str]]:
        """What is not used: (file, line or 0, reason)."""

    def feed(self, batch: EventBatch) -> EventBatch:
        """Take the events of a batch, which is empty afterwards. Gives those whose time has come, in
        order, with what is known about them."""

    def feed_lines(self, ndjson: bytes, dataset: str | None = None) -> EventBatch:
        """Take documents, one a line; `dataset` is that of documents which name none."""

    def feed_docs(self, docs: Sequence[dict[str, Any]]) -> EventBatch:
        """Take documents as dictionaries."""

    def advance(self, now: int) -> EventBatch:
        """Time passes without events: give those whose time has come by that. `now` is the machine's clock
        in microseconds, told every second or so; what counts is how far it went since the last call. A step
        back, or of more than 90 s, moves nothing; nor does anything before the first event."""

    def clock(self) -> int | None:
        """Time (µs) before which no event will come in order any more; None before the first."""

    def finish(self) -> EventBatch:
        """No more events will come: give those that were held back."""

    def take_alerts(self) -> EventBatch:
        """Alerts since the last call, in order, as a handle: for `Chains.feed_batch`, and to be written."""

    def alerts(self, *, reveal: bool = False) -> list[bytes]:
        """Alert documents since the last call, in order; secrets are masked unless `reveal`."""

    def explain(self, rule: str, event: bytes) -> bytes:
        """Which conditions of a rule (by id, name or title) a document fits, and which not: JSON."""

    def counters(self) -> bytes:
        """What was counted, by name: JSON."""

    def reload(
        self, rules: Sequence[tuple[str, bytes]], *, pipelines: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """Put other rules in the place of these. Correlations whose definition is the same go on."""

    def assets(self, assets: bytes) -> None:
        """Replace the inventory that events are seen against, from the next tick of event time on: a
        JSON array of assets."""

    def save_baseline(self) -> bytes:
        """What was learned, to be kept between scans."""

    def load_baseline(self, saved: bytes) -> None:
        """Take up what was learned before."""

    def show_baseline(self, most: int) -> bytes:
        """What was learned, `most` conversations of it: JSON."""

    def reset_baseline(self, address: str | None = None) -> int:
        """Forget what was learned, of one address or of all; how many conversations it was of."""

    def count(self, ndjson: bytes, dataset: str | None = None) -> int:
        """How many (rule, event) pairs of documents fit. Nothing is put in order, looked up or kept."""

    def hits(self, ndjson: bytes, dataset: str | None = None) -> list[tuple[int, int]]:
        """Which rules documents fit: (line, rule), both from 0, rules as `rules` has them. As with `count`,
        nothing is put in order, looked up or kept."""

    def rules(self) -> list[tuple[str, str, str]]:
        """Detection rules at work: (file, id or what it is known by, title)."""

    def snapshot(self) -> bytes:
        """The whole state but rules and settings: events held back (as they are, secrets too) and alerts not
        taken yet included."""

    def restore(self, snapshot: bytes) -> None:
        """Take up where a snapshot was taken, with the same rules exactly there; correlations that are not
        the same begin anew. Raises ValueError, and changes nothing, for what is no snapshot of this form."""

@final
class Logs:
    """A run over Zeek logs and Suricata's EVE, driven step by step. One thread at a time may use it."""

    def __new__(
        cls,
        paths: Sequence[str | PathLike[str]],
        *,
        site: str = "default",
        events: bool = True,
        sha256: bool = True,
    ) -> Logs:
        """Look at logs; `-` is standard input. Those that are none are told by `errors`. Without
        `events`, only what the lines tell is kept."""

    def step(self, seconds: float, until: int | None = None) -> bool:
        """Work for about so many seconds, to events later than `until` (µs), or until there are
        enough of them, without the interpreter's lock. True at the end of all logs."""

    def events(self) -> EventBatch:
        """Events since the last call, by time."""

    def clock(self) -> int | None:
        """Time of the newest event in microseconds; None before the first."""

    def ahead(self) -> int | None:
        """Time of the next event in microseconds; None at the end of all logs."""

    def progress(self) -> tuple[int, int, int | None]:
        """(lines that became events, bytes read, bytes there are or None where that is not known)."""

    def sources(self) -> list[bytes]:
        """One JSON object per log, once the run is finished."""

    def errors(self) -> list[str]:
        """One line for each log that could not be read, or not to its end."""

    def warnings(self) -> list[str]:
        """One line for each log of which lines could not be read."""

    def stop(self) -> None:
        """End the run where it stands."""

    def finish(self, into: Inventory | None = None) -> Inventory:
        """End the run and add what was learnt to an inventory, a new one if none is given."""

@final
class Tails:
    """Zeek logs and Suricata's EVE followed while they are written: each line once, over rotation and
    restarts. One thread at a time may use it."""

    def __new__(
        cls,
        patterns: Sequence[str | PathLike[str]],
        *,
        site: str = "default",
        state: bytes | None = None,
        poll: float = 0.1,
        look: float = 1.0,
        leave: float = 30.0,
    ) -> Tails:
        """Follow files, folders and patterns (`*`, `?`, `[a-z]`, `**`), those that come later too, from
        where `state`, which `positions` gave, says on; without it from their beginning.

        Files are looked at every `poll` seconds and new ones searched for every `look` seconds; a rotated
        file is left when it has not grown for `leave` seconds and another has its name.
        """

    def step(self, seconds: float) -> None:
        """Read what is there for about so many seconds or until there are enough events (16,384), without
        the interpreter's lock; where nothing is there, wait that long for something."""

    def events(self) -> EventBatch:
        """Events since the last call, each log's in its order: not in the order of time."""

    def positions(self) -> bytes:
        """Positions up to which `events` gave events. Keep both together and nothing is read twice or
        lost."""

    def harvest(self) -> Inventory:
        """What was learnt since the last call. Take it after `events` and before the next step to have it
        of the same lines. A log is a source by its name: `sha256` is that of `log`, a zero and the name."""

    def clock(self) -> int | None:
        """Time of the newest event in microseconds; None before the first."""

    def counters(self) -> bytes:
        """What is counted, by the name of each log, as a JSON object: `kind`, `lines` that became events,
        `bytes`, `bad` lines and `last_bad`, `lag` (bytes not read yet), `rotations`, `truncations`, `lost`
        (rests that were not found), `dropped` values, why it is `waiting`."""

    def totals(self) -> bytes:
        """A JSON object: `files` followed, `handles` open, files `done`, those `left_out` by the bound,
        places whose file is `missing`, names beside which rotated files are `searched`; `faults`: what cannot
        be looked at and why, by path."""

    def sources(self) -> list[bytes]:
        """One JSON object per log, as far as it was read."""

def recognise_log(path: str | PathLike[str]) -> Literal["zeek", "eve", "text", "other"]:
    """What a file or standard input (`-`) is by its content; `text`: lines, but of neither kind of log;
    `other`: a capture perhaps, or nothing that can be opened."""

def crack(
    lines: Sequence[tuple[int | None, str, Sequence[str]]],
    common: Sequence[str],
    path: str | PathLike[str] | None = None,
    *,
    seconds: float = 10.0,
    threads: int = 1,
) -> tuple[list[str | None], list[tuple[str, int]]]:
    """Try passwords on hash lines: (hashcat's mode, the line, its own likeliest words). Those words come
    first, then `common`, then the file `path`, which is read and not loaded. `seconds` of a usual core bound
    the work. Returns the passwords found, in order, and counts: `lines` tried on, `unknown` ones without a
    scheme, passwords `tried`, `found`, lines left `unfinished`, words too `long`. Raises OSError if the list
    cannot be read."""

def crack_scheme(mode: int | None, line: str) -> str | None:
    """Name of the scheme by which passwords are tried on a line."""

def listed(path: str | PathLike[str], secrets: Sequence[tuple[str | None, str]]) -> list[bool]:
    """For each (name, secret): whether a file has the secret as a line, or the two as `name:secret`. Raises
    OSError if it cannot be read."""

@final
class Patterns:
    """Many regular expressions looked for in one pass: (expression, ignore case, `.` is a line end too).

    Linear in the text whatever the expressions; those it cannot say (look-around, back references) are
    left out and named by `refused`.
    """

    def __new__(cls, given: list[tuple[str, bool, bool]]) -> Patterns: ...
    def __len__(self) -> int: ...
    def refused(self) -> list[tuple[int, str]]:
        """Numbers of expressions that cannot be used, and one line why."""

    def first(self, text: str) -> tuple[int, list[str | None]] | None:
        """Number of the first expression, in the order given, that is found, with its groups; the first
        group is all that was matched."""

@final
class Inventory:
    """Observations of a scan or a store, and the records made of them."""

    def __new__(cls) -> Inventory:
        """An inventory without observations."""

    def merge(self, observations: _Bytes) -> None:
        """Add observations that `observations()` gave, of sources not held yet."""

    def unnamed(self, most: int) -> list[tuple[str, str, str, int]]:
        """TCP and UDP flows without a protocol: (client, server, transport, port), the largest first."""

    def name(self, client: str, server: str, transport: str, port: int, protocol: str, by: str) -> bool:
        """Gives such a flow a protocol, as `by` says, before assets are worked out. False if there is
        no such flow."""

    def absorb(self, harvest: Inventory) -> None:
        """Add what a harvest gave, which stays as it is. A total is kept within its bounds by it; a harvest
        that another is added to stays a harvest."""

    def assess(self, assess: Callable[[_Bytes], _Bytes]) -> None:
        """Have every new credential judged: a JSON array goes in, one of assessments comes back."""

    def count(self, name: str, number: int) -> None:
        """Add to a counter of `limits`."""

    def observations(self) -> _Bytes:
        """The observations for a store; every credential must have been assessed."""

    def derive(
        self,
        ledger: Sequence[tuple[str, str]] | None,
        describe: Callable[[_Bytes], _Bytes],
        vendors: Callable[[list[_Bytes]], Sequence[str | None]],
        until: str | None = None,
    ) -> list[tuple[str, str]]:
        """Work out assets. `ledger` is (identity, id) in order of first sight; `describe` takes a
        JSON array of profiles and gives one of meanings; `vendors` takes hardware addresses of six
        bytes and gives a name or None for each. Returns what to add to the ledger. Answers are
        remembered; those that hang on a certificate are asked for anew when `until` is another."""

    def update(
        self,
        describe: Callable[[_Bytes], _Bytes],
        vendors: Callable[[list[_Bytes]], Sequence[str | None]],
        until: str | None = None,
    ) -> tuple[list[tuple[str, str]], list[str]]:
        """`derive` with the ledger that this inventory keeps. Returns what was added to it, and the
        identities that were dropped from it since they would be given the same id again."""

    def ledger(self, entries: Sequence[tuple[str, str]]) -> None:
        """Take up the ledger that `update` goes on with."""

    def limit(self, table: str, most: int) -> None:
        """Bound a table for `absorb`: `hosts`, `facts`, `facts_per_host`, `services`, `bindings`,
        `conversations`, `operations`, `credentials`, or `text` in bytes."""

    def bytes(self) -> int:
        """Approximate bytes held."""

    def records_changed(self, kind: _Kind | str) -> tuple[list[tuple[str, _Bytes]], list[str]]:
        """Records of a kind that are new or changed since `kept(kind)` was called, as (key, JSON
        document), and the keys of those that are gone. An asset's key is its id, that of others a hash of
        what tells them apart. At first all are new: what else a store holds is gone."""

    def kept(self, kind: _Kind | str) -> None:
        """A store has kept what `records_changed(kind)` gave last."""

    def totals(self) -> list[tuple[str, int]]:
        """How many `assets`, `conversations`, `credentials` and `operations` there are."""

    def counters(self) -> tuple[_Bytes, _Bytes]:
        """`limits` and `parse_errors` as two JSON objects."""

    def records(self, kind: _Kind | str, limit: int | None = None) -> list[_Bytes]:
        """Records of a kind as JSON documents. With `limit`, at most so many, assets in order of
        interest."""

    def write(
        self, kind: _Kind | str, write: Callable[[_Bytes], object], separator: _Bytes, tag: bool
    ) -> int:
        """Write all records of a kind in large pieces with `separator` between them; `tag` puts
        `"record": kind` first. Returns how many there were."""

    def sources(self) -> _Bytes:
        """Sources known, as a JSON array of name, sha256 and site."""

@final
class Chains:
    """Alerts in, attack chains out (`crates/detect/src/chain`). The same alerts give the same chains,
    however they come in batches."""

    def __new__(cls, *, stages: bytes, settings: bytes | None = None) -> Chains:
        """`stages` is the stage table and `settings` an object of settings, both JSON."""

    def feed(self, alerts: Sequence[bytes]) -> None:
        """Take in alert documents."""

    def feed_batch(self, alerts: EventBatch) -> None:
        """Take in the alerts of a batch (`Watch.take_alerts`), which keeps them."""

    def feed_lines(self, ndjson: bytes) -> None:
        """Take in alert documents, one a line."""

    def assets(self, assets: bytes) -> None:
        """Replace the assets whose addresses alerts may have that do not name them: a JSON array of asset
        documents. They are no part of a snapshot."""

    def finish(self) -> None:
        """Work on what waits for earlier alerts: none will come."""

    def advance(self, time: int) -> None:
        """Let event time pass (microseconds since 1970 UTC, `Watch.clock`): what waits is worked on as no
        earlier alert comes, and idle chains close."""

    def changed(self) -> list[bytes]:
        """Documents of chains that changed since the last call; merged and closed ones too."""

    def all(self) -> list[bytes]:
        """Documents of all chains, the highest score first."""

    def counters(self) -> bytes:
        """What was seen, left out and given up, as a JSON object."""

    def memory(self) -> tuple[int, int]:
        """(octets held, octets that may be held at most)."""

    def snapshot(self) -> bytes:
        """The state as bytes, without settings and stage table."""

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot; what is none is refused and changes nothing."""

@final
class Sm2Key:
    """An SM2 private key, set up once: signing with it takes a third of the time of `sm2_sign`. Any thread
    may use it. It is overwritten when it is dropped, and does not pickle or print."""

    def __new__(cls, secret: bytes) -> Sm2Key:
        """`secret` is 32 octets of a number from 1 to n - 2."""

    @staticmethod
    def generate() -> Sm2Key:
        """A new key, from the system's random generator."""

    def secret(self) -> bytes:
        """The private key, 32 octets."""

    def public(self) -> bytes:
        """The public key, 65 octets: 04, x, y."""

    def sign(self, id: bytes, message: bytes) -> bytes:
        """Sign e = SM3(ZA || message), `id` being the signer's distinguishing identifier: DER of SEQUENCE
        {r, s}. `1234567812345678` is the one of GM/T 0009."""

    def sign_many(self, id: bytes, messages: Sequence[bytes]) -> list[bytes]:
        """Sign messages as `sign` does, each in two thirds of the time."""

    def sign_digest(self, e: bytes) -> bytes:
        """Sign a digest of 32 octets: r || s, 64 octets."""

    def decrypt(self, octets: bytes, *, der: bool = False) -> bytes:
        """The message of a ciphertext: C1 || C3 || C2, or with `der` SM2Cipher (GM/T 0009)."""

@final
class Sm3:
    """SM3 (GB/T 32905) over pieces, as `hashlib` has its digests."""

    def __new__(cls, data: bytes | None = None) -> Sm3: ...
    def update(self, data: bytes) -> None:
        """Add data."""

    def copy(self) -> Sm3:
        """A second digest that goes on from here."""

    def digest(self) -> bytes:
        """The digest so far, 32 octets."""

def sm2_generate() -> bytes:
    """A new private key, 32 octets."""

def sm2_public(secret: bytes) -> bytes:
    """The public key of a private one, 65 octets: 04, x, y."""

def sm2_compress(public: bytes) -> bytes:
    """A public key as 33 octets: 02 or 03, x. Either form is read, and checked to be on the curve."""

def sm2_decompress(public: bytes) -> bytes:
    """A public key as 65 octets: 04, x, y. Either form is read, and checked to be on the curve."""

def sm2_digest(public: bytes, id: bytes, message: bytes) -> bytes:
    """e = SM3(ZA || message), what is signed (GB/T 32918.2, section 5.5)."""

def sm2_sign(secret: bytes, id: bytes, message: bytes) -> bytes:
    """`Sm2Key.sign` for one signature."""

def sm2_sign_digest(secret: bytes, e: bytes) -> bytes:
    """`Sm2Key.sign_digest` for one signature."""

def sm2_signature_der(raw: bytes) -> bytes:
    """r || s as DER."""

def sm2_signature_raw(der: bytes) -> bytes:
    """DER, in its one form, as r || s. It is not checked to be a signature of anything."""

@final
class P256Key:
    """A private key on P-256, set up once. Any thread may use it. It does not pickle or print."""

    def __new__(cls, secret: bytes, public: bytes) -> P256Key:
        """`secret` is 32 octets, `public` 04, x, y; `ValueError` if one is not the other's."""

    def sign_many(self, messages: Sequence[bytes]) -> list[bytes]:
        """ECDSA signature (DER) over the SHA-256 of each message."""

def plain_requests(
    requests: Sequence[bytes],
) -> list[
    tuple[
        tuple[tuple[tuple[str, str], ...], bytes, str],
        tuple[bytes, str, bytes, str, bytes],
        list[tuple[bytes, bytes]],
        tuple[bytes, bytes, bytes],
    ]
    | None
]:
    """PKCS#10 requests in the form that devices send, each read and its proof verified, without the
    interpreter's lock: a key of SM2 or on P-256, a subject written as the CA writes it, no attribute but
    extensions, signed with SM2 and SM3 or ECDSA and SHA-256. None for any other, and where the proof does
    not hold.

    Of each: subject (attributes, DER, text); key (SubjectPublicKeyInfo, algorithm, point, SHA-256 of the
    first in hexadecimal, key identifier); extensions (contents of the object identifier, value); what is
    signed, the AlgorithmIdentifier, the signature.
    """

def pem_encode(label: str, der: bytes) -> str:
    """One block of PEM (RFC 7468), lines of 64 characters."""

def pem_decode(label: str, text: str) -> bytes | None:
    """The octets of a text that is one block with this label, as `pem_encode` writes it. None for any other:
    `sentinel.ca.files.unpem` reads what may be PEM all the same."""

def p256_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an ECDSA signature (DER) over the SHA-256 of a message is of a key on P-256 (04, x, y)."""

def sm2_verify(public: bytes, id: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature (DER) over a message holds. A key that is no point is a `ValueError`; whatever is
    wrong with the signature is False."""

def sm2_verify_digest(public: bytes, e: bytes, signature: bytes) -> bool:
    """Whether a signature (r || s) over a digest holds."""

def sm2_verify_many(cases: Sequence[tuple[bytes, bytes, bytes]], threads: int = 1) -> list[bool]:
    """Whether signatures hold: (public key in either form, e, r || s) each, without the interpreter's lock,
    on so many threads at most. A key that is no point holds nothing."""

def sm2_encrypt(public: bytes, message: bytes, *, der: bool = False) -> bytes:
    """Encrypt a message of one octet at least: C1 || C3 || C2, or with `der` SM2Cipher (GM/T 0009)."""

def sm2_decrypt(secret: bytes, octets: bytes, *, der: bool = False) -> bytes:
    """`Sm2Key.decrypt` for one message."""

def sm3(data: bytes) -> bytes:
    """SM3 of data, 32 octets."""

def sm4_ecb(key: bytes, data: bytes, *, decrypt: bool = False) -> bytes:
    """SM4 over whole blocks of 16 octets, each for itself, without padding."""

def sm4_cbc(key: bytes, iv: bytes, data: bytes, *, decrypt: bool = False) -> bytes:
    """SM4 over whole blocks of 16 octets, chained, without padding."""

def sm4_ctr(key: bytes, counter: bytes, data: bytes) -> bytes:
    """SM4 in counter mode, both ways; `counter` is the first block, of 16 octets."""

def sm4_ccm_seal(key: bytes, nonce: bytes, data: bytes, additional: bytes | None = None) -> bytes:
    """Ciphertext and tag of 16 octets; the nonce has 12 (RFC 8998). A nonce serves a key once."""

def sm4_ccm_open(key: bytes, nonce: bytes, data: bytes, additional: bytes | None = None) -> bytes:
    """The text of `sm4_ccm_seal`; ValueError if the tag does not agree."""

def v2x_message_kind(octets: bytes, family: str = "day1") -> str:
    """Kind of the message: bsm, map, spat, rsi, rsm (family day1), cam, denm (family etsi). ValueError with
    one line if the octets are no whole message of the family."""

def v2x_message_decode(octets: bytes, kind: str) -> dict[str, Any]:
    """Fields of a message by their names in the standard, in JSON nearly as X.697 has it: octets in hex,
    bits as {"value": hex, "length": bits}, or in hex alone where their size is fixed and the field is
    not optional; a choice as {name: value}, an enumeration by name. ValueError with one line if it is no
    message of this kind, or longer than 65,535 octets."""

def v2x_message_encode(kind: str, fields: dict[str, Any]) -> bytes:
    """The message in UPER. ValueError if a field is missing, unknown or out of its range."""

def v2x_observation(
    octets: bytes, received: float, signer: str = "", family: str = "day1", tai_ahead: float = 5.0
) -> tuple[Any, ...]:
    """The fields of `sentinel.v2x.messages.Observation` in its order. `tai_ahead`: seconds that counts of
    TAI since 2004 are ahead of UTC. ValueError if the octets are no whole message of the family."""

def log_sources(dataset: str) -> list[tuple[str, str, str]]:
    """Log sources of events of a dataset: (product, service, category), "" where one is not said. A rule
    is meant for them if all that it says is said by one of these. None: of unknown origin, every rule is."""

def check_filter(text: str) -> None:
    """Raise `ValueError` if a filter in tcpdump's words cannot be understood."""

def native_probes() -> list[_NativeProbe]:
    """The probes written in Rust."""

@final
class HttpRequest:
    """One request of the CA's server; answered once, or refused with 500 when it is dropped."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str:
        """As it was sent: percent-encoded. For OCSP by GET the body holds what the path encodes."""

    @property
    def query(self) -> str: ...
    @property
    def headers(self) -> list[tuple[str, str]]:
        """Those that are handed on, names in lower case."""

    def header(self, name: str) -> str:
        """The first field of a name in lower case, or an empty text."""

    @property
    def body(self) -> bytes: ...
    @property
    def peer(self) -> str:
        """The client's address."""

    @property
    def tls(self) -> bool: ...
    @property
    def certificate(self) -> bytes | None:
        """The client's certificate, DER: it holds the key, and nothing else is known."""

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for the answer."""

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> bool:
        """Answer; False if the client is gone, or was answered before."""

@final
class HttpServer:
    """The CA's HTTP server; listens from its making on. OSError if it cannot, ValueError for settings,
    chain or key that are wrong (PEM; the key PKCS#8 in the open)."""

    def __new__(
        cls, settings: dict[str, Any], chain: bytes | None = None, key: bytes | None = None
    ) -> HttpServer: ...
    @property
    def addresses(self) -> list[str]:
        """host:port of each listener with TLS."""

    @property
    def plain_addresses(self) -> list[str]: ...
    def take(self, lane: int, max: int, timeout: float, gather: float) -> list[HttpRequest] | None:
        """Up to `max` requests of a lane, none after `timeout` seconds; None once the server has stopped.
        When there is one, `gather` seconds are waited for more."""

    def put_document(
        self, path: str, body: bytes, content_type: str, etag: str, modified: int, fresh_until: int
    ) -> None:
        """Serve a document. Times are seconds since 1970, `etag` has its quotes."""

    @property
    def status_age(self) -> int:
        """How often OCSP answers were cleared; read before one is worked out."""

    def put_status(
        self, request: bytes, body: bytes, headers: list[tuple[str, str]], until: int, age: int
    ) -> bool:
        """Answer this OCSP request so until a time, unless answers were cleared since `age`."""

    def clear_status(self) -> None: ...
    def identify(self, chain: bytes, key: bytes) -> None:
        """Replace the server's certificate for connections to come."""

    def metrics(self) -> dict[str, int]: ...
    def stop(self, grace: float) -> None:
        """Accept nothing more, wait for answers for `grace` seconds, end. Others must go on answering."""

@final
class V2xKey:
    """A private key of a vehicle, a roadside unit or a role of its PKI: P-256 in profile `1609.2`, SM2 in
    `ydt3957`. It signs and decrypts. Any thread may use it; it is overwritten when it is dropped, and does
    not pickle or print."""

    def __new__(cls, profile_name: str, secret: bytes) -> V2xKey:
        """`secret` is 32 octets."""

    @staticmethod
    def generate(profile_name: str) -> V2xKey:
        """A new key, from the system's random generator."""

    def secret(self) -> bytes:
        """The private key, 32 octets."""

    def public(self) -> bytes:
        """The public key, 33 octets: 02 or 03, x."""

    def certificate(self, to_be_signed: _V2xRecord, issuer: bytes | None = None) -> bytes:
        """An explicit certificate of a ToBeSignedCertificate. `issuer` is the certificate of this key;
        without it the certificate signs itself."""

    def message(
        self, message: bytes, header: _V2xRecord, certificate: bytes, *, attach: bool = False
    ) -> bytes:
        """A signed message around a message (`v2x_unsecured`). `header` is a HeaderInfo, `certificate` that
        of this key: it goes with the message when `attach` is true, otherwise its HashedId8."""

    def request(self, pdu: _V2xRecord, certificate: bytes | None = None) -> bytes:
        """A message with a SignedCertificateRequest of a ScmsPdu. Without a certificate the signer is
        `self`: the key is the one that a certificate is asked for."""

    def root_list(self, to_be_signed: _V2xRecord, certificate: bytes) -> bytes:
        """A RootCtl of a ToBeSignedRootCtl."""

    def domain_list(self, to_be_signed: _V2xRecord, certificate: bytes) -> bytes:
        """A PkiCtl of a ToBeSignedPkiCtl."""

    def decrypt(self, octets: bytes, id: bytes | None = None, digest: bytes | None = None) -> bytes:
        """What was encrypted for this key (`v2x_encrypt`). `id` and `digest` are the HashedId8 and the hash
        of the certificate that the sender had the key from; without them it had the key otherwise."""

    def expand(self, key: bytes, i: int, j: int, *, encryption: bool = False) -> V2xKey:
        """Butterfly: the private key `j` of period `i`, with the expansion key of 16 octets."""

    def blind(self, number: bytes) -> V2xKey:
        """The private key of a certificate whose authority added a number of 32 octets (`v2x_blind`)."""

def v2x_decode(profile_name: str, kind: str, octets: bytes) -> Any:
    """Read a structure, in its one canonical encoding: a record is a dict, a choice a pair of name and
    value, an enumerated name a str, octets are bytes. Names are those of IEEE 1609.2 in both profiles (`psid`
    for YD/T 3957's `aid`). What no table knows stays as it is: see `crates/native/src/v2x/value.rs`. Kinds:
    Certificate, ToBeSignedCertificate, Data, ToBeSignedData, HeaderInfo, EncryptedData, Signature,
    PublicVerificationKey, PublicEncryptionKey, GeographicRegion, CrlContents, CrlSsp, RootCtl,
    ToBeSignedRootCtl, PkiCtl, ToBeSignedPkiCtl, EtsiList, ScmsPdu, SignedCertificateRequest, ScmsSsp."""

def v2x_encode(profile_name: str, kind: str, value: Any) -> bytes:
    """Write a structure; what does not fit its type is a `ValueError` that names the component."""

def v2x_certificate(profile_name: str, octets: bytes) -> dict[str, Any]:
    """Parts of a certificate: hash, id8, implicit, issuer (HashedId8, None if it signs itself), start
    (Time32), seconds (of validity), psids, curve, public (compressed, None if it is implicit),
    encryption_public, to_be_signed."""

def v2x_message(profile_name: str, octets: bytes) -> dict[str, Any]:
    """Parts of a message: kind is unsecured, signed, encrypted or request; payload; of a signed one also
    message, psid, generation_time and expiry_time (Time64), signer (HashedId8 or None), certificates."""

def v2x_verify_certificate(profile_name: str, octets: bytes, issuer: bytes | None = None) -> str | None:
    """Why a certificate is not signed by its issuer, or by itself without one; None if it is. What the
    issuer may issue is not looked at."""

def v2x_verify(profile_name: str, octets: bytes, certificate: bytes) -> str | None:
    """Why a message is not signed by a certificate's holder; None if it is."""

def v2x_verify_structure(
    profile_name: str, kind: str, octets: bytes, certificate: bytes | None = None
) -> dict[str, Any]:
    """Read a RootCtl, a PkiCtl or a SignedCertificateRequest, whose signature must hold: of a certificate's
    holder, or of a request with the key that it has."""

def v2x_unsecured(profile_name: str, payload: bytes) -> bytes:
    """A message with octets that nothing secures: what `V2xKey.message` signs."""

def v2x_encrypt(profile_name: str, plain: bytes, recipients: list[tuple[bytes, bytes, bytes]]) -> bytes:
    """A message that (HashedId8 of the certificate, its encryption key, its hash) each can read. A recipient
    without a certificate is (b"", key, b"")."""

def v2x_expand(
    profile_name: str, seed: bytes, key: bytes, i: int, j: int, *, encryption: bool = False
) -> bytes:
    """Butterfly: the public key `j` of period `i` of a seed key, with the expansion key of 16 octets."""

def v2x_blind(profile_name: str, key: bytes, number: bytes) -> bytes:
    """A public key with a number of 32 octets added: the one an authority certifies."""

def v2x_seed(profile_name: str, authority: bytes, seed: bytes, periods: int = 1) -> bytes:
    """The linkage seed so many periods later; an authority's number is 2 octets, a seed 16."""

def v2x_pre_linkage(profile_name: str, authority: bytes, seed: bytes, j: int) -> bytes:
    """What one authority adds to the linkage value of certificate `j` in the seed's period: 9 octets."""

def v2x_linkage(one: bytes, other: bytes) -> bytes:
    """The linkage value of two authorities' parts."""

def v2x_hash(profile_name: str, octets: bytes) -> bytes:
    """The profile's hash: SHA-256 or SM3."""

def v2x_time32(posix: float, *, utc: bool = False) -> int:
    """Time32 of a POSIX time: seconds of TAI since 2004, or with `utc` without leap seconds."""

def v2x_time64(posix: float, *, utc: bool = False) -> int:
    """Time64 of a POSIX time: the same in microseconds."""

def v2x_posix(time64: int, *, utc: bool = False) -> float:
    """POSIX time of a Time64."""

V2xIssued: TypeAlias = tuple[bytes, bytes, bytes, bytes, int, bytes, bytes, bytes, bytes, int, int]
"""A pseudonym that was made: the answer to the registration authority, the certificate, its digest and its
key (compressed); period, linkage value and the two halves of it; HashedId8 of the request; from when and
until when it is valid (Time32)."""

class V2xIssuer:
    """The pseudonym CA, set up for a batch. Any thread may use it."""

    def __new__(
        cls,
        profile: str,
        key: V2xKey,
        certificate: bytes,
        shared: Sequence[bytes],
        craca: bytes,
        series: int,
        time: int,
        aid: int,
        valid: tuple[int, int],
        hours: int,
    ) -> V2xIssuer:
        """`key` and `certificate` are the CA's, `shared` the keys of 16 octets that linkage authorities hide
        their values with, `craca` HashedId3; `time` is the Time32 of its answers, `aid` their application,
        `valid` between which times it may say that certificates are valid, `hours` how long at the most."""

    def issue(self, requests: Sequence[bytes], threads: int = 1) -> list[V2xIssued | str]:
        """What was made of each RaAcaCertRequest (ScmsPdu), without the interpreter's lock, on so many
        threads at the most; a text that says why where one is refused."""

class V2xCaterpillar:
    """A vehicle's private keys and expansion keys (16 octets), as its order was made with them."""

    def __new__(
        cls,
        profile: str,
        signing: V2xKey,
        signing_expansion: bytes,
        encryption: V2xKey,
        encryption_expansion: bytes,
    ) -> V2xCaterpillar: ...
    def receive(self, answer: bytes, authority: bytes, i: int, j: int) -> tuple[bytes, bytes]:
        """Certificate and private key (32 octets) of the pseudonym CA's answer for pseudonym j of period i.
        `ValueError` unless the CA whose certificate is given has signed answer and certificate, and the
        certificate is of the vehicle's key."""

def v2x_linkage_answer(
    profile: str,
    authority: bytes,
    first: int,
    seed: bytes,
    shared: bytes,
    own: bytes,
    chain: bytes,
    start: int,
    periods: int,
    count: int,
) -> bytes:
    """A linkage authority's answer (laPraLinkageValueResponse): values 1 to `count` of each of `periods`
    periods from `start` on, hidden with the `shared` key, of a chain with a seed in period `first`; its
    name is hidden with the authority's `own` key. Keys and seeds are 16 octets, `authority` 2."""

def v2x_open_shared(profile: str, octets: bytes, key: bytes) -> bytes:
    """What is in an EncryptedData that was hidden with a shared key."""

def v2x_expand_all(
    profile_name: str,
    tbs: bytes,
    signing: bytes,
    signing_expansion: bytes,
    encryption: bytes,
    encryption_expansion: bytes,
    time: int,
    periods: Sequence[tuple[int, int]],
    count: int,
    linkage: tuple[bytes, bytes],
) -> list[bytes]:
    """A registration authority's requests to the pseudonym CA (raAcaCertRequest), for each period (number,
    Time32 of its start) 1 to `count`. `tbs` is a ToBeSignedCertificate of all of them, keys are compressed,
    `linkage` the answers of the two linkage authorities."""

@final
class V2xVerifier:
    """Whom to trust, who is revoked, what was received: verification of messages (`crates/v2x/src/verify`).
    One thread at a time may use it.

    `position` is the receiver's, (latitude, longitude) in degrees; `aids` a table in the form of
    crates/v2x/data/aid.tsv that wins over it; `strict` refuses payloads that are not of their aid's grammar;
    `scale`, tai or utc, says whether times count leap seconds. Times are microseconds since 1970 UTC.
    An outcome has kind, verdict, reason, detail, aid, signer, hashed_id8, generation_time, ask."""

    def __new__(
        cls,
        *,
        position: tuple[float, float] | None = None,
        aids: str | None = None,
        strict: bool = False,
        scale: str = "tai",
    ) -> V2xVerifier: ...
    def add_anchor(self, octets: bytes) -> _V2xLoaded:
        """Takes a root list whose signer is known, a signed list of ETSI, or root certificates."""

    def add_domain_list(self, octets: bytes) -> _V2xLoaded:
        """Takes a domain's list of authorities, whose signer is known."""

    def add_certificates(self, octets: bytes) -> int | None:
        """Takes certificates to look for signers and issuers in; they are trusted by their chains only.
        How many; None if the octets are none."""

    def add_crl(self, octets: bytes) -> _V2xLoaded:
        """Takes a list of revocations of someone who is trusted."""

    def receive(self, token: int, octets: bytes, posix: int) -> list[tuple[int, dict[str, Any]]]:
        """Outcomes that are decided now: of this message unless it waits, and of those that waited."""

    def finish(self) -> list[tuple[int, dict[str, Any]]]:
        """Outcomes of all that still wait."""

    def certificate(self, octets: bytes, posix: int) -> dict[str, Any]:
        """The outcome of a certificate that is given for itself."""

    def counts(self) -> dict[str, int]:
        """What was done, what is kept, what was dropped."""

def v2x_sniff(
    octets: bytes,
) -> Literal["certificate", "message", "etsi-list", "root-list", "domain-list"] | None:
    """What octets are; None if nothing that is known."""

@final
class V2xFrames:
    """Secured messages of a capture or of interfaces: over GeoNetworking, WSMP, DSMP, UDP, MQTT, or bare."""

    def __new__(cls, path: str | PathLike[str]) -> V2xFrames: ...
    @staticmethod
    def live(interfaces: Sequence[str]) -> V2xFrames:
        """Listen on interfaces, which needs CAP_NET_RAW. Nothing is sent."""

    def next(self) -> list[_V2xFrame] | None:
        """The next messages; None at the end. Of interfaces there may be none for now (200 ms)."""

    def close(self) -> None:
        """Take no more packets of interfaces: what the kernel holds still comes, then the end."""

    def warnings(self) -> list[str]:
        """What was wrong with the capture so far."""

def v2x_bench(
    algorithm: str,
    mode: str,
    seconds: float,
    posix: int,
    seed: int,
    payloads: list[bytes],
    yardstick: Callable[[], None],
    *,
    rate: int | None = None,
    flood: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Verifies traffic that it makes: algorithm sm2 or p256, mode known, fresh or flood (rate, signers).
    Without a rate as fast as it goes, `yardstick` called between slices; with one by the clock, from the
    moment of each arrival."""
