"""The sections of the settings. A new setting is a field of one; its documentation is made from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """A table of the settings file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ScanSettings(Section):
    """What `sentinel scan` does where no flag says otherwise."""

    site: Annotated[
        str, Field(min_length=1, description="Name of the site; assets of two sites never merge.")
    ] = "default"
    events: Annotated[
        Literal["none", "notable", "all"] | None,
        Field(description="Which events are made. Not set: notable with rules or a store, else none."),
    ] = None
    workers: Annotated[int, Field(ge=1, le=64, description="Threads for the wire stage, 1 to 64.")] = 1
    passwords: Annotated[Path | None, Field(description="File of further common passwords, one a line.")] = (
        None
    )
    password_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=86400,
            description="Seconds of a usual core for guessing passwords of hash lines offline; 0: none.",
        ),
    ] = 10.0
    known: Annotated[
        Path | None, Field(description="Folder with newer knowledge: OUI files, banners in recog XML.")
    ] = None
    zones: Annotated[Path | None, Field(description="Networks, levels and allowed conduits (YAML).")] = None
    learning_days: Annotated[
        float, Field(ge=0, description="Observed days after which what was never seen is new.")
    ] = 7.0


class CollectSettings(Section):
    """What `sentinel collect` listens to and how it works."""

    site: Annotated[
        str, Field(min_length=1, description="Name of the site; assets of two sites never merge.")
    ] = "default"
    sensor: Annotated[
        str | None,
        Field(min_length=1, description="Name of this sensor (`observer.name`). Not set: the host's name."),
    ] = None
    interfaces: Annotated[
        tuple[str, ...], Field(max_length=64, description="Network interfaces to listen on, by name.")
    ] = ()
    logs: Annotated[
        tuple[Path, ...],
        Field(
            max_length=256,
            description="Logs of Zeek and Suricata to follow: files, folders, patterns (*.log).",
        ),
    ] = ()
    state: Annotated[
        Path | None,
        Field(
            description="Folder of the daemon's own state (checkpoint, spool). Not set: `collector` under "
            "the state folder."
        ),
    ] = None
    filter: Annotated[
        str | None, Field(description="Packets to look at, in tcpdump's words. Not set: all.")
    ] = None
    snaplen: Annotated[
        int, Field(ge=64, le=262_144, description="Octets taken of a packet, 64 to 262144.")
    ] = 65_535
    ring: Annotated[
        int, Field(ge=1, le=4096, description="Mebibytes of ring buffer for each interface, 1 to 4096.")
    ] = 64
    promiscuous: Annotated[bool, Field(description="Put interfaces into promiscuous mode.")] = True
    workers: Annotated[int, Field(ge=1, le=64, description="Threads for the wire stage, 1 to 64.")] = 1
    events: Annotated[Literal["notable", "all"], Field(description="Which events are made of packets.")] = (
        "notable"
    )
    lateness: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            description="Seconds of event time that an event may come late and is still put in order.",
        ),
    ] = 10.0
    packs: Annotated[bool, Field(description="Evaluate the rule packs that come with the program.")] = True
    rules: Annotated[
        tuple[Path, ...], Field(description="Files and folders of Sigma rules beside the packs.")
    ] = ()
    zones: Annotated[Path | None, Field(description="Networks, levels and allowed conduits (YAML).")] = None
    learning_days: Annotated[
        float, Field(ge=0, description="Observed days after which what was never seen is new.")
    ] = 7.0
    chains: Annotated[
        bool,
        Field(description="Join alerts into chains here. False where a centre (`--correlate`) does that."),
    ] = True
    checkpoint: Annotated[
        float, Field(ge=1, le=3600, description="Seconds between two checkpoints of the state.")
    ] = 30.0
    queue: Annotated[
        int,
        Field(
            ge=1000,
            le=10_000_000,
            description="Events that wait between two stages at most; then some are shed.",
        ),
    ] = 200_000
    passwords: Annotated[Path | None, Field(description="File of further common passwords, one a line.")] = (
        None
    )
    password_seconds: Annotated[
        float,
        Field(ge=0, le=86400, description="The same as of a scan, for each checkpoint."),
    ] = 1.0
    known: Annotated[
        Path | None, Field(description="Folder with newer knowledge: OUI files, banners in recog XML.")
    ] = None


