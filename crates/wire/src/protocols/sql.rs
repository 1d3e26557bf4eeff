//! What an SQL statement does, by its first words: for every database whose statements cross the wire.
//!
//! Only the verb, the kind and the name of what it works on are read (ISO/IEC 9075-2 and the
//! manuals of MySQL, PostgreSQL and SQL Server); the text itself goes into no finding, it may hold
//! anything.

use crate::cx::Cx;
use crate::model::*;

/// Octets of a statement looked at.
pub const MAX_STATEMENT: usize = 4096;
const MAX_NAME: usize = 128;

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub action: Action,
    pub name: String,
    pub target: Option<String>,
    /// Account and password that it sets readably.
    pub password: Option<(String, String)>,
}

/// Kinds of objects that become part of a name: `drop_table`.
const KINDS: &[&str] = &[
    "database",
    "event",
    "extension",
    "function",
    "index",
    "login",
    "procedure",
    "role",
    "schema",
    "sequence",
    "server",
    "system",
    "table",
    "tablespace",
    "trigger",
    "type",
    "user",
    "view",
];
/// Words between verb and name.
const FILLERS: &[&str] = &[
    "concurrently",
    "definer",
    "delayed",
    "exists",
    "from",
    "global",
    "if",
    "ignore",
    "into",
    "low_priority",
    "materialized",
    "not",
    "only",
    "or",
    "replace",
    "temp",
    "temporary",
    "top",
    "unique",
    "unlogged",
];

/// Words of a statement: names with their dots, without quotes; comments and punctuation left out.
fn words(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';' | '='))
        .filter(|w| !w.is_empty())
}

fn unquoted(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '`' | '"' | '[' | ']' | '\'') && !c.is_control())
        .take(MAX_NAME)
        .collect()
}

/// The text behind leading blanks and comments.
fn skip_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ';'));
        if let Some(rest) = text.strip_prefix("/*") {
            text = rest.split_once("*/").map_or("", |(_, rest)| rest);
        } else if text.starts_with("--") || text.starts_with('#') {
            text = text.split_once('\n').map_or("", |(_, rest)| rest);
        } else {
            return text;
        }
    }
}

/// The text in quotes behind one of the phrases, which are lower case.
fn quoted_behind(text: &str, lower: &str, phrases: &[&str]) -> Option<String> {
    let at = phrases.iter().find_map(|p| lower.find(p).map(|at| at + p.len()))?;
    let rest = text.get(at..)?.trim_start_matches([' ', '=', '\t', 'N']);
    let mark = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (value, _) = rest.get(1..)?.split_once(mark)?;
    (!value.is_empty() && value.len() <= MAX_NAME).then(|| value.to_owned())
}

/// Reads a statement; `None` for what is no statement that is known.
pub fn statement(bytes: &[u8]) -> Option<Statement> {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(MAX_STATEMENT)).unwrap_or_default());
    let text = skip_comments(&text);
    let lower = text.to_ascii_lowercase();
    let mut rest = words(&lower);
    let verb = rest.next()?;
    let mut seen = rest.clone();
    let has = |word: &str| words(&lower).any(|w| w == word);
    let plain = |action, name: &str| (action, name.to_owned());
    let object = |verb: &str, rest: &mut dyn Iterator<Item = &str>| {
        let kind = rest.take(6).find(|w| KINDS.contains(w));
        kind.map_or_else(|| verb.to_owned(), |kind| format!("{verb}_{kind}"))
    };
    let (action, name) = match verb {
        "select" | "with" if has("outfile") || has("dumpfile") => {
            plain(Action::FileWrite, "select_into_outfile")
        }
        "select" | "with" if lower.contains("load_file(") || lower.contains("pg_read_file(") => {
            plain(Action::FileRead, "read_file")
        }
        "select" | "show" | "explain" | "describe" | "desc" | "with" | "values" | "table" | "fetch" => {
            plain(Action::Read, "query")
        }
        "insert" | "replace" | "merge" | "upsert" | "update" | "delete" => plain(Action::Write, verb),
        "truncate" => plain(Action::Clear, verb),
        "drop" => (Action::Clear, object(verb, &mut seen)),
        "create" | "alter" | "rename" => (Action::Configure, object(verb, &mut seen)),
        "grant" | "revoke" | "deny" | "install" | "uninstall" | "reset" | "comment" | "reindex"
        | "vacuum" => plain(Action::Configure, verb),
        "set" => match rest.clone().next() {
            Some("password") => plain(Action::Configure, "set_password"),
            Some("global" | "persist") => plain(Action::Configure, "set_global"),
            _ => return None,
        },
        "load" => plain(Action::FileRead, "load_data"),
        "copy" if has("program") => plain(Action::Start, "copy_program"),
        "copy" if lower.contains(" to stdout") || lower.contains(" to '") => plain(Action::Read, "copy_to"),
        "copy" => plain(Action::Write, "copy_from"),
        "backup" => plain(Action::FileWrite, verb),
        "restore" => plain(Action::FileRead, verb),
        "bulk" => plain(Action::FileRead, "bulk_insert"),
        "exec" | "execute" if has("xp_cmdshell") || lower.contains(".xp_cmdshell") => {
            plain(Action::Start, "xp_cmdshell")
        }
        "exec" if has("sp_configure") => plain(Action::Configure, "sp_configure"),
        "call" | "exec" | "execute" | "do" | "kill" => plain(Action::Other, verb),
        "shutdown" => plain(Action::Stop, verb),
        _ => return None,
    };
    let target = target(verb, text);
    let password = quoted_behind(text, &lower, &["identified by", "with password", " password"])
        .filter(|_| matches!(verb, "create" | "alter" | "grant" | "set"))
        .map(|password| (account(text, &lower), password));
    Some(Statement { action, name, target, password })
}

