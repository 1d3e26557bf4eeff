import json
def describe_all(q): return json.dumps([{} for _ in json.loads(q)]).encode()
