"""The certificate authority: keys, certificates, revocation, the register and its audit.

A CA is a folder (see `docs/concepts/ca.md`); what it does is what stands in its register.
"""
