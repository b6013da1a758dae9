"""Counts to n, one at a time."""
# full: n = 3000000 gives 3000000
# small: n = 1000 gives 1000
# counted: n = 400000 gives 400000
# upstream: n = 3000000 gives 3000000

import sys


def kernel(n):
    i = 0
    while i < n:
        i += 1
    return i


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 3000000))
