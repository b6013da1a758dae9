-- Calls one of four functions n times; the last result and the turn choose which.
-- As handlers.lua, without the operator `//`, which LuaJIT does not know.
local function scale(number, turn)
  return (number * 5 + turn) % 1000003
end

local function shift(number, turn)
  return number + turn % 7
end

local function halve(number, turn)
  return math.floor(number / 2) + turn
end

local function mirror(number, turn)
  return 1000003 - number % 1000003
end

local function kernel(n)
  local handlers = {scale, shift, halve, mirror}
  local number = 1
  local turn = 0
  while turn < n do
    local handler = handlers[(number + turn) % 4 + 1]
    number = handler(number, turn)
    turn = turn + 1
  end
  return number
end

print(kernel(tonumber(arg[1]) or 2000000))
