"""The centre: one set of chains over the alerts of many sensors (`sentinel collect --correlate`)."""

from sentinel.collector.centre.daemon import Centre

__all__ = ["Centre"]
