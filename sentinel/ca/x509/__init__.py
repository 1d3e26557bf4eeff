"""X.509: certificates, requests and what stands in them, written and read as DER (RFC 5280, RFC 2986)."""
