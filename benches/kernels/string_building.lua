-- Joins n numbers as text to lines of 80 bytes or a little more, and adds up how long the lines are.
local function kernel(n)
  local line, total = "", 0
  for i = 0, n - 1 do
    line = line .. i .. " "
    if #line >= 80 then
      total = total + #line
      line = ""
    end
  end
  return total + #line
end

print(kernel(tonumber(arg[1]) or 300000))
