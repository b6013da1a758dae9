-- Counts to n, one at a time.
local function kernel(n)
  local i = 0
  while i < n do
    i = i + 1
  end
  return i
end

print(kernel(tonumber(arg[1]) or 3000000))
