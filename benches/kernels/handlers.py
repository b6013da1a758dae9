"""Calls one of four functions n times; the last result and the turn choose which."""
# full: n = 2000000 gives 618795
# small: n = 1000 gives 322904
# counted: n = 250000 gives 488051
# upstream: n = 300000 gives 421506

import sys


def scale(number, turn):
    return (number * 5 + turn) % 1000003


def shift(number, turn):
    return number + turn % 7


def halve(number, turn):
    return number // 2 + turn


def mirror(number, turn):
    return 1000003 - number % 1000003


def kernel(n):
    handlers = [scale, shift, halve, mirror]
    number = 1
    turn = 0
    while turn < n:
        handler = handlers[(number + turn) % 4]
        number = handler(number, turn)
        turn = turn + 1
    return number


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 2000000))
