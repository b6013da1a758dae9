"""The n-th Fibonacci number, by two calls for each."""
# full: n = 29 gives 514229
# small: n = 10 gives 55
# counted: n = 24 gives 46368
# upstream: n = 27 gives 196418

import sys


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


if __name__ == "__main__":
    print(fib(int(sys.argv[1]) if len(sys.argv) > 1 else 29))
