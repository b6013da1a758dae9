-- Appends n numbers to an array, and reads one.
local function kernel(n)
  local numbers = {}
  for i = 0, n - 1 do
    numbers[#numbers + 1] = i
  end
  return numbers[n]
end

print(kernel(tonumber(arg[1]) or 1000000))
