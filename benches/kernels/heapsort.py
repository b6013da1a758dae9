"""Sorts n numbers by heapsort, in functions that take the array and give it back, and adds up every seventh times its place."""
# full: n = 100000 gives 47640765117883
# small: n = 50 gives 12217121
# counted: n = 5000 gives 119818073375
# upstream: cannot append to an array
# growth: n = 12500, 25000, 50000, 100000

import sys


def sift(items, root, length):
    kept = items[root]
    place = root
    child = 2 * place + 1
    going = child < length
    while going:
        if child + 1 < length:
            if items[child] < items[child + 1]:
                child = child + 1
        if items[child] > kept:
            items[place] = items[child]
            place = child
            child = 2 * place + 1
            going = child < length
        else:
            going = False
    items[place] = kept
    return items


def exchange(items, one, other):
    kept = items[one]
    items[one] = items[other]
    items[other] = kept
    return items


def kernel(n):
    items = []
    seed = 42
    for i in range(n):
        seed = (seed * 16807) % 2147483647
        items.append(seed % 100000)
    for root in range(n // 2 - 1, -1, -1):
        items = sift(items, root, n)
    for last in range(n - 1, 0, -1):
        items = exchange(items, 0, last)
        items = sift(items, 0, last)
    total = 0
    for i in range(0, n, 7):
        total = total + items[i] * (i + 1)
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 100000))
