"""Crafted scenes, a module for each probe that has no capture in the corpus or needs more than it shows."""
