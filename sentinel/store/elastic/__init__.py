"""The store in an Elasticsearch: one concern a file.

`store` reads, `writer` writes; `client` and `tls` reach the server, `faults` says what is wrong with it;
`layout`, `mappings` and `templates` are the form of indices; `compile` and `terms` put queries into the
server's words.
"""
