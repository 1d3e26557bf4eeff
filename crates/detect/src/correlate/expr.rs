//! The conditions of SEP 198: `and`, `or`, `not` and brackets over names of rules.

/// Words and brackets one condition may have.
const TOKENS_MAX: usize = 256;
/// Alternatives one condition may come to when it is written as an `or` of `and`s.
pub(super) const CLAUSES_MAX: usize = 64;
/// Brackets and `not`s inside each other.
const DEPTH_MAX: usize = 32;

/// A condition as it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Rule(String),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
}

/// One alternative: all of `present` and none of `absent` (bit sets over the rules of the correlation).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Clause {
    pub present: u64,
    pub absent: u64,
}

impl Expr {
    /// Reads a condition. `not` binds before `and`, `and` before `or`; the three words in any case.
    pub fn parse(text: &str) -> Result<Expr, String> {
        let tokens = tokens(text)?;
        let mut p = Parser { tokens: &tokens, at: 0 };
        let e = p.or(0)?;
        match p.peek() {
            None => Ok(e),
            Some(t) => Err(format!("condition: '{t}' was not expected")),
        }
    }

    /// The rules it names, each once, in order of appearance.
    pub fn names(&self) -> Vec<&str> {
        let mut out = Vec::new();
        self.walk(&mut out);
        out
    }

    fn walk<'a>(&'a self, out: &mut Vec<&'a str>) {
        match self {
            Expr::Rule(n) if !out.contains(&n.as_str()) => out.push(n),
            Expr::Rule(_) => {}
            Expr::Not(e) => e.walk(out),
            Expr::And(l) | Expr::Or(l) => l.iter().for_each(|e| e.walk(out)),
        }
    }

    /// As alternatives, with the bit of each rule's name from `bit`. None may hold always or never.
    pub(super) fn clauses(&self, bit: &impl Fn(&str) -> Option<u64>) -> Result<Vec<Clause>, String> {
        let all = self.expand(false, bit)?;
        if all.is_empty() {
            return Err("condition can never hold".into());
        }
        if all.iter().any(|c| c.present == 0 && c.absent == 0) {
            return Err("condition always holds".into());
        }
        Ok(all)
    }

    fn expand(&self, negated: bool, bit: &impl Fn(&str) -> Option<u64>) -> Result<Vec<Clause>, String> {
        match (self, negated) {
            (Expr::Rule(name), _) => {
                let b =
                    bit(name).ok_or_else(|| format!("condition names '{name}', which is not in rules"))?;
                Ok(vec![if negated {
                    Clause { present: 0, absent: b }
                } else {
                    Clause { present: b, absent: 0 }
                }])
            }
            (Expr::Not(e), _) => e.expand(!negated, bit),
            (Expr::Or(l), false) | (Expr::And(l), true) => {
                let mut out: Vec<Clause> = Vec::new();
                for e in l {
                    for c in e.expand(negated, bit)? {
                        if !out.contains(&c) {
                            out.push(c);
                        }
                    }
                    bounded(out.len())?;
                }
                Ok(out)
            }
            (Expr::And(l), false) | (Expr::Or(l), true) => {
                let mut out = vec![Clause { present: 0, absent: 0 }];
                for e in l {
                    let right = e.expand(negated, bit)?;
                    let mut next: Vec<Clause> = Vec::new();
                    for a in &out {
                        for b in &right {
                            let c = Clause { present: a.present | b.present, absent: a.absent | b.absent };
                            if c.present & c.absent == 0 && !next.contains(&c) {
                                next.push(c);
                                bounded(next.len())?;
                            }
                        }
                    }
                    out = next;
                }
                Ok(out)
            }
        }
    }
}

fn bounded(n: usize) -> Result<(), String> {
    if n > CLAUSES_MAX {
        return Err(format!("condition comes to more than {CLAUSES_MAX} alternatives"));
    }
    Ok(())
}

