-- Puts n entries into a dict, whose keys are built as it goes, and reads one.
local function kernel(n)
  local entries = {}
  for i = 0, n - 1 do
    entries["key" .. i] = i
  end
  return entries["key" .. n // 2]
end

print(kernel(tonumber(arg[1]) or 200000))
