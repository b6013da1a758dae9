"""Goes round three names n times, by comparing the name with each."""
# full: n = 3000000 gives 1000000
# small: n = 10 gives 3
# counted: n = 400000 gives 133333
# upstream: n = 500000 gives 166666

import sys


def kernel(n):
    color = "red"
    rounds = 0
    for _ in range(n):
        if color == "red":
            color = "green"
        elif color == "green":
            color = "yellow"
        else:
            color = "red"
            rounds += 1
    return rounds


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 3000000))
