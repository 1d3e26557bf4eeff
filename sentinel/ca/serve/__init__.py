"""`sentinel ca serve`: EST, the API, OCSP and CRLs over HTTP (docs/decisions/0018-ca-http.md).

The native server keeps connections, bounds and the cache; each lane of it has a thread here that takes
requests in groups and answers them.
"""

from sentinel.ca.serve.service import Service

__all__ = ["Service"]
