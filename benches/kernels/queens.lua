-- Counts the ways to put n queens on a board of n by n so that none attacks another.
local function is_safe(columns, row, column)
  for other = 1, row - 1 do
    local there = columns[other]
    if there == column or there - column == row - other or column - there == row - other then
      return false
    end
  end
  return true
end

local function place(columns, row, n)
  if row > n then
    return 1
  end
  local ways = 0
  for column = 1, n do
    if is_safe(columns, row, column) then
      columns[row] = column
      ways = ways + place(columns, row + 1, n)
    end
  end
  return ways
end

local function kernel(n)
  return place({}, 1, n)
end

print(kernel(tonumber(arg[1]) or 10))
