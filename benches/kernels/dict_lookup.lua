-- Looks 1000 keys up in a dict of 1000 entries n times.
local function kernel(n)
  local keys, entries = {}, {}
  for i = 1, 1000 do
    keys[i] = "key" .. i - 1
    entries[keys[i]] = i - 1
  end
  local total = 0
  for _ = 1, n do
    for i = 1, 1000 do
      total = total + entries[keys[i]]
    end
  end
  return total
end

print(kernel(tonumber(arg[1]) or 2000))
