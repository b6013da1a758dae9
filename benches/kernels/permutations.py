"""Goes through all permutations of n numbers by Heap's algorithm, in a recursion that gives the array back, and adds up ends."""
# full: n = 9 gives 768251
# small: n = 4 gives 694412
# counted: n = 7 gives 247526
# upstream: cannot append to an array

import sys

total = 0


def permute(items, count, last):
    global total
    if count == 1:
        total = (total * 3 + items[0] * items[last]) % 1000003
        return items
    for i in range(count):
        items = permute(items, count - 1, last)
        other = 0
        if count % 2 == 0:
            other = i
        kept = items[other]
        items[other] = items[count - 1]
        items[count - 1] = kept
    return items


def kernel(n):
    global total
    total = 0
    items = []
    for i in range(n):
        items.append(i + 1)
    items = permute(items, n, n - 1)
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 9))
