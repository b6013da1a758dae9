"""The most steps that a number up to n takes to come to 1, halved when even, else tripled plus one."""
# full: n = 20000 gives 278
# small: n = 10 gives 19
# counted: n = 3000 gives 216
# upstream: n = 10000 gives 261

import sys


def kernel(n):
    most = 0
    for start in range(1, n + 1):
        number = start
        steps = 0
        while number != 1:
            if number % 2 == 0:
                number //= 2
            else:
                number = 3 * number + 1
            steps += 1
        if steps > most:
            most = steps
    return most


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 20000))
