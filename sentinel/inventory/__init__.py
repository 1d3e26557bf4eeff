"""What the facts of a network mean: who made a device, what it is, where it stands, what is wrong with it.

Observations are gathered, merged and written by the native host table. This package is asked once per
distinct set of facts (a *profile*, see `profile.py`) and once per distinct credential (see
`credentials.py`), so that a network of many thousand plain hosts costs no Python at all.
"""
