//! Commands of Redis: what they do, and what their answers tell (command reference, 7.4).

use crate::cx::Cx;
use crate::model::*;

/// Commands by their first word. Those with a second word that decides stand in [`SUB`].
const COMMANDS: &[(&str, Option<Action>)] = &[
    ("ACL", None), ("APPEND", Some(Action::Write)), ("ASKING", None), ("AUTH", None), ("BGREWRITEAOF", Some(Action::FileWrite)),
    ("BGSAVE", Some(Action::FileWrite)), ("BITCOUNT", Some(Action::Read)), ("BITFIELD", Some(Action::Write)), ("BLPOP", Some(Action::Write)),
    ("BRPOP", Some(Action::Write)), ("CLIENT", None), ("CLUSTER", None), ("COMMAND", None), ("CONFIG", None), ("COPY", Some(Action::Write)),
    ("DBSIZE", Some(Action::Read)), ("DEBUG", Some(Action::Diagnose)), ("DECR", Some(Action::Write)), ("DECRBY", Some(Action::Write)),
    ("DEL", Some(Action::Write)), ("DISCARD", None), ("DUMP", Some(Action::Read)), ("ECHO", None), ("EVAL", Some(Action::Start)),
    ("EVALSHA", Some(Action::Start)), ("EXEC", None), ("EXISTS", Some(Action::Read)), ("EXPIRE", Some(Action::Write)),
    ("EXPIREAT", Some(Action::Write)), ("FAILOVER", Some(Action::ChangeMode)), ("FCALL", Some(Action::Start)), ("FLUSHALL", Some(Action::Clear)),
    ("FLUSHDB", Some(Action::Clear)), ("FUNCTION", None), ("GEOADD", Some(Action::Write)), ("GET", Some(Action::Read)),
    ("GETDEL", Some(Action::Write)), ("GETEX", Some(Action::Write)), ("GETRANGE", Some(Action::Read)), ("GETSET", Some(Action::Write)),
    ("HDEL", Some(Action::Write)), ("HELLO", None), ("HEXISTS", Some(Action::Read)), ("HGET", Some(Action::Read)), ("HGETALL", Some(Action::Read)),
    ("HINCRBY", Some(Action::Write)), ("HKEYS", Some(Action::Read)), ("HLEN", Some(Action::Read)), ("HMGET", Some(Action::Read)),
    ("HMSET", Some(Action::Write)), ("HSCAN", Some(Action::Read)), ("HSET", Some(Action::Write)), ("INCR", Some(Action::Write)),
    ("INCRBY", Some(Action::Write)), ("INFO", Some(Action::Identify)), ("KEYS", Some(Action::Read)), ("LATENCY", None), ("LINDEX", Some(Action::Read)),
    ("LLEN", Some(Action::Read)), ("LPOP", Some(Action::Write)), ("LPUSH", Some(Action::Write)), ("LRANGE", Some(Action::Read)),
    ("LREM", Some(Action::Write)), ("LSET", Some(Action::Write)), ("LTRIM", Some(Action::Write)), ("MEMORY", None), ("MGET", Some(Action::Read)),
    ("MIGRATE", Some(Action::FileWrite)), ("MODULE", None), ("MONITOR", Some(Action::Subscribe)), ("MSET", Some(Action::Write)), ("MULTI", None),
    ("OBJECT", None), ("PERSIST", Some(Action::Write)), ("PEXPIRE", Some(Action::Write)), ("PING", None), ("PSETEX", Some(Action::Write)),
    ("PSUBSCRIBE", Some(Action::Subscribe)), ("PSYNC", Some(Action::Upload)), ("PTTL", Some(Action::Read)), ("PUBLISH", Some(Action::Write)),
    ("PUBSUB", None), ("PUNSUBSCRIBE", None), ("QUIT", None), ("RANDOMKEY", Some(Action::Read)), ("READONLY", None), ("RENAME", Some(Action::Write)),
    ("REPLCONF", None), ("REPLICAOF", Some(Action::Configure)), ("RESET", None), ("RESTORE", Some(Action::Write)), ("ROLE", Some(Action::Identify)),
    ("RPOP", Some(Action::Write)), ("RPOPLPUSH", Some(Action::Write)), ("RPUSH", Some(Action::Write)), ("SADD", Some(Action::Write)),
    ("SAVE", Some(Action::FileWrite)), ("SCAN", Some(Action::Read)), ("SCARD", Some(Action::Read)), ("SCRIPT", None), ("SELECT", None),
    ("SENTINEL", None), ("SET", Some(Action::Write)), ("SETEX", Some(Action::Write)), ("SETNX", Some(Action::Write)), ("SETRANGE", Some(Action::Write)),
    ("SHUTDOWN", Some(Action::Stop)), ("SISMEMBER", Some(Action::Read)), ("SLAVEOF", Some(Action::Configure)), ("SLOWLOG", None),
    ("SMEMBERS", Some(Action::Read)), ("SORT", Some(Action::Read)), ("SPOP", Some(Action::Write)), ("SREM", Some(Action::Write)),
    ("SSCAN", Some(Action::Read)), ("STRLEN", Some(Action::Read)), ("SUBSCRIBE", Some(Action::Subscribe)), ("SWAPDB", Some(Action::Write)),
    ("SYNC", Some(Action::Upload)), ("TIME", None), ("TOUCH", Some(Action::Read)), ("TTL", Some(Action::Read)), ("TYPE", Some(Action::Read)),
    ("UNLINK", Some(Action::Write)), ("UNSUBSCRIBE", None), ("UNWATCH", None), ("WAIT", None), ("WATCH", None), ("XADD", Some(Action::Write)),
    ("XLEN", Some(Action::Read)), ("XRANGE", Some(Action::Read)), ("XREAD", Some(Action::Read)), ("ZADD", Some(Action::Write)),
    ("ZCARD", Some(Action::Read)), ("ZINCRBY", Some(Action::Write)), ("ZRANGE", Some(Action::Read)), ("ZRANGEBYSCORE", Some(Action::Read)),
    ("ZREM", Some(Action::Write)), ("ZSCORE", Some(Action::Read)),
];

