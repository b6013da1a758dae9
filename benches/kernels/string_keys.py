"""Builds n strings such as dict_insert has for keys, keeps them in an array, and reads one."""
# full: n = 200000 gives key100000
# small: n = 100 gives key50
# counted: n = 25000 gives key12500
# upstream: cannot append to an array
# growth: n = 125000, 250000, 500000, 1000000

import sys


def kernel(n):
    keys = []
    for i in range(n):
        keys.append("key" + str(i))
    return keys[n // 2]


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 200000))
