"""Counts to n in a global, by a step that stands in another."""
# full: n = 1000000 gives 1000000
# small: n = 100 gives 100
# counted: n = 250000 gives 250000
# upstream: n = 500000 gives 500000

import sys

count = 0
step = 0


def kernel(n):
    global count, step
    count = 0
    step = 1
    while count < n:
        count = count + step
    return count


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 1000000))
