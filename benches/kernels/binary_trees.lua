-- Makes binary trees of depth n, 16 times, and counts their nodes.
local function make(depth)
  if depth == 0 then
    return {}
  end
  return {make(depth - 1), make(depth - 1)}
end

local function count(tree)
  if #tree == 0 then
    return 1
  end
  return 1 + count(tree[1]) + count(tree[2])
end

local function kernel(n)
  local total = 0
  for i = 1, 16 do
    total = total + count(make(n))
  end
  return total
end

print(kernel(tonumber(arg[1]) or 15))
