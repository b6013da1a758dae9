-- Makes 300 rounds over a grid of n by n in which each cell becomes the sum of itself and its left and upper neighbours, modulo 1009.
local function kernel(n)
  local grid = {}
  for y = 0, n - 1 do
    local row = {}
    for x = 0, n - 1 do
      row[x] = x * y + 1
    end
    grid[y] = row
  end
  for turn = 1, 300 do
    for y = 1, n - 1 do
      for x = 1, n - 1 do
        grid[y][x] = (grid[y][x] + grid[y][x - 1] + grid[y - 1][x]) % 1009
      end
    end
  end
  local total = 0
  for y = 0, n - 1 do
    for x = 0, n - 1 do
      total = total + grid[y][x] * (x + 1)
    end
  end
  return total
end

print(kernel(tonumber(arg[1]) or 60))
