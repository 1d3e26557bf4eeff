"""The words records use. Every list is complete: a word that is not here is a fault.

The wire engine has the same actions, categories, outcomes and kinds; a test holds the two together.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Action: TypeAlias = Literal[
    "read", "write", "force", "start", "stop", "restart", "change-mode", "download", "upload", "firmware",
    "set-time", "set-address", "set-name", "factory-reset", "file-read", "file-write", "file-delete",
    "authenticate", "lock", "unlock", "discover", "identify", "diagnose", "subscribe", "clear",
    "disconnect-load", "reconnect-load", "configure", "inject", "other",
]  # fmt: skip
"""What an operation does, the same words for all protocols. `download` is a program into the device,
`upload` one out of it; `inject` is the publishing of values by one who does not own them."""

Category: TypeAlias = Literal["monitor", "control", "engineering", "administration", "discovery"]
Outcome: TypeAlias = Literal["accepted", "refused", "no-answer", "unknown"]
LoginOutcome: TypeAlias = Literal["success", "failure", "unknown"]
Severity: TypeAlias = Literal["informational", "low", "medium", "high", "critical"]

CredentialKind: TypeAlias = Literal[
    "password",
    "hash",
    "community",
    "token",
    "key",
    "psk",
    "ticket",
    "private-key",
    "pin",
    "auth-code",
    "user",
]
"""What kind of secret a credential holds; `user` is a name that was used without one."""

Weakness: TypeAlias = Literal[
    "cleartext", "default", "vendor-default", "common", "short", "same-as-user", "reused", "cracked"
]

ExposureKind: TypeAlias = Literal[
    "cleartext-credentials", "default-password", "weak-password", "anonymous-access", "no-authentication",
    "weak-tls", "expired-certificate", "default-certificate", "known-vulnerability", "internet-exposed",
    "legacy-protocol",
]  # fmt: skip

AssetType: TypeAlias = Literal[
    "plc", "rtu", "ied", "pac", "safety-controller", "drive", "robot", "io-device", "hmi", "scada-server",
    "engineering-workstation", "historian", "gateway", "serial-server", "switch", "router", "firewall",
    "access-point", "server", "workstation", "printer", "phone", "camera", "nvr", "meter", "charger",
    "vehicle-terminal", "obu", "rsu", "sensor", "smart-plug", "home-hub", "medical-device",
    "building-controller", "power-meter", "ups", "tv", "domain-controller", "iot",
]  # fmt: skip

ACTIONS: tuple[str, ...] = get_args(Action)
CATEGORIES: tuple[str, ...] = get_args(Category)
OUTCOMES: tuple[str, ...] = get_args(Outcome)
LOGIN_OUTCOMES: tuple[str, ...] = get_args(LoginOutcome)
CREDENTIAL_KINDS: tuple[str, ...] = get_args(CredentialKind)
WEAKNESSES: tuple[str, ...] = get_args(Weakness)
EXPOSURES: tuple[str, ...] = get_args(ExposureKind)
ASSET_TYPES: tuple[str, ...] = get_args(AssetType)
SEVERITIES: tuple[str, ...] = get_args(Severity)
"""From the mildest; an event's severity is the place in this list, 1 to 5."""

INDUSTRIAL: frozenset[str] = frozenset(
    """
    modbus umas s7comm s7comm-plus enip cip pccc dnp3 iec104 mms goose sv c37118 bacnet profinet-dcp
    profinet-io ethercat powerlink sercos cc-link-ie ads fins slmp melsoft codesys ge-srtp egd fox
    hart-ip knx dlms iec62056-21 opcua lontalk atg s-bus roc-plus bsap c1222 trdp mtconnect dlt645
    dlt698 qgdw1376 cjt188 hj212 sl651 genisys
    dlt698 qgdw1376 cjt188 hj212 sl651 szy206
    """.split()
)
"""Names of the industrial protocols."""

OTHER_PROTOCOLS: frozenset[str] = frozenset(
    """
    arp ndp lldp cdp stp mrp ptp dhcp dhcpv6 dns mdns llmnr nbns ssdp upnp ws-discovery http tls tlcp
    quic ssh ftp tftp telnet smtp pop3 imap irc snmp ntp syslog smb dce-rpc ntlm kerberos ldap radius rdp vnc
    anydesk teamviewer sip rtsp rtp socks nfs wireguard openvpn ike mysql postgresql mssql redis mongodb
    mqtt mqtt-sn sparkplug-b coap lwm2m amqp someip doip rtps j1939 hl7 dicom hislip can onvif tr069
    ocpp hap matter tplink-shp tuya miio ubnt-discovery mikrotik moxa lantronix digi gb28181 gb35114
    sadp isapi dhip dvrip xmeye jt808 jt1078 gb32960 gb26875 v2x hsr sunlogin todesk
    ocpp hap matter tplink-shp tuya miio ubnt-discovery mikrotik moxa lantronix digi
    hid lifx kafka nats stomp gb28181 gb35114
    sadp isapi dhip dvrip xmeye jt808 jt1078 gb32960 gb26875 v2x
    ykc tcec102 ga1400 vstarcam
    """.split()
)
"""Names of all other protocols."""

PROTOCOLS: frozenset[str] = INDUSTRIAL | OTHER_PROTOCOLS
"""Every protocol name; a probe's name is one of them (a user's own probe may have another)."""
