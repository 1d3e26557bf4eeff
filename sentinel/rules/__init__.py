"""Rules: Sigma YAML in packs, and the engine they run in. See docs/concepts/rules.md."""
