"""The way of the data, spelled out once: sources -> observations -> inventory, and sources -> events ->
rules -> alerts; both -> store and report.

Reading this page is reading the map: it is one on purpose, whatever its length. Work per packet is done by
`sentinel._native`; what is called here is called once a batch or once a scan.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentinel.errors import UserError

if TYPE_CHECKING:
    from sentinel._native import EventBatch, Inventory, Logs, Scan
    from sentinel.config.sections import EvidenceSettings
    from sentinel.model.store import Keyed, Store, Writer, Written
    from sentinel.probes.runner import Runner
    from sentinel.rules.engine import Rules
    from sentinel.rules.zones import Zones
    from sentinel.sources.evidence import Keeper

RECORDS = ("asset", "conversation", "credential", "operation")
"""Kinds of records an inventory gives, in the order of the document."""

MAX_REFUSED = 20
"""Lines about documents that a store refused."""

STEP_SECONDS = 0.1
"""Wall-clock seconds of native work between two looks at progress, interrupts and outside probes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a scan is asked for. Defaults are those of the command line."""

    site: str = "default"
    events: str = "none"
    workers: int = 1
    filter: str | None = None
    again: bool = False
    reveal: bool = False
    passwords: Path | None = None
    password_seconds: float = 10.0
    """Seconds of a usual core for which passwords of challenge and response are guessed offline."""
    known: Path | None = None
    packs: bool = False
    """Whether the rule packs that come with the program are evaluated."""
    rules: tuple[Path, ...] = ()
    """Files and folders of rules beside the packs."""
    zones: Zones | None = None
    learning_days: float = 7.0
    """Observed days after which what was never seen is new."""
    baseline: bytes | None = None
    """What was learned before, as a store keeps it."""
    assets: Callable[[], Iterable[dict[str, Any]]] = tuple
    """Gives the records of the inventory that rules know before the first packet."""
    evidence: EvidenceSettings | None = None
    """Where the packets around log-ins, changing operations and alerts are kept."""
    deep: bool = False
    """Whether tshark is asked for flows that no probe knows."""
    key: bytes | None = None
    """Key of the keyed hash of secrets; without one, secrets are named s1, s2 … by first sight."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is. `total` is None where the size is not known (a pipe)."""

    packets: int
    """Packets, and lines of logs."""
    read: int
    total: int | None


@dataclass(slots=True)
class Result:
    """What a scan gave: the inventory, one record per source, and what went wrong on the way."""

    inventory: Inventory
    sources: list[dict[str, Any]]
    errors: list[str] = field(default_factory=list)
    interrupted: bool = False
    skipped: list[str] = field(default_factory=list)
    """Sources a store held already, by name."""
    alerts: list[bytes] = field(default_factory=list)
    """Alert documents in the order of their making."""
    chains: list[bytes] = field(default_factory=list)
    """Chain documents, the highest score first."""
    baseline: Callable[[], bytes | None] = lambda: None
    """Gives what the rules learned is usual, to be kept."""
    warnings: list[str] = field(default_factory=list)
    """One line for each rule that was not used."""
    counted: dict[str, int] = field(default_factory=dict)
    """What the rules counted."""

    @property
    def until(self) -> str | None:
        """Time of the last packet, RFC 3339."""
        return max((s["last"] for s in self.sources if "last" in s), default=None)


def scan(
    files: list[str],
    options: Options,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_events: Callable[[EventBatch], None] | None = None,
    on_alerts: Callable[[list[bytes]], None] | None = None,
) -> Result:
    """Read captures and logs to their end, or to Ctrl-C, and work out the inventory of what was read.

    What a file is, its content says; all are read as one stream by time. Events meet the rules, if there
    are any; `on_events` gets them in their order, `on_alerts` the alerts as they are made. Bad sources
    do not stop the others: their line is in `errors`, what could be read of them is kept. Raises
    `UserError` when there was nothing to read at all.
    """
    from sentinel._native import Inventory, Logs, Scan
    from sentinel.probes.runner import Runner, declared
    from sentinel.sources.together import divide

    captures, texts = divide(files)
    if options.deep:
        from sentinel.sources.tshark import program

        program()
    keeper = _keeper(options)
    known = rules(options, foreign=bool(texts))
    stream = Stream(known, on_events, on_alerts, reveal=options.reveal, keeper=keeper)
    mode = stream.mode(options.events)
    run = runner = logs = None
    try:
        if captures or not texts:
            run = Scan(
                captures,
                site=options.site,
                events=mode,
                workers=options.workers,
                declared=declared(),
                filter=options.filter,
                evidence=keeper.native if keeper else None,
            )
            runner = Runner(run)
    except ValueError as error:
        raise UserError(str(error)) from None
    if texts:
        logs = Logs(texts, site=options.site, events=mode != "none")
    interrupted, inventory = _read(run, runner, logs, on_progress, stream)
    if logs:
        inventory = logs.finish(inventory or Inventory())
    assert inventory is not None
    stream.finish()
    both = [part for part in (run, logs) if part]
    sources = [json.loads(line) for part in both for line in part.sources()]
    errors = [line for part in both for line in part.errors()]
    result = Result(inventory, sources, [*errors, *(runner.faults if runner else ())], interrupted)
    result.alerts, result.counted = stream.alerts, stream.counted()
    result.baseline = stream.baseline
    result.warnings = [*stream.refused, *(logs.warnings() if logs else ())]
    if options.known is not None:
        from sentinel.inventory import banners

        result.warnings += banners.load(options.known).warnings
    if keeper:
        keeper.finish()
        result.warnings += keeper.warnings
        result.counted |= keeper.counted()
    if options.deep and not interrupted:
        from sentinel.inventory import deep

        counted, lines = deep.name(inventory, captures)
        result.counted |= counted
        asked, named = counted["deep_flows"], counted["deep_named"]
        result.warnings += [f"deep: {named} of {asked} flows without a probe were named by tshark", *lines]
    nothing = not any(s["packets"] or s.get("records") for s in sources) and not interrupted
    if nothing and len(result.errors) == 1:
        raise UserError(result.errors[0])
    assess(inventory, options)
    return result


