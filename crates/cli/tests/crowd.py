"""`crowd.py idle COUNT`: so many processes that do nothing until this one ends; their numbers go to the output.
`crowd.py churn SECONDS FILE`: processes that begin and end all the while, one of four stays; the numbers of
those that stayed go to FILE, then all end."""

import os
import sys
import time

END, HOLD = os.pipe()


def child(stays):
    pid = os.fork()
    if pid == 0:
        os.close(HOLD)
        if stays:
            os.read(END, 1)
        os._exit(0)
    return pid


if sys.argv[1] == "idle":
    print(*(child(True) for _ in range(int(sys.argv[2]))), flush=True)
    sys.stdin.read()
else:
    until, stayed, count = time.monotonic() + float(sys.argv[2]), [], 0
    while time.monotonic() < until:
        count += 1
        if count % 4 == 0:
            stayed.append(child(True))
        else:
            os.waitpid(child(False), 0)
        time.sleep(0.002)
    with open(sys.argv[3], "w") as file:
        print(*stayed, file=file)
