"""Sorts n numbers in a global by quicksort, and adds up every seventh times its place."""
# full: n = 100000 gives 47640765117883
# small: n = 50 gives 12217121
# counted: n = 5000 gives 119818073375
# upstream: cannot append to an array
# growth: n = 12500, 25000, 50000, 100000

import sys

numbers = []


def swap(one, other):
    global numbers
    kept = numbers[one]
    numbers[one] = numbers[other]
    numbers[other] = kept


def sort(first, last):
    global numbers
    if first < last:
        pivot = numbers[(first + last) // 2]
        low = first
        high = last
        while low <= high:
            while numbers[low] < pivot:
                low = low + 1
            while numbers[high] > pivot:
                high = high - 1
            if low <= high:
                swap(low, high)
                low = low + 1
                high = high - 1
        sort(first, high)
        sort(low, last)


def kernel(n):
    global numbers
    numbers = []
    seed = 42
    for i in range(n):
        seed = (seed * 16807) % 2147483647
        numbers.append(seed % 100000)
    sort(0, n - 1)
    total = 0
    for i in range(0, n, 7):
        total = total + numbers[i] * (i + 1)
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 100000))
