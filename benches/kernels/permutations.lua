-- Goes through all permutations of n numbers by Heap's algorithm, in a recursion that gives the array back, and adds up ends.
total = 0

local function permute(items, count, last)
  if count == 1 then
    total = (total * 3 + items[0] * items[last]) % 1000003
    return items
  end
  for i = 0, count - 1 do
    items = permute(items, count - 1, last)
    local other = 0
    if count % 2 == 0 then
      other = i
    end
    local kept = items[other]
    items[other] = items[count - 1]
    items[count - 1] = kept
  end
  return items
end

local function kernel(n)
  total = 0
  local items = {}
  for i = 0, n - 1 do
    items[i] = i + 1
  end
  items = permute(items, n, n - 1)
  return total
end

print(kernel(tonumber(arg[1]) or 9))
