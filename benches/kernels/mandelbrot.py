"""Counts the turns that the points of a picture of n by n points take to leave the circle, 50 turns at most."""
# full: n = 200 gives 492855
# small: n = 8 gives 922
# counted: n = 70 gives 60803
# upstream: n = 200 gives 492855

import sys


def escape(x0, y0):
    x = 0.0
    y = 0.0
    turns = 0
    while turns < 50 and x * x + y * y <= 4.0:
        next_x = x * x - y * y + x0
        y = 2.0 * x * y + y0
        x = next_x
        turns += 1
    return turns


def kernel(n):
    scale = 3.0 / n
    total = 0
    for row in range(n):
        y0 = row * scale - 1.5
        for column in range(n):
            total += escape(column * scale - 2.0, y0)
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
