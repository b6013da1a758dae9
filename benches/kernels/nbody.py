"""The energy of five planets after n steps of a hundredth of a day; roots are found by Newton's method."""
# full: n = 8000 gives -0.16907845703913382
# small: n = 5 gives -0.1690741048830117
# counted: n = 1000 gives -0.16908760523462465
# upstream: n = 1500 gives -0.16900953424825127

import sys


def root(number):
    guess = number + 1.0
    better = (guess + number / guess) / 2.0
    while better < guess:
        guess = better
        better = (guess + number / guess) / 2.0
    return guess


def energy(x, y, z, vx, vy, vz, mass):
    total = 0.0
    for i in range(5):
        total += mass[i] * (vx[i] * vx[i] + vy[i] * vy[i] + vz[i] * vz[i]) / 2.0
        for j in range(i + 1, 5):
            dx = x[i] - x[j]
            dy = y[i] - y[j]
            dz = z[i] - z[j]
            total -= mass[i] * mass[j] / root(dx * dx + dy * dy + dz * dz)
    return total


def kernel(n):
    x = [0.0, 4.841431442464721, 8.34336671824458, 12.894369562139131, 15.379697114850917]
    y = [0.0, -1.1603200440274284, 4.124798564124305, -15.111151401698631, -25.919314609987964]
    z = [0.0, -0.10362204447112311, -0.4035234171143214, -0.22330757889265573, 0.17925877295037118]
    vx = [-0.00038766340719921386, 0.606326392995832, -1.0107743461771441, 1.0827910064415354, 0.979090732243898]
    vy = [-0.0032753590371765707, 2.81198684491626, 1.8256623712304119, 0.8687130181696082, 0.5946989986476762]
    vz = [2.3935734080003e-05, -0.02521836165988763, 0.008415761376584154, -0.010832637401363636, -0.034755955504078104]
    mass = [39.47841760435743, 0.03769367487038949, 0.011286326131968767, 0.0017237240570597112, 0.0020336868699246304]
    for _ in range(n):
        for i in range(5):
            for j in range(i + 1, 5):
                dx = x[i] - x[j]
                dy = y[i] - y[j]
                dz = z[i] - z[j]
                square = dx * dx + dy * dy + dz * dz
                pull = 0.01 / (square * root(square))
                of_i = mass[i] * pull
                of_j = mass[j] * pull
                vx[i] -= dx * of_j
                vy[i] -= dy * of_j
                vz[i] -= dz * of_j
                vx[j] += dx * of_i
                vy[j] += dy * of_i
                vz[j] += dz * of_i
        for i in range(5):
            x[i] += 0.01 * vx[i]
            y[i] += 0.01 * vy[i]
            z[i] += 0.01 * vz[i]
    return energy(x, y, z, vx, vy, vz, mass)


if __name__ == "__main__":
    print(kernel(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
