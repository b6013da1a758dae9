"""Sorts n numbers in place by swapping neighbours, and adds each up times its place."""
# full: n = 1500 gives 107344221525
# small: n = 20 gives 16902774
# counted: n = 500 gives 12154199402
# upstream: n = 300 gives 4347770599

import sys


def kernel(n):
    numbers = [0] * n
    seed = 42
    for i in range(n):
        seed = (seed * 3877 + 29573) % 139968
        numbers[i] = seed
    for last in range(n - 1, 0, -1):
        for i in range(last):
            if numbers[i] > numbers[i + 1]:
                numbers[i], numbers[i + 1] = numbers[i + 1], numbers[i]
    total = 0
    for i in range(n):
        total += i * numbers[i]
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 1500))
