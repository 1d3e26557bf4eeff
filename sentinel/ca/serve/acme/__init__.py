"""ACME (RFC 8555): certificates for servers by their own clients, for accounts that an operator allowed."""
