"""objects.py BATCHES: JSON there and back in batches; a row for each: batch, 1, ns.

With PYTHONMALLOC=malloc each object is a call of the allocator, one in about 40 ns: so dense that
LTTng's helper makes the program three times slower. The batches grow first, so that the
rings have grown and were touched; in the pauses the collectors catch up.
"""
import json
import sys
import time

PAUSE_S = 0.03
WARM_UPS = 12
ROUNDS = 3

data = [{"id": n, "name": f"name {n}", "values": [n * 0.5, n * 2]} for n in range(300)]


def batch(rounds):
    before = time.thread_time_ns()
    for _ in range(rounds):
        assert len(json.loads(json.dumps(data, indent=1))) == len(data)
    return time.thread_time_ns() - before


for n in range(WARM_UPS):
    batch(1 + ROUNDS * n // WARM_UPS)
    time.sleep(PAUSE_S)
rows = []
for _ in range(int(sys.argv[1])):
    rows.append(batch(ROUNDS))
    time.sleep(PAUSE_S)
for n, ns in enumerate(rows):
    print(f"{n},1,{ns}")
