"""Calls a function of one argument n times."""
# full: n = 2000000 gives 2000000
# small: n = 1000 gives 1000
# counted: n = 250000 gives 250000
# upstream: n = 300000 gives 300000

import sys


def increment(number):
    return number + 1


def kernel(n):
    number = 0
    while number < n:
        number = increment(number)
    return number


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 2000000))
