"""Scenes: traffic of vehicles that tell of themselves, some of them falsely, and what is true beside it."""
