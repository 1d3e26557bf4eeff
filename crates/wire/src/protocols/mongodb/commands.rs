//! Commands of MongoDB: what they do, log-ins in them, what replies tell (MongoDB manual, Database Commands).

use super::Mongo;
use super::bson::Doc;
use crate::cx::Cx;
use crate::model::*;
use crate::protocols::scram::Scram;

/// Commands that change something, or are worth a name: as on the wire, our action, name.
const COMMANDS: &[(&str, Action, &str)] = &[
    ("aggregate", Action::Read, "aggregate"),
    ("buildInfo", Action::Identify, "build_info"),
    ("buildinfo", Action::Identify, "build_info"),
    ("cloneCollectionAsCapped", Action::Write, "clone_collection"),
    ("collMod", Action::Configure, "coll_mod"),
    ("compact", Action::Configure, "compact"),
    ("count", Action::Read, "count"),
    ("create", Action::Configure, "create"),
    ("createIndexes", Action::Configure, "create_indexes"),
    ("createRole", Action::Configure, "create_role"),
    ("createUser", Action::Configure, "create_user"),
    ("delete", Action::Write, "delete"),
    ("distinct", Action::Read, "distinct"),
    ("drop", Action::Clear, "drop"),
    ("dropAllUsersFromDatabase", Action::Clear, "drop_all_users"),
    ("dropDatabase", Action::Clear, "drop_database"),
    ("dropIndexes", Action::Clear, "drop_indexes"),
    ("dropRole", Action::Configure, "drop_role"),
    ("dropUser", Action::Configure, "drop_user"),
    ("eval", Action::Start, "eval"),
    ("find", Action::Read, "find"),
    ("findAndModify", Action::Write, "find_and_modify"),
    ("findandmodify", Action::Write, "find_and_modify"),
    ("fsync", Action::Configure, "fsync"),
    ("getCmdLineOpts", Action::Identify, "get_cmd_line_opts"),
    ("getLog", Action::Diagnose, "get_log"),
    ("getMore", Action::Read, "get_more"),
    ("grantRolesToUser", Action::Configure, "grant_roles_to_user"),
    ("hostInfo", Action::Identify, "host_info"),
    ("insert", Action::Write, "insert"),
    ("killOp", Action::Stop, "kill_op"),
    ("listCollections", Action::Read, "list_collections"),
    ("listDatabases", Action::Discover, "list_databases"),
    ("mapReduce", Action::Start, "map_reduce"),
    ("renameCollection", Action::Configure, "rename_collection"),
    ("replSetInitiate", Action::Configure, "repl_set_initiate"),
    ("replSetReconfig", Action::Configure, "repl_set_reconfig"),
    ("replSetStepDown", Action::ChangeMode, "repl_set_step_down"),
    ("revokeRolesFromUser", Action::Configure, "revoke_roles_from_user"),
    ("serverStatus", Action::Diagnose, "server_status"),
    ("setFeatureCompatibilityVersion", Action::Configure, "set_feature_compatibility_version"),
    ("setParameter", Action::Configure, "set_parameter"),
    ("shutdown", Action::Stop, "shutdown"),
    ("update", Action::Write, "update"),
    ("updateUser", Action::Configure, "update_user"),
    ("usersInfo", Action::Read, "users_info"),
];

/// A log-in that waits for its outcome.
pub struct Login {
    kind: CredKind,
    user: String,
    secret: Option<String>,
    database: String,
    sent: Stamp,
}

/// Reports a command. One that is not in the table is housekeeping of drivers.
pub fn report(cx: &mut Cx<'_>, command: &str, target: &str, asked: Stamp, outcome: Outcome, error: Option<(i64, &str)>) {
    let Some((_, action, name)) = COMMANDS.iter().find(|(wire, ..)| *wire == command) else { return };
    let mut op = Op::new(*action, name).outcome(outcome).asked(asked);
    if !target.is_empty() {
        op = op.target(target);
    }
    if let Some((code, text)) = error {
        op = op.exception(code, text.get(..text.len().min(128)).unwrap_or("error"));
    }
    cx.op(op);
}

/// Passwords that a command sets.
pub fn passwords(cx: &mut Cx<'_>, command: &str, doc: Doc<'_>) {
    if !matches!(command, "createUser" | "updateUser") {
        return;
    }
    if let (Some(user), Some(password)) = (doc.text(command), doc.text("pwd")) {
        cx.credential(Cred::new(CredKind::Password).username(user).secret(password).cleartext());
    }
}

/// What a driver says of itself (the `client` of its hello).
pub fn client(cx: &mut Cx<'_>, client: Doc<'_>) {
    let name = |doc: Option<Doc<'_>>| {
        let doc = doc?;
        let name = doc.text("name")?.to_owned();
        Some(doc.text("version").map_or(name.clone(), |v| format!("{name} {v}")))
    };
    let application = client.doc("application").and_then(|a| a.text("name"));
    if let Some(text) = application.map(str::to_owned).or_else(|| name(client.doc("driver"))) {
        cx.fact(Side::Client, "client", &text, "client.application");
    }
    if let Some(os) = name(client.doc("os")) {
        cx.fact(Side::Client, "os", &os, "client.os");
    }
}