def _keeper(options: Options) -> Keeper | None:
    from sentinel.sources.evidence import Keeper

    return Keeper(options.evidence) if options.evidence and options.evidence.folder else None


def _read(
    run: Scan | None,
    runner: Runner | None,
    logs: Logs | None,
    on_progress: Callable[[Progress], None],
    stream: Stream,
) -> tuple[bool, Inventory | None]:
    """Drive captures and logs to their end. Returns True if a person stopped it, and what the captures
    gave. Logs follow the captures' time, so that events come as if all were one source."""
    from sentinel._native import EventBatch
    from sentinel.sources.together import follow

    inventory: Inventory | None = None
    held = EventBatch()
    interrupted = False
    while not interrupted and (run or logs):
        try:
            until: int | None = None
            if run and runner and inventory is None:
                done = run.step(STEP_SECONDS)
                runner.turn()
                held.join(stream.read(run.events()))
                until = run.clock()
                if done:
                    inventory, until = run.finish(), None
                    held.join(stream.read(run.events()))
                elif until is None:
                    continue
            if logs is None:
                stream.take(held.until())
                on_progress(_progress(run))
            else:
                for batch in follow(logs, held, until, STEP_SECONDS):
                    stream.take(batch)
                    on_progress(_progress(run, logs))
            if inventory is not None or run is None:
                break
        except KeyboardInterrupt:
            interrupted = True
    if interrupted and logs:
        logs.stop()
    if run and runner and inventory is None:
        run.stop()
        runner.turn()
        held.join(stream.read(run.events()))
        inventory = run.finish()
        held.join(stream.read(run.events()))
    stream.take(held.until())
    return interrupted, inventory


def _progress(*parts: Scan | Logs | None) -> Progress:
    """How far all parts are together."""
    each = [part.progress() for part in parts if part]
    totals = [total for *_, total in each if total is not None]
    total = sum(totals) if len(totals) == len(each) else None
    return Progress(sum(p for p, *_ in each), sum(read for _, read, _ in each), total)


def rules(options: Options, *, foreign: bool = False) -> Rules | None:
    """The rules a scan is asked for; None if there are none at all. With `foreign`, alerts of other
    detectors may be among the events: then an engine is there without rules too."""
    from sentinel.rules import baselines, context
    from sentinel.rules.engine import Rules, load

    files = load(options.rules, packs=options.packs)
    if not files and not foreign:
        return None
    known = context.settings(
        zones_file=options.zones,
        site=options.site,
        assets=options.assets(),
        learning_days=options.learning_days,
        learn=not options.again,
    )
    made = Rules(files, context=known)
    baselines.load(made.watch, options.baseline, f"baseline of {options.site}")
    return made


def story(alerts: Iterable[list[bytes]], inventory: Inventory, options: Options) -> list[bytes]:
    """Attack chains of alerts that come by time, over the assets of an inventory."""
    from sentinel.rules import chains

    engine = chains.make(networks=options.zones.own(options.site) if options.zones else ())
    known_assets = False
    for some in alerts:
        if not known_assets:
            engine.assets(b"[" + b",".join(inventory.records("asset")) + b"]")
            known_assets = True
        engine.feed(some)
    engine.finish()
    return list(engine.all())


