"""Appends n numbers to an array, and reads one."""
# full: n = 1000000 gives 999999
# small: n = 100 gives 99
# counted: n = 125000 gives 124999
# upstream: cannot append to an array
# growth: n = 125000, 250000, 500000, 1000000

import sys


def kernel(n):
    numbers = []
    for i in range(n):
        numbers.append(i)
    return numbers[n - 1]


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 1000000))
