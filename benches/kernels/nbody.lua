-- The energy of five planets after n steps of a hundredth of a day; roots are found by Newton's method.
local function root(number)
  local guess = number + 1.0
  local better = (guess + number / guess) / 2.0
  while better < guess do
    guess = better
    better = (guess + number / guess) / 2.0
  end
  return guess
end

local function energy(x, y, z, vx, vy, vz, mass)
  local total = 0.0
  for i = 1, 5 do
    total = total + mass[i] * (vx[i] * vx[i] + vy[i] * vy[i] + vz[i] * vz[i]) / 2.0
    for j = i + 1, 5 do
      local dx, dy, dz = x[i] - x[j], y[i] - y[j], z[i] - z[j]
      total = total - mass[i] * mass[j] / root(dx * dx + dy * dy + dz * dz)
    end
  end
  return total
end

local function kernel(n)
  local x = {0.0, 4.841431442464721, 8.34336671824458, 12.894369562139131, 15.379697114850917}
  local y = {0.0, -1.1603200440274284, 4.124798564124305, -15.111151401698631, -25.919314609987964}
  local z = {0.0, -0.10362204447112311, -0.4035234171143214, -0.22330757889265573, 0.17925877295037118}
  local vx = {-0.00038766340719921386, 0.606326392995832, -1.0107743461771441, 1.0827910064415354, 0.979090732243898}
  local vy = {-0.0032753590371765707, 2.81198684491626, 1.8256623712304119, 0.8687130181696082, 0.5946989986476762}
  local vz = {2.3935734080003e-05, -0.02521836165988763, 0.008415761376584154, -0.010832637401363636, -0.034755955504078104}
  local mass = {39.47841760435743, 0.03769367487038949, 0.011286326131968767, 0.0017237240570597112, 0.0020336868699246304}
  for _ = 1, n do
    for i = 1, 5 do
      for j = i + 1, 5 do
        local dx, dy, dz = x[i] - x[j], y[i] - y[j], z[i] - z[j]
        local square = dx * dx + dy * dy + dz * dz
        local pull = 0.01 / (square * root(square))
        local of_i, of_j = mass[i] * pull, mass[j] * pull
        vx[i] = vx[i] - dx * of_j
        vy[i] = vy[i] - dy * of_j
        vz[i] = vz[i] - dz * of_j
        vx[j] = vx[j] + dx * of_i
        vy[j] = vy[j] + dy * of_i
        vz[j] = vz[j] + dz * of_i
      end
    end
    for i = 1, 5 do
      x[i] = x[i] + 0.01 * vx[i]
      y[i] = y[i] + 0.01 * vy[i]
      z[i] = z[i] + 0.01 * vz[i]
    end
  end
  return energy(x, y, z, vx, vy, vz, mass)
end

print(string.format("%.17g", kernel(tonumber(arg[1]) or 8000)))