/// Commands whose second word decides: both words, and the action.
const SUB: &[(&str, &str, Action)] = &[
    ("ACL", "SETUSER", Action::Configure),
    ("ACL", "DELUSER", Action::Configure),
    ("ACL", "LIST", Action::Read),
    ("CLIENT", "KILL", Action::Stop),
    ("CLUSTER", "ADDSLOTS", Action::Configure),
    ("CLUSTER", "FAILOVER", Action::ChangeMode),
    ("CLUSTER", "FORGET", Action::Configure),
    ("CLUSTER", "MEET", Action::Configure),
    ("CLUSTER", "REPLICATE", Action::Configure),
    ("CLUSTER", "RESET", Action::FactoryReset),
    ("CLUSTER", "NODES", Action::Discover),
    ("CONFIG", "GET", Action::Read),
    ("CONFIG", "REWRITE", Action::Configure),
    ("CONFIG", "SET", Action::Configure),
    ("FUNCTION", "LOAD", Action::Download),
    ("FUNCTION", "DELETE", Action::Clear),
    ("MODULE", "LOAD", Action::Download),
    ("MODULE", "UNLOAD", Action::Configure),
    ("SCRIPT", "LOAD", Action::Download),
    ("SCRIPT", "FLUSH", Action::Clear),
    ("SENTINEL", "SET", Action::Configure),
    ("SENTINEL", "FAILOVER", Action::ChangeMode),
];

fn find(word: &[u8]) -> Option<&'static (&'static str, Option<Action>)> {
    COMMANDS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word))
}
pub fn known(word: &[u8]) -> bool {
    find(word).is_some()
}
/// A command of this length begins so.
pub fn begins(part: &[u8], size: usize) -> bool {
    COMMANDS.iter().any(|(name, _)| {
        name.len() == size && name.as_bytes().get(..part.len()).is_some_and(|n| n.eq_ignore_ascii_case(part))
    })
}

fn word(words: &[String], n: usize) -> &str {
    words.get(n).map_or("", String::as_str)
}
fn is(words: &[String], n: usize, text: &str) -> bool {
    word(words, n).eq_ignore_ascii_case(text)
}

/// After it the server sends without being asked.
pub fn streams(words: &[String]) -> bool {
    ["MONITOR", "SUBSCRIBE", "PSUBSCRIBE", "SYNC", "PSYNC"].iter().any(|c| is(words, 0, c))
}

