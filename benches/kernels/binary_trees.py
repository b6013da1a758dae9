"""Makes binary trees of depth n, 16 times, and counts their nodes."""
# full: n = 15 gives 1048560
# small: n = 3 gives 240
# counted: n = 9 gives 16368
# upstream: cannot append to an array

import sys


def make(depth):
    if depth == 0:
        return []
    return [make(depth - 1), make(depth - 1)]


def count(tree):
    if len(tree) == 0:
        return 1
    return 1 + count(tree[0]) + count(tree[1])


def kernel(n):
    total = 0
    for i in range(16):
        total = total + count(make(n))
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
