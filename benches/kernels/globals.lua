-- Counts to n in a global, by a step that stands in another.
function kernel(n)
  count = 0
  step = 1
  while count < n do
    count = count + step
  end
  return count
end

print(kernel(tonumber(arg[1]) or 1000000))
