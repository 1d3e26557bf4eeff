//! Every capture of the corpus read and decoded, with Wireshark's tools as the oracle.

mod corpus;
mod counts;
mod headers;
