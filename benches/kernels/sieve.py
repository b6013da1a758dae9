"""Counts the primes up to n with the sieve of Eratosthenes."""
# full: n = 1000000 gives 78498
# small: n = 100 gives 25
# counted: n = 125000 gives 11734
# upstream: n = 8000 gives 1007
# growth: n = 125000, 250000, 500000, 1000000

import sys


def kernel(n):
    is_prime = [True] * (n + 1)
    count = 0
    for i in range(2, n + 1):
        if is_prime[i]:
            count += 1
            for multiple in range(i * i, n + 1, i):
                is_prime[multiple] = False
    return count


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 1000000))