class EvidenceSettings(Section):
    """The packets around a credential, an operation or an alert, kept as pcapng."""

    folder: Annotated[Path | None, Field(description="Folder of the packets. Not set: none are kept.")] = None
    bytes: Annotated[
        int, Field(ge=1 << 20, description="Bytes of all files together; the oldest go first.")
    ] = 1 << 30
    before: Annotated[
        float, Field(ge=0, le=600, description="Seconds of packets kept from before the moment.")
    ] = 10.0
    after: Annotated[float, Field(ge=0, le=600, description="Seconds of packets kept after it.")] = 5.0
    memory: Annotated[
        int, Field(ge=1 << 20, description="Bytes of memory for packets of which nobody knows yet.")
    ] = 64 << 20


class StoreSettings(Section):
    """Where results are kept."""

    url: Annotated[
        str | None,
        Field(
            description="Store of the commands that read one: sqlite:///folder or https://user@host:9200. "
            "Not set: a folder under the XDG state folder."
        ),
    ] = None
    part: Annotated[
        Literal["hour", "day"],
        Field(description="Time that one file or index of events is of (SQLite: of new stores)."),
    ] = "day"
    keep_days: Annotated[
        int | None,
        Field(ge=1, description="Days of events and alerts the daemon keeps. Not set: no end by age."),
    ] = None
    keep_bytes: Annotated[
        int | None,
        Field(
            ge=1 << 20, description="Bytes of events the daemon keeps; the oldest go first. Not set: no end."
        ),
    ] = None


class ElasticSettings(Section):
    """How an Elasticsearch store is reached."""

    ca: Annotated[
        Path | None,
        Field(description="Certificates (PEM) the server's must come from. Not set: the system's."),
    ] = None
    fingerprint: Annotated[
        str | None,
        Field(description="SHA-256 of the CA's certificate, hex: only a chain with it is trusted."),
    ] = None
    password: Annotated[
        Path | None, Field(description="File that holds the password of the user in the store's URL.")
    ] = None
    api_key: Annotated[Path | None, Field(description="File that holds an API key (base64 id:key).")] = None
    cluster: Annotated[str | None, Field(description="Name the cluster must have. Not set: any.")] = None
    prefix: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$", description="How the names of indices begin.")
    ] = "sentinel"
    shards: Annotated[int, Field(ge=1, le=64, description="Primary shards of an index of events.")] = 1
    replicas: Annotated[int, Field(ge=0, le=8, description="Copies of each shard.")] = 0
    refresh: Annotated[
        float, Field(ge=0.1, le=3600, description="Seconds until what was written is found by searches.")
    ] = 5.0
    batch: Annotated[int, Field(ge=1, le=50_000, description="Documents of one bulk request.")] = 2000
    in_flight: Annotated[int, Field(ge=1, le=32, description="Bulk requests under way at once.")] = 2
    timeout: Annotated[float, Field(ge=1, le=600, description="Seconds a request may take.")] = 30.0
    compress: Annotated[bool, Field(description="Compress requests (gzip): slower near, faster far.")] = False


class SpoolSettings(Section):
    """What waits on disk while Elasticsearch is away."""

    folder: Annotated[
        Path | None, Field(description="Folder of the spool. Not set: `spool` in the daemon's state folder.")
    ] = None
    bytes: Annotated[
        int, Field(ge=1 << 20, description="Bytes it may take; beyond, logs wait and live events are shed.")
    ] = 4 << 30


class MetricsSettings(Section):
    """Metrics for Prometheus and the health endpoint."""

    listen: Annotated[
        str | None,
        Field(
            pattern=r"^(\[[0-9a-fA-F:.]+\]|[^:\[\]\s]+):\d{1,5}$",
            description="Address and port of /metrics and /health. Not set: none.",
        ),
    ] = "127.0.0.1:9464"


class LogSettings(Section):
    """The daemon's own log, on standard error."""

    format: Annotated[
        Literal["ecs", "text"], Field(description="JSON in the Elastic Common Schema, or text.")
    ] = "ecs"
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least level that is written.")
    ] = "info"


