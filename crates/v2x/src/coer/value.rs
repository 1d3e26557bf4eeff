//! A value of any type, as it was read or is to be written.

/// Names are those of the type's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i128),
    /// A name of an enumeration.
    Name(&'static str),
    Octets(Vec<u8>),
    Text(String),
    Record(Record),
    List(Vec<Value>),
    Choice(&'static str, Box<Value>),
    /// A name or an alternative after the extension marker that no table knows: its number, and the
    /// contents of an alternative.
    Unknown(u8, Option<Vec<u8>>),
}

/// Components that are there, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub fields: Vec<(&'static str, Value)>,
    /// Only where there is more than the table knows.
    pub additions: Option<Additions>,
}

/// What a later edition of the standard added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Additions {
    /// How many additions the sender knows.
    pub bits: usize,
    /// Number and contents of those that no table has.
    pub other: Vec<(usize, Vec<u8>)>,
}

impl Value {
    /// The component of a record.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Record(record) => record.fields.iter().find(|(n, _)| *n == name).map(|(_, v)| v),
            _ => None,
        }
    }
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        match self {
            Value::Record(record) => record.fields.iter_mut().find(|(n, _)| *n == name).map(|(_, v)| v),
            _ => None,
        }
    }
    /// A record of what is named.
    pub fn record<const N: usize>(fields: [(&'static str, Value); N]) -> Value {
        Value::Record(Record { fields: fields.into(), additions: None })
    }
    pub fn choice(name: &'static str, value: Value) -> Value {
        Value::Choice(name, Box::new(value))
    }
    pub fn octets(octets: &[u8]) -> Value {
        Value::Octets(octets.to_vec())
    }
    pub fn int(n: impl Into<i128>) -> Value {
        Value::Int(n.into())
    }
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }
    pub fn as_octets(&self) -> Option<&[u8]> {
        match self {
            Value::Octets(octets) => Some(octets),
            _ => None,
        }
    }
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }
    /// Name and value of an alternative.
    pub fn as_choice(&self) -> Option<(&'static str, &Value)> {
        match self {
            Value::Choice(name, value) => Some((name, value)),
            _ => None,
        }
    }
}
