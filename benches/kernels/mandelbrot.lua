-- Counts the turns that the points of a picture of n by n points take to leave the circle, 50 turns at most.
local function escape(x0, y0)
  local x, y, turns = 0.0, 0.0, 0
  while turns < 50 and x * x + y * y <= 4.0 do
    x, y = x * x - y * y + x0, 2.0 * x * y + y0
    turns = turns + 1
  end
  return turns
end

local function kernel(n)
  local scale = 3.0 / n
  local total = 0
  for row = 0, n - 1 do
    local y0 = row * scale - 1.5
    for column = 0, n - 1 do
      total = total + escape(column * scale - 2.0, y0)
    end
  end
  return total
end

print(kernel(tonumber(arg[1]) or 200))
