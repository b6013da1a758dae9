-- Builds n strings such as dict_insert has for keys, keeps them in an array, and reads one.
local function kernel(n)
  local keys = {}
  for i = 0, n - 1 do
    keys[#keys + 1] = "key" .. i
  end
  return keys[n // 2 + 1]
end

print(kernel(tonumber(arg[1]) or 200000))
