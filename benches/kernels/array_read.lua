-- Adds up an array of 1000 numbers n times, by index.
local function kernel(n)
  local numbers = {}
  for i = 1, 1000 do
    numbers[i] = i - 1
  end
  local total = 0
  for _ = 1, n do
    for i = 1, 1000 do
      total = total + numbers[i]
    end
  end
  return total
end

print(kernel(tonumber(arg[1]) or 4000))
