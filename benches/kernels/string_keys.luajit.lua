-- Builds n strings such as dict_insert has for keys, keeps them in an array, and reads one.
-- As string_keys.lua, without the operator `//`, which LuaJIT does not know.
local function kernel(n)
  local keys = {}
  for i = 0, n - 1 do
    keys[#keys + 1] = "key" .. i
  end
  return keys[math.floor(n / 2) + 1]
end

print(kernel(tonumber(arg[1]) or 200000))
