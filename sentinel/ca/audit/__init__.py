"""The audit: a tree of hashes over every entry, and signed heads of it (RFC 9162, 2.1)."""
