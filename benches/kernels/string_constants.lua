-- Goes round three names n times, by comparing the name with each.
local function kernel(n)
  local color, rounds = "red", 0
  for _ = 1, n do
    if color == "red" then
      color = "green"
    elseif color == "green" then
      color = "yellow"
    else
      color = "red"
      rounds = rounds + 1
    end
  end
  return rounds
end

print(kernel(tonumber(arg[1]) or 3000000))
