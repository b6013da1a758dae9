"""Joins n numbers as text to lines of 80 bytes or a little more, and adds up how long the lines are."""
# full: n = 300000 gives 1988890
# small: n = 100 gives 290
# counted: n = 40000 gives 228890
# upstream: n = 300000 gives 1988890

import sys


def kernel(n):
    line = ""
    total = 0
    for i in range(n):
        line = line + str(i) + " "
        if len(line) >= 80:
            total += len(line)
            line = ""
    return total + len(line)


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 300000))