class Stream:
    """The way of events within a scan: through the rules, if there are any, to those who want them."""

    def __init__(
        self,
        rules: Rules | None,
        on_events: Callable[[EventBatch], None] | None,
        on_alerts: Callable[[list[bytes]], None] | None,
        *,
        reveal: bool = False,
        keeper: Keeper | None = None,
    ) -> None:
        self._rules, self._on_events, self._on_alerts, self._reveal = rules, on_events, on_alerts, reveal
        self._keeper = keeper
        self.alerts: list[bytes] = []
        self.refused = rules.refused if rules is not None else []

    def mode(self, asked: str) -> str:
        """Which events have to be made: rules and evidence need the notable ones at least."""
        needed = self._rules is not None or self._keeper is not None
        return "notable" if needed and asked == "none" else asked

    def read(self, batch: EventBatch) -> EventBatch:
        """Events as they were read: their packets are asked for before rules hold the events back."""
        if self._keeper is not None:
            self._keeper.see(batch)
            self._keeper.turn()
        return batch

    def take(self, batch: EventBatch) -> None:
        """Pass a batch on."""
        if len(batch):
            self._pass(batch if self._rules is None else self._rules.feed(batch))

    def finish(self) -> None:
        """No more events will come."""
        if self._rules is not None:
            self._pass(self._rules.finish())

    def baseline(self) -> bytes | None:
        """What was learned so far."""
        from sentinel.rules import baselines

        return None if self._rules is None else baselines.save(self._rules.watch)

    def counted(self) -> dict[str, int]:
        """What the rules counted."""
        return {} if self._rules is None else self._rules.counters()

    def _pass(self, batch: EventBatch) -> None:
        if self._on_events is not None and len(batch):
            self._on_events(batch)
        alerts = [] if self._rules is None else self._rules.alerts(reveal=self._reveal)
        if alerts:
            self.alerts += alerts
            if self._keeper is not None:
                self._keeper.alerts(alerts)
            if self._on_alerts is not None:
                self._on_alerts(alerts)


def assess(inventory: Inventory, options: Options) -> None:
    """Have every new credential judged and masked. After this no secret is readable unless asked for."""
    from sentinel.inventory.credentials import Assessor

    assessor = Assessor(
        key=options.key,
        reveal=options.reveal,
        passwords=options.passwords,
        seconds=options.password_seconds,
        threads=options.workers,
    )
    inventory.assess(assessor.assess)
    for name, number in assessor.counted().items():
        inventory.count(name, number)


def derive(
    inventory: Inventory,
    ledger: list[tuple[str, str]] | None,
    known: Path | None = None,
    until: str | None = None,
) -> list[tuple[str, str]]:
    """Work out assets and what they are. Returns what the store adds to its ledger of ids.

    `ledger` is None where no ids are kept. `until` is the time of the last packet, RFC 3339:
    certificates are held against it.
    """
    describe, makers = _asked(known, until)
    return inventory.derive(ledger, describe, makers, until)


def bring_up(
    inventory: Inventory, known: Path | None = None, until: str | None = None
) -> tuple[list[tuple[str, str]], list[str]]:
    """Work out assets of an inventory that goes on for months and keeps its ledger itself. Returns what
    was added to the ledger, and identities that were dropped from it."""
    describe, makers = _asked(known, until)
    return inventory.update(describe, makers, until)


def _asked(
    known: Path | None, until: str | None
) -> tuple[Callable[[bytes], bytes], Callable[[list[bytes]], list[str | None]]]:
    """What an inventory asks: what profiles mean, and who makes hardware addresses."""
    from sentinel.inventory.meaning import describe_all
    from sentinel.inventory.oui import vendors

    def makers(macs: list[bytes]) -> list[str | None]:
        # a maker's block is 36 bits at most: one look-up for all cards of a block
        blocks = [mac.hex()[:9] for mac in macs]
        names = list(dict.fromkeys(blocks))
        found = dict(zip(names, vendors(names, known), strict=True))
        return [found[block] for block in blocks]

    return lambda profiles: describe_all(profiles, until, known), makers


def origin(site: str, sensor: str | None = None) -> bytes:
    """Members that say where an alert comes from, to be put in front of the others of its document. An
    alert that names no site is of the site `default`."""
    named = {"observer.name": sensor, "sentinel.site": site if site != "default" else None}
    members = [f"{json.dumps(key)}:{json.dumps(value)}," for key, value in named.items() if value]
    return "".join(members).encode()