fn tokens(text: &str) -> Result<Vec<&str>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let end = match c {
            '(' | ')' => 1,
            _ => rest.find(|c: char| !(c.is_alphanumeric() || "_-.".contains(c))).unwrap_or(rest.len()),
        };
        if end == 0 {
            return Err(format!("condition: '{c}' was not expected"));
        }
        let (token, more) = rest.split_at(end);
        out.push(token);
        if out.len() > TOKENS_MAX {
            return Err(format!("condition has more than {TOKENS_MAX} words"));
        }
        rest = more.trim_start();
    }
    Ok(out)
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }
    fn take(&mut self, word: &str) -> bool {
        let hit = self.peek().is_some_and(|t| t.eq_ignore_ascii_case(word));
        self.at += usize::from(hit);
        hit
    }
    fn or(&mut self, depth: usize) -> Result<Expr, String> {
        let mut list = vec![self.and(depth)?];
        while self.take("or") {
            list.push(self.and(depth)?);
        }
        Ok(one(list, Expr::Or))
    }
    fn and(&mut self, depth: usize) -> Result<Expr, String> {
        let mut list = vec![self.not(depth)?];
        while self.take("and") {
            list.push(self.not(depth)?);
        }
        Ok(one(list, Expr::And))
    }
    fn not(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > DEPTH_MAX {
            return Err(format!("condition is nested more than {DEPTH_MAX} deep"));
        }
        if self.take("not") {
            return Ok(Expr::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take("(") {
            let e = self.or(depth + 1)?;
            return if self.take(")") { Ok(e) } else { Err("condition: a bracket is not closed".into()) };
        }
        match self.peek() {
            None => Err("condition ends where a rule's name is expected".into()),
            Some(t) if ["and", "or", ")"].iter().any(|w| t.eq_ignore_ascii_case(w)) => {
                Err(format!("condition: '{t}' stands where a rule's name is expected"))
            }
            Some(t) => {
                self.at += 1;
                Ok(Expr::Rule(t.to_string()))
            }
        }
    }
}

fn one(mut list: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    if list.len() == 1
        && let Some(e) = list.pop()
    {
        return e;
    }
    many(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses(text: &str) -> Result<Vec<(u64, u64)>, String> {
        let bit = |n: &str| Some(1u64 << (n.bytes().next()? - b'a'));
        Ok(Expr::parse(text)?.clauses(&bit)?.iter().map(|c| (c.present, c.absent)).collect())
    }

    #[test]
    fn not_binds_before_and_before_or() {
        assert_eq!(clauses("a or b and not c").unwrap(), [(1, 0), (2, 4)]);
        assert_eq!(clauses("(a OR b) AND NOT c").unwrap(), [(1, 4), (2, 4)]);
        assert_eq!(clauses("not (a or b)").unwrap(), [(0, 3)]);
        assert_eq!(clauses("not (a and not b)").unwrap(), [(0, 1), (2, 0)]);
    }

    #[test]
    fn names_are_listed_once_in_order() {
        assert_eq!(
            Expr::parse("b and (a or b) and 5638f7c0-ac70.x").unwrap().names(),
            ["b", "a", "5638f7c0-ac70.x"]
        );
    }

    #[test]
    fn bad_conditions_are_refused() {
        for (text, reason) in [
            ("", "condition ends where a rule's name is expected"),
            ("a and", "condition ends where a rule's name is expected"),
            ("a b", "condition: 'b' was not expected"),
            ("(a", "condition: a bracket is not closed"),
            ("a | b", "condition: '|' was not expected"),
            ("and a", "condition: 'and' stands where a rule's name is expected"),
            ("a and not a", "condition can never hold"),
        ] {
            assert_eq!(clauses(text).unwrap_err(), reason, "{text}");
        }
        assert!(clauses(&"(".repeat(300)).unwrap_err().contains("more than 256"));
        assert!(clauses(&format!("{}a", "not ".repeat(40))).unwrap_err().contains("nested"));
        let many: Vec<String> = (0..10).map(|_| "(a or b or c)".to_string()).collect();
        assert!(clauses(&many.join(" and ")).is_ok(), "repeats fold");
        let wide: Vec<String> = (0..10u8)
            .map(|i| format!("({} or {})", (b'a' + 2 * i) as char, (b'b' + 2 * i) as char))
            .collect();
        assert!(clauses(&wide.join(" and ")).unwrap_err().contains("alternatives"));
    }
}