/// Reports a command: its answer is the type and text of the first line, if one came.
pub fn report(cx: &mut Cx<'_>, words: &[String], asked: Stamp, answer: Option<(u8, &str)>) {
    let outcome = match answer {
        Some((b'-', _)) => Outcome::Refused,
        Some(_) => Outcome::Accepted,
        None => Outcome::Unknown,
    };
    credentials(cx, words, asked, outcome);
    let Some((name, action)) = find(word(words, 0).as_bytes()) else { return };
    let sub = SUB.iter().find(|(a, b, _)| is(words, 0, a) && is(words, 1, b));
    let (action, name, target) = match (sub, action) {
        (Some((a, b, action)), _) => (*action, format!("{a}_{b}").to_ascii_lowercase(), word(words, 2)),
        (None, Some(action)) => (*action, name.to_ascii_lowercase(), word(words, 1)),
        (None, None) => return,
    };
    let mut op = Op::new(action, &name).outcome(outcome).asked(asked);
    // the script itself is no name
    let target: String = target.chars().filter(|c| !c.is_control()).take(128).collect();
    if !target.is_empty() && !matches!(name.as_str(), "eval" | "script_load" | "function_load" | "info") {
        op = op.target(&target);
    }
    if name == "slaveof" || name == "replicaof" {
        op = op.detail("port", word(words, 2));
    }
    if let Some((b'-', text)) = answer {
        let text = text.get(..text.len().min(128)).unwrap_or("error");
        op = op.exception(1, text);
    }
    cx.op(op);
}

/// AUTH, HELLO … AUTH, and passwords that are set.
fn credentials(cx: &mut Cx<'_>, words: &[String], asked: Stamp, outcome: Outcome) {
    let login = LoginOutcome::from(outcome);
    let (user, password, outcome) = if is(words, 0, "AUTH") {
        match words {
            [_, password] => ("", password.as_str(), login),
            [_, user, password] => (user.as_str(), password.as_str(), login),
            _ => return,
        }
    } else if is(words, 0, "HELLO") {
        let Some(at) = (2..words.len()).find(|n| is(words, *n, "AUTH")) else { return };
        (word(words, at + 1), word(words, at + 2), login)
    } else if is(words, 0, "CONFIG") && is(words, 1, "SET") && (is(words, 2, "requirepass") || is(words, 2, "masterauth")) {
        ("", word(words, 3), LoginOutcome::Unknown)
    } else if is(words, 0, "ACL") && is(words, 1, "SETUSER") {
        let Some(password) = words.iter().skip(3).find_map(|w| w.strip_prefix('>')) else { return };
        (word(words, 2), password, LoginOutcome::Unknown)
    } else {
        return;
    };
    if password.is_empty() {
        return;
    }
    let mut c = Cred::new(CredKind::Password).secret(password).cleartext().outcome(outcome).sent(asked);
    if !user.is_empty() {
        c = c.username(user);
    }
    cx.credential(c);
}

/// What an answer says of the server, and some commands of the client.
pub fn learn(cx: &mut Cx<'_>, words: &[String], text: &str, rest: &[String]) {
    if is(words, 0, "INFO") {
        info(cx, text);
    } else if is(words, 0, "HELLO") {
        let mut pairs = rest.chunks_exact(2);
        while let Some([name, value]) = pairs.next() {
            match name.as_str() {
                "server" => cx.service_info("product", product(value)),
                "version" => cx.service_info("version", value.as_str()),
                _ => {}
            }
        }
    } else if is(words, 0, "CLIENT") && is(words, 1, "SETINFO") && is(words, 2, "LIB-NAME") {
        cx.fact(Side::Client, "client", word(words, 3), "CLIENT SETINFO");
    } else if is(words, 0, "CLIENT") && is(words, 1, "SETNAME") {
        cx.fact(Side::Client, "client", word(words, 2), "CLIENT SETNAME");
    }
}

fn product(name: &str) -> &str {
    match name {
        "redis" => "Redis",
        "valkey" => "Valkey",
        other => other,
    }
}

fn info(cx: &mut Cx<'_>, text: &str) {
    for line in text.lines().take(200) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if value.is_empty() || value.len() > 128 {
            continue;
        }
        match name {
            "redis_version" => {
                cx.service_info("product", "Redis");
                cx.service_info("version", value);
            }
            "valkey_version" => {
                cx.service_info("product", "Valkey");
                cx.service_info("version", value);
            }
            "os" => cx.fact(Side::Server, "os", value, "INFO os"),
            "run_id" => cx.fact(Side::Server, "id:redis-run", value, "INFO run_id"),
            "role" => cx.fact(Side::Server, "redis_role", value, "INFO role"),
            "executable" | "config_file" => cx.service_info(if name == "executable" { "executable" } else { "config_file" }, value),
            _ => {}
        }
    }
}
