-- Calls a function of one argument n times.
local function increment(number)
  return number + 1
end

local function kernel(n)
  local number = 0
  while number < n do
    number = increment(number)
  end
  return number
end

print(kernel(tonumber(arg[1]) or 2000000))