/// What the statement works on.
fn target(verb: &str, text: &str) -> Option<String> {
    let is = |w: &str, list: &[&str]| list.iter().any(|k| w.eq_ignore_ascii_case(k));
    let mut rest = words(text).skip(1);
    let word = match verb {
        "select" | "with" | "show" | "explain" | "values" | "table" | "fetch" | "desc" | "describe" => {
            return None;
        }
        "grant" | "revoke" | "load" | "kill" | "shutdown" | "set" | "do" | "bulk" => {
            let after = if verb == "load" || verb == "bulk" { "table" } else { "on" };
            rest.skip_while(|w| !w.eq_ignore_ascii_case(after)).nth(1)?
        }
        _ => rest.find(|w| !is(w, FILLERS) && !is(w, KINDS))?,
    };
    Some(unquoted(word)).filter(|w| !w.is_empty())
}

/// Whose password is set: the word behind `user`, `login`, `role`, `to` or `for`.
fn account(text: &str, lower: &str) -> String {
    let phrases = ["user ", "login ", "role ", " to ", " for "];
    let place = phrases.iter().filter_map(|w| lower.find(w).map(|at| at + w.len())).min();
    let rest = place.and_then(|at| text.get(at..)).unwrap_or_default();
    let name = words(rest).find(|w| {
        !w.eq_ignore_ascii_case("if") && !w.eq_ignore_ascii_case("not") && !w.eq_ignore_ascii_case("exists")
    });
    // an account of MySQL is name@host
    unquoted(name.unwrap_or_default().split('@').next().unwrap_or_default())
}

/// Reports what a statement did.
pub fn report(cx: &mut Cx<'_>, s: &Statement, asked: Stamp, outcome: Outcome, error: Option<(i64, &str)>) {
    let mut op = Op::new(s.action, &s.name).outcome(outcome).asked(asked);
    if let Some(target) = &s.target {
        op = op.target(target);
    }
    if let Some((code, text)) = error {
        op = op.exception(code, text);
    }
    cx.op(op);
    if let Some((user, password)) = &s.password {
        let c = Cred::new(CredKind::Password).username(user).secret(password).cleartext().sent(asked);
        cx.credential(c.detail("where", "statement"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<(Action, String, String)> {
        statement(text.as_bytes()).map(|s| (s.action, s.name, s.target.unwrap_or_default()))
    }

    #[test]
    fn tells_statements_by_their_verb() {
        for (text, action, name, target) in [
            ("SELECT * FROM t", Action::Read, "query", ""),
            (
                "/* app */ -- x\n insert into `shop`.`orders` (a) values (1)",
                Action::Write,
                "insert",
                "shop.orders",
            ),
            ("DROP TABLE IF EXISTS \"old\";", Action::Clear, "drop_table", "old"),
            ("delete from x where 1", Action::Write, "delete", "x"),
            ("CREATE UNIQUE INDEX i ON t (a)", Action::Configure, "create_index", "i"),
            ("GRANT ALL ON *.* TO 'eve'@'%'", Action::Configure, "grant", "*.*"),
            ("COPY t FROM PROGRAM 'id'", Action::Start, "copy_program", "t"),
            ("EXEC master..xp_cmdshell 'dir'", Action::Start, "xp_cmdshell", "master..xp_cmdshell"),
            ("select 1 into outfile '/tmp/x'", Action::FileWrite, "select_into_outfile", ""),
            ("SHUTDOWN", Action::Stop, "shutdown", ""),
        ] {
            assert_eq!(told(text), Some((action, name.to_owned(), target.to_owned())), "{text}");
        }
        for none in ["", "SET NAMES utf8", "\u{0}\u{1}", "/* open", "hello world"] {
            assert_eq!(told(none), None, "{none}");
        }
    }

    #[test]
    fn finds_passwords_that_are_set() {
        let s = statement(b"CREATE USER 'bob'@'%' IDENTIFIED BY 's3cret'").and_then(|s| s.password);
        assert_eq!(s, Some(("bob".to_owned(), "s3cret".to_owned())));
        let s = statement(b"ALTER ROLE amy WITH LOGIN PASSWORD 'x'").and_then(|s| s.password);
        assert_eq!(s, Some(("amy".to_owned(), "x".to_owned())));
        assert_eq!(statement(b"insert into t values (' password ''')").and_then(|s| s.password), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text: String, bytes: Vec<u8>) {
            let _ = statement(text.as_bytes());
            let _ = statement(&bytes);
            let _ = statement(format!("create user {text} identified by '{text}'").as_bytes());
        }
    }
}
