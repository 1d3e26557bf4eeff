"""One query grammar for `search` and `--where`: parsed here, evaluated here over plain documents.

The stores compile the same tree to their own language; a property test holds them to `matches`,
which is the definition of what a query means. Grammar:

    query      = and-query { OR and-query }
    and-query  = unary { AND unary }
    unary      = NOT unary | "(" query ")" | comparison
    comparison = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
               | field IN "(" value { "," value } ")"
               | field EXISTS

Key words may be written in any case. A value is a bare word, or text in " or '.
"""

from sentinel.query.evaluate import leaves, matches
from sentinel.query.nodes import And, Compare, Exists, In, Node, Not, Op, Or, Scalar, fields_of
from sentinel.query.operand import (
    AddressOperand,
    NetworkOperand,
    Operand,
    PatternOperand,
    TextOperand,
    TimeOperand,
    Wildcard,
    address_number,
    fold,
    glob,
    is_canonical_time,
    number,
    operand,
)
from sentinel.query.parse import QueryError, parse

__all__ = [
    "AddressOperand",
    "And",
    "Compare",
    "Exists",
    "In",
    "NetworkOperand",
    "Node",
    "Not",
    "Op",
    "Operand",
    "Or",
    "PatternOperand",
    "QueryError",
    "Scalar",
    "TextOperand",
    "TimeOperand",
    "Wildcard",
    "address_number",
    "fields_of",
    "fold",
    "glob",
    "is_canonical_time",
    "leaves",
    "matches",
    "number",
    "operand",
    "parse",
]
