"""Adds up an array of 1000 numbers n times, by index."""
# full: n = 4000 gives 1998000000
# small: n = 3 gives 1498500
# counted: n = 500 gives 249750000
# upstream: n = 1000 gives 499500000

import sys


def kernel(n):
    numbers = [0] * 1000
    for i in range(1000):
        numbers[i] = i
    total = 0
    for _ in range(n):
        for i in range(1000):
            total += numbers[i]
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 4000))
