"""The daemon: live ports and logs in, rules and chains on, everything kept, for months."""
