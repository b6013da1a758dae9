"""Looks 1000 keys up in a dict of 1000 entries n times."""
# full: n = 2000 gives 999000000
# small: n = 3 gives 1498500
# counted: n = 250 gives 124875000
# upstream: n = 300 gives 149850000

import sys


def kernel(n):
    keys = [""] * 1000
    entries = {}
    for i in range(1000):
        keys[i] = "key" + str(i)
        entries[keys[i]] = i
    total = 0
    for _ in range(n):
        for i in range(1000):
            total += entries[keys[i]]
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
