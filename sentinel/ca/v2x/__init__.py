"""PKI of vehicles and roadside units: its roles, each with its own key, register, audit and limits.

A role's state is its folder. Roles send each other octets through a `transport.Transport`: in one process
for a trial, over a network in production, by the same code.
"""
