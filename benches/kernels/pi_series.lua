-- Pi, from n members of the series 4 - 4/3 + 4/5 - ….
local function kernel(n)
  local total, sign = 0.0, 4.0
  for i = 0, n - 1 do
    total = total + sign / (2 * i + 1)
    sign = -sign
  end
  return total
end

print(string.format("%.17g", kernel(tonumber(arg[1]) or 1000000)))
