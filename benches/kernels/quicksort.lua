-- Sorts n numbers in a global by quicksort, and adds up every seventh times its place.
numbers = {}

function swap(one, other)
  local kept = numbers[one]
  numbers[one] = numbers[other]
  numbers[other] = kept
end

function sort(first, last)
  if first < last then
    local pivot = numbers[(first + last) // 2]
    local low = first
    local high = last
    while low <= high do
      while numbers[low] < pivot do
        low = low + 1
      end
      while numbers[high] > pivot do
        high = high - 1
      end
      if low <= high then
        swap(low, high)
        low = low + 1
        high = high - 1
      end
    end
    sort(first, high)
    sort(low, last)
  end
end

function kernel(n)
  numbers = {}
  local seed = 42
  for i = 0, n - 1 do
    seed = (seed * 16807) % 2147483647
    numbers[i] = seed % 100000
  end
  sort(0, n - 1)
  local total = 0
  for i = 0, n - 1, 7 do
    total = total + numbers[i] * (i + 1)
  end
  return total
end

print(kernel(tonumber(arg[1]) or 100000))