/// What a reply says of the server.
pub fn learn(cx: &mut Cx<'_>, command: &str, doc: Doc<'_>) {
    match command {
        "buildInfo" | "buildinfo" => {
            let Some(version) = doc.text("version") else { return };
            cx.service_info("product", "MongoDB");
            cx.service_info("version", version);
            if let Some(os) = doc.doc("buildEnvironment").and_then(|e| e.text("distmod")).filter(|t| !t.is_empty()) {
                cx.service_info("build", os);
            }
        }
        "serverStatus" => {
            if let Some(version) = doc.text("version") {
                cx.service_info("version", version);
            }
            if let Some(host) = doc.text("host") {
                cx.fact(Side::Server, "hostname", host.split(':').next().unwrap_or(host), "serverStatus.host");
            }
        }
        "hostInfo" => {
            if let Some(host) = doc.doc("system").and_then(|s| s.text("hostname")) {
                cx.fact(Side::Server, "hostname", host.split(':').next().unwrap_or(host), "hostInfo.system.hostname");
            }
            if let Some(os) = doc.doc("os") {
                let parts = [os.text("name"), os.text("version")];
                let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
                if !text.is_empty() {
                    cx.fact(Side::Server, "os", &text, "hostInfo.os");
                }
            }
        }
        "hello" | "isMaster" | "ismaster" => {
            if let Some(name) = doc.text("setName") {
                cx.fact(Side::Server, "replica_set", name, "hello.setName");
            }
            if let Some(wire) = doc.number("maxWireVersion") {
                cx.service_info("wire_version", wire as i64);
            }
        }
        _ => {}
    }
}

impl Mongo {
    /// A step of a log-in, in a command of its own or with the first hello.
    pub fn authenticate(&mut self, cx: &mut Cx<'_>, command: &str, doc: Doc<'_>, db: &str) {
        if let Some(inner) = doc.doc("speculativeAuthenticate") {
            let db = inner.text("db").unwrap_or(db).to_owned();
            if inner.get("saslStart").is_some() {
                self.start(cx, inner, &db);
            }
            return;
        }
        match command {
            "saslStart" => self.start(cx, doc, db),
            "saslContinue" => {
                let (Some(scram), Some(payload)) = (&mut self.scram, doc.bytes("payload")) else { return };
                if payload.is_empty() {
                    return;
                }
                scram.last(payload);
                let sent = cx.at();
                if let (Some(secret), Some(login)) = (scram.line(), &mut self.login) {
                    (login.kind, login.secret, login.sent) = (CredKind::Hash, Some(secret), sent);
                }
            }
            // the log-in of before 3.0 (MONGODB-CR): MD5 over nonce, user and digest
            "authenticate" => {
                let Some(user) = doc.text("user") else { return };
                let key = doc.text("key");
                let line = key.zip(doc.text("nonce").or(self.nonce.as_deref())).map(|(k, n)| format!("$mongodb$1${user}${n}${k}"));
                let kind = if line.is_some() { CredKind::Hash } else { CredKind::User };
                self.login = Some(Box::new(Login { kind, user: user.to_owned(), secret: line, database: db.to_owned(), sent: cx.at() }));
            }
            _ => {}
        }
    }

    fn start(&mut self, cx: &mut Cx<'_>, doc: Doc<'_>, db: &str) {
        let mechanism = doc.text("mechanism").unwrap_or_default();
        let payload = doc.bytes("payload").unwrap_or_default();
        let mut login = Login { kind: CredKind::User, user: String::new(), secret: None, database: db.to_owned(), sent: cx.at() };
        if mechanism == "PLAIN" {
            let mut parts = payload.split(|b| *b == 0).skip(1).map(crate::bytes::text);
            login.user = parts.next().unwrap_or_default();
            login.secret = parts.next();
            login.kind = CredKind::Password;
        } else if let Some(scram) = Scram::first(mechanism, payload) {
            login.user.clone_from(&scram.user);
            self.scram = Some(Box::new(scram));
        } else {
            return;
        }
        self.login = Some(Box::new(login));
    }

    /// The reply to a step of a log-in.
    pub fn answered(&mut self, cx: &mut Cx<'_>, command: &str, doc: Doc<'_>, good: bool) {
        if command == "getnonce" {
            self.nonce = doc.text("nonce").map(str::to_owned);
            return;
        }
        let step = match command {
            "saslStart" | "saslContinue" | "authenticate" => Some(doc),
            _ => doc.doc("speculativeAuthenticate"),
        };
        let Some(step) = step else { return };
        if !good {
            return self.settle(cx, LoginOutcome::Failure);
        }
        if let (Some(scram), Some(payload)) = (&mut self.scram, step.bytes("payload")) {
            scram.server(payload);
        }
        let done = step.number("done").is_some_and(|n| n != 0.0);
        let ends = match command {
            "authenticate" => true,
            // the proof is accepted with the server's own
            "saslContinue" => done || step.bytes("payload").is_some_and(|p| p.starts_with(b"v=")),
            _ => done,
        };
        if ends {
            self.settle(cx, LoginOutcome::Success);
        }
    }

    pub fn settle(&mut self, cx: &mut Cx<'_>, outcome: LoginOutcome) {
        self.scram = None;
        let Some(login) = self.login.take() else { return };
        let mut c = Cred::new(login.kind).username(&login.user).outcome(outcome).sent(login.sent);
        if let Some(secret) = &login.secret {
            c = c.secret(secret);
            if login.kind == CredKind::Password {
                c = c.cleartext();
            }
        }
        if !login.database.is_empty() {
            c = c.detail("database", login.database.as_str());
        }
        cx.credential(c);
    }
}
