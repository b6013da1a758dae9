"""Counts the ways to put n queens on a board of n by n so that none attacks another."""
# full: n = 10 gives 724
# small: n = 5 gives 10
# counted: n = 8 gives 92
# upstream: n = 8 gives 92

import sys


def is_safe(columns, row, column):
    for other in range(row):
        there = columns[other]
        if there == column or there - column == row - other or column - there == row - other:
            return False
    return True


def place(columns, row, n):
    if row == n:
        return 1
    ways = 0
    for column in range(n):
        if is_safe(columns, row, column):
            columns[row] = column
            ways += place(columns, row + 1, n)
    return ways


def kernel(n):
    columns = [0] * n
    return place(columns, 0, n)


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
