"""Makes 300 rounds over a grid of n by n in which each cell becomes the sum of itself and its left and upper neighbours, modulo 1009."""
# full: n = 60 gives 54318354
# small: n = 3 gives 4716
# counted: n = 16 gives 1071077
# upstream: cannot append to an array

import sys


def kernel(n):
    grid = []
    for y in range(n):
        row = []
        for x in range(n):
            row.append(x * y + 1)
        grid.append(row)
    for turn in range(300):
        for y in range(1, n):
            for x in range(1, n):
                grid[y][x] = (grid[y][x] + grid[y][x - 1] + grid[y - 1][x]) % 1009
    total = 0
    for y in range(n):
        for x in range(n):
            total = total + grid[y][x] * (x + 1)
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
