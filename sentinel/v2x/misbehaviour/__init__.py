"""Misbehaviour: how well it is found, reports of it, and the authority that decides on them."""
