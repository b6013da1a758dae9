-- The most steps that a number up to n takes to come to 1, halved when even, else tripled plus one.
local function kernel(n)
  local most = 0
  for start = 1, n do
    local number, steps = start, 0
    while number ~= 1 do
      if number % 2 == 0 then
        number = number // 2
      else
        number = 3 * number + 1
      end
      steps = steps + 1
    end
    if steps > most then
      most = steps
    end
  end
  return most
end

print(kernel(tonumber(arg[1]) or 20000))
