"""Appends n numbers to an array in a global, and reads one."""
# full: n = 500000 gives 499999
# small: n = 100 gives 99
# counted: n = 20000 gives 19999
# upstream: cannot append to an array
# growth: n = 125000, 250000, 500000, 1000000

import sys

numbers = []


def kernel(n):
    global numbers
    numbers = []
    for i in range(n):
        numbers.append(i)
    return numbers[n - 1]


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 500000))
