"""Records in forms other programs read: CSV, GraphML, CycloneDX."""
