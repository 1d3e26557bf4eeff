import json
class Assessor:
    def __init__(self, **k): self.r=k.get("reveal")
    def assess(self, q): return json.dumps([{"masked": c.get("secret"), "line": c.get("hashcat_line"), "weaknesses": []} for c in json.loads(q)]).encode()
