-- Sorts n numbers by heapsort, in functions that take the array and give it back, and adds up every seventh times its place.
local function sift(items, root, length)
  local kept = items[root]
  local place = root
  local child = 2 * place + 1
  local going = child < length
  while going do
    if child + 1 < length then
      if items[child] < items[child + 1] then
        child = child + 1
      end
    end
    if items[child] > kept then
      items[place] = items[child]
      place = child
      child = 2 * place + 1
      going = child < length
    else
      going = false
    end
  end
  items[place] = kept
  return items
end

local function exchange(items, one, other)
  local kept = items[one]
  items[one] = items[other]
  items[other] = kept
  return items
end

local function kernel(n)
  local items = {}
  local seed = 42
  for i = 0, n - 1 do
    seed = (seed * 16807) % 2147483647
    items[i] = seed % 100000
  end
  for root = n // 2 - 1, 0, -1 do
    items = sift(items, root, n)
  end
  for last = n - 1, 1, -1 do
    items = exchange(items, 0, last)
    items = sift(items, 0, last)
  end
  local total = 0
  for i = 0, n - 1, 7 do
    total = total + items[i] * (i + 1)
  end
  return total
end

print(kernel(tonumber(arg[1]) or 100000))
