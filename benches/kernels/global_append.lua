-- Appends n numbers to an array in a global, and reads one.
function kernel(n)
  numbers = {}
  for i = 0, n - 1 do
    numbers[#numbers + 1] = i
  end
  return numbers[n]
end

print(kernel(tonumber(arg[1]) or 500000))
