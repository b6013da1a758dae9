"""Counts n numbers by their last digits in a dict of arrays, one for each key."""
# full: n = 1000000 gives 17998662
# small: n = 100 gives 1672
# counted: n = 50000 gives 898096
# upstream: cannot append to an array
# growth: n = 125000, 250000, 500000, 1000000

import sys


def kernel(n):
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven"]
    counts = {}
    for i in range(8):
        counts[names[i]] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    seed = 42
    for i in range(n):
        seed = (seed * 16807) % 2147483647
        name = names[seed % 8]
        digit = seed % 10
        counts[name][digit] = counts[name][digit] + i % 5
    total = 0
    for i in range(8):
        for digit in range(10):
            total = total + counts[names[i]][digit] * (i + digit + 1)
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 1000000))
