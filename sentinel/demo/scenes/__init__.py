"""What happens in the demo plant: one file a kind of traffic."""
