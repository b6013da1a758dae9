-- Sorts n numbers in place by swapping neighbours, and adds each up times its place.
local function kernel(n)
  local numbers = {}
  local seed = 42
  for i = 1, n do
    seed = (seed * 3877 + 29573) % 139968
    numbers[i] = seed
  end
  for last = n - 1, 1, -1 do
    for i = 1, last do
      if numbers[i] > numbers[i + 1] then
        numbers[i], numbers[i + 1] = numbers[i + 1], numbers[i]
      end
    end
  end
  local total = 0
  for i = 1, n do
    total = total + (i - 1) * numbers[i]
  end
  return total
end

print(kernel(tonumber(arg[1]) or 1500))
