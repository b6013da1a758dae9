-- Counts n numbers by their last digits in a dict of arrays, one for each key.
local function kernel(n)
  local names = {[0] = "zero", "one", "two", "three", "four", "five", "six", "seven"}
  local counts = {}
  for i = 0, 7 do
    counts[names[i]] = {[0] = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
  end
  local seed = 42
  for i = 0, n - 1 do
    seed = (seed * 16807) % 2147483647
    local name = names[seed % 8]
    local digit = seed % 10
    counts[name][digit] = counts[name][digit] + i % 5
  end
  local total = 0
  for i = 0, 7 do
    for digit = 0, 9 do
      total = total + counts[names[i]][digit] * (i + digit + 1)
    end
  end
  return total
end

print(kernel(tonumber(arg[1]) or 1000000))
