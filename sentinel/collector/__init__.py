"""The daemon: captures live, follows logs, keeps everything in the store and answers for its own health."""