def scan_into(
    store: Store,
    files: list[str],
    options: Options,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_events: Callable[[EventBatch], None] | None = None,
    on_alerts: Callable[[list[bytes]], None] | None = None,
) -> Result:
    """Read captures into a store. The result's inventory is that of all the store holds.

    A source the store knows by its content is left out and named in `skipped`, unless `again`.
    Events are in the store when `append_events` returned; observations once the scan is over.
    """
    learned = f"baseline {options.site}"
    options = replace(
        options,
        key=store.key(),
        baseline=store.state(learned),
        assets=lambda: store.documents("asset"),
    )
    with store.writer() as writer:
        wanted, skipped = _new_ones(writer, files, options)
        if wanted:
            refused: list[str] = []

            def told(written: Written) -> None:
                room = MAX_REFUSED - len(refused)
                refused.extend(f"not kept: {line}" for line in written.refused[: max(room, 0)])

            def keep(batch: EventBatch) -> None:
                lines = batch.ndjson()
                try:
                    told(writer.append_events(lines))
                except KeyboardInterrupt:
                    writer.append_events(lines)  # what was read is kept; writing twice stores once
                    raise
                if on_events is not None:
                    on_events(batch)

            where = origin(options.site)

            def keep_alerts(alerts: list[bytes]) -> None:
                told(writer.append_alerts([b"{" + where + alert[1:] for alert in alerts]))
                if on_alerts is not None:
                    on_alerts(alerts)

            events = keep if options.events != "none" else None
            result = scan(wanted, options, on_progress=on_progress, on_events=events, on_alerts=keep_alerts)
            for source in result.sources:
                source["partial"] = result.interrupted
            replaced = writer.together((s["sha256"], s["site"]) for s in result.sources)
            own = result.inventory.observations()
            total = _total(writer, replaced)
            total.merge(own)
            result = replace(result, inventory=total, skipped=skipped)
            result.errors.extend(refused)
            ids = derive(total, writer.ledger(), options.known, _until(store, result.sources))
            _commit(writer, total, ids, result.sources, own, replaced)
            usual = None if options.again else result.baseline()
            if usual is not None:
                writer.put_state(learned, usual)
            result.chains = story(writer.alert_documents(), total, options)
            writer.replace_chains(result.chains)
            if options.evidence and options.evidence.folder:
                remember(writer, store, options.evidence.folder)
        else:
            result = Result(_total(writer), [], skipped=skipped)
            derive(result.inventory, writer.ledger(), options.known, _until(store))
    return replace(result, sources=store.sources())


EVIDENCE = "evidence folders"
"""Name under which a store keeps the folders that packets of its alerts are in."""


def remember(writer: Writer, store: Store, folder: Path) -> None:
    """Note in a store where packets are kept, so that they are found by what they prove."""
    known = json.loads(store.state(EVIDENCE) or b"[]")
    path = str(folder.resolve())
    if path not in known:
        writer.put_state(EVIDENCE, json.dumps([*known, path]).encode())


def evidence_folders(store: Store, set_: Path | None) -> list[Path]:
    """Where packets may be: the folder that is set, and those a store knows."""
    known = [Path(name) for name in json.loads(store.state(EVIDENCE) or b"[]")]
    return [*([set_.resolve()] if set_ else []), *known]


def rebuild(store: Store, known: Path | None = None) -> dict[str, int]:
    """Work the inventory out anew from the observations a store holds. Returns how many of each kind."""
    with store.writer() as writer:
        total = _total(writer)
        _commit(writer, total, derive(total, writer.ledger(), known, _until(store)))
    return dict(total.totals())


def _commit(
    writer: Writer,
    total: Inventory,
    ids: list[tuple[str, str]],
    sources: Iterable[dict[str, Any]] = (),
    observations: bytes = b"",
    instead_of: Iterable[int] = (),
) -> None:
    """Write the inventory of all a store holds, with the sources and observations it grew by."""
    records: dict[str, Iterable[bytes] | Iterable[Keyed]] = {kind: total.records(kind) for kind in RECORDS}
    limits, errors = total.counters()
    counters = {"limits": limits, "parse_errors": errors}
    writer.commit(list(sources), observations, set(instead_of), ids, records, counters)


def _until(store: Store, new: Iterable[dict[str, Any]] = ()) -> str | None:
    """Time of the last packet of all sources, RFC 3339."""
    return max((s["last"] for s in (*store.sources(), *new) if "last" in s), default=None)


def _total(writer: Writer, without: Iterable[int] = ()) -> Inventory:
    from sentinel._native import Inventory

    total = Inventory()
    for observations in writer.observations(without=without):
        total.merge(observations)
    return total


def _new_ones(writer: Writer, files: list[str], options: Options) -> tuple[list[str], list[str]]:
    """Files the store does not know by content, and names of those it does or that are there twice.

    Raises `UserError` before anything is read if what is scanned again has to be so with others.
    """
    wanted: dict[str, str] = {}
    skipped: list[str] = []
    for name in files:
        content = "" if name == "-" else _sha256(name)
        if content and (content in wanted or (not options.again and writer.knows(content, options.site))):
            skipped.append(name)
        else:
            wanted[content or name] = name
    writer.together((content, options.site) for content in wanted)
    return list(wanted.values()), skipped


def _sha256(name: str) -> str:
    import hashlib

    try:
        with Path(name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""  # the scan says what is wrong with it
