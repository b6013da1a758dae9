"""Pi, from n members of the series 4 - 4/3 + 4/5 - …."""
# full: n = 1000000 gives 3.1415916535897743
# small: n = 1000 gives 3.140592653839794
# counted: n = 200000 gives 3.1415876535897618
# upstream: n = 1000000 gives 3.1415916535897743

import sys


def kernel(n):
    total = 0.0
    sign = 4.0
    for i in range(n):
        total += sign / (2 * i + 1)
        sign = -sign
    return total


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 1000000))
