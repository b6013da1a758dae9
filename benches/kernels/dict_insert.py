"""Puts n entries into a dict, whose keys are built as it goes, and reads one."""
# full: n = 200000 gives 100000
# small: n = 100 gives 50
# counted: n = 25000 gives 12500
# upstream: n = 4000 gives 2000
# growth: n = 125000, 250000, 500000, 1000000

import sys


def kernel(n):
    entries = {}
    for i in range(n):
        entries["key" + str(i)] = i
    return entries["key" + str(n // 2)]


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 200000))
