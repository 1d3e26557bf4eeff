def python_probes(): return []
def open_probe(name): raise KeyError(name)
