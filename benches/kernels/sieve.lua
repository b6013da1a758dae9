-- Counts the primes up to n with the sieve of Eratosthenes.
local function kernel(n)
  local is_prime = {}
  for i = 1, n do
    is_prime[i] = true
  end
  local count = 0
  for i = 2, n do
    if is_prime[i] then
      count = count + 1
      for multiple = i * i, n, i do
        is_prime[multiple] = false
      end
    end
  end
  return count
end

print(kernel(tonumber(arg[1]) or 1000000))