class Receiver(Section):
    """One receiver of alerts and chains: `[[forward.to]]`."""

    kind: Annotated[
        Literal["syslog", "cef", "webhook", "stix"],
        Field(description="RFC 5424, CEF over syslog, an HTTPS endpoint, or STIX 2.1 bundles in a folder."),
    ]
    url: Annotated[
        str,
        Field(
            min_length=1,
            description="udp://host:514, tcp://host:601, tls://host:6514; https://host/path; file:///folder.",
        ),
    ]
    name: Annotated[str | None, Field(description="Name in metrics and logs. Not set: kind and host.")] = None
    level: Annotated[
        Literal["informational", "low", "medium", "high", "critical"],
        Field(description="Least severity of alerts and chains that are sent."),
    ] = "low"
    chains: Annotated[bool, Field(description="Send chains too.")] = False
    ca: Annotated[Path | None, Field(description="Certificates (PEM) the receiver's must come from.")] = None
    certificate: Annotated[Path | None, Field(description="Our certificate (PEM) for mutual TLS.")] = None
    key: Annotated[Path | None, Field(description="Its key (PEM).")] = None
    secret: Annotated[Path | None, Field(description="File with the HMAC-SHA256 key of a webhook.")] = None
    queue: Annotated[int, Field(ge=10, le=1_000_000, description="Alerts that wait for it at most.")] = 10_000
    timeout: Annotated[float, Field(ge=0.1, le=300, description="Seconds a delivery may take.")] = 10.0
    retries: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            description="Times a delivery that a webhook fails at is tried again, with growing waits. "
            "One that is away is waited for.",
        ),
    ] = 8
    files: Annotated[
        int, Field(ge=1, le=1_000_000, description="Bundles (stix) in a folder at most; the oldest go.")
    ] = 10_000


class ForwardSettings(Section):
    """Who is told of alerts and chains."""

    to: Annotated[
        tuple[Receiver, ...], Field(max_length=32, description="Receivers, each a `[[forward.to]]`.")
    ] = ()


class CentreSettings(Section):
    """What `sentinel collect --correlate` does."""

    sites: Annotated[
        tuple[str, ...], Field(description="Sites whose chains are kept. Not set: all that the store knows.")
    ] = ()
    lease: Annotated[
        float,
        Field(ge=1, le=600, description="Seconds until another takes over from a leader that is silent."),
    ] = 15.0
    every: Annotated[
        float, Field(ge=0.1, le=600, description="Seconds between two looks for new alerts.")
    ] = 2.0
    lateness: Annotated[
        float,
        Field(ge=0, le=86_400, description="Seconds of event time that a sensor's alerts may come late."),
    ] = 60.0


class CaSettings(Section):
    """The certificate authority (`sentinel ca`)."""

    dir: Annotated[Path | None, Field(description="Folder of the CA.")] = None
    operator: Annotated[
        str | None, Field(description="Name of the operator in the audit. Not set: the user of the system.")
    ] = None
    warn_days: Annotated[
        int,
        Field(
            ge=0,
            le=1000,
            description="Days before the end of a certificate of the CA itself from which every command "
            "says so.",
        ),
    ] = 90
    heads: Annotated[
        Path | None,
        Field(description="Folder elsewhere, for signed heads of the audit: `ca audit verify --head`."),
    ] = None
    heads_syslog: Annotated[
        str | None, Field(description="Syslog receiver (UDP, host:port) that is told the heads.")
    ] = None
    heads_every: Annotated[int, Field(ge=1, description="Entries of the audit from one such head on.")] = 100
    rate: Annotated[
        float,
        Field(
            ge=0,
            le=1e6,
            description="Requests a second that `serve` takes from one address, for each of OCSP with CRLs, "
            "EST, ACME and the API (0: no bound).",
        ),
    ] = 200.0
    burst: Annotated[
        float, Field(ge=1, le=1e6, description="Requests that one address may make at once, beside `rate`.")
    ] = 400.0
    connections: Annotated[
        int, Field(ge=1, le=65_536, description="Connections of `serve`, for each of http and https.")
    ] = 4096
    connections_per_address: Annotated[
        int, Field(ge=1, le=65_536, description="Of these, how many of one address.")
    ] = 256
    acme_http01: Annotated[
        tuple[str, ...],
        Field(
            max_length=256,
            description="Networks (10.1.0.0/16) that http-01 of ACME may connect to (port 80). Empty: off.",
        ),
    ] = ()


class V2xSettings(Section):
    """The PKI for vehicles (`sentinel v2x`)."""

    dir: Annotated[Path | None, Field(description="Folder of the PKI: a folder for each role.")] = None


class Settings(Section):
    """Every section. A new setting is a field of one of them; its documentation is made from it."""

    scan: ScanSettings = ScanSettings()
    store: StoreSettings = StoreSettings()
    elastic: ElasticSettings = ElasticSettings()
    collect: CollectSettings = CollectSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    spool: SpoolSettings = SpoolSettings()
    forward: ForwardSettings = ForwardSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    centre: CentreSettings = CentreSettings()
    ca: CaSettings = CaSettings()
    v2x: V2xSettings = V2xSettings()
