-- wrk's script: the same order for every peer, of a random user for a random SKU, each request with a body of its own.
-- Arguments: PATH SEED. Prints one line, "RESULT" and a JSON object, at the end.
-- Invariant: the digits have a fixed width, so that a request is joined from few parts and its length is known.
local users, skus = 100000, 100
local head

function init(arguments)
  math.randomseed(tonumber(arguments[2]))
  local body = #'{"user":"peer-00000000","sku":"peer-00000","quantity":1}'
  head = "POST " .. arguments[1] .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nPrefer: wait=10\r\n"
      .. "Content-Length: " .. body .. '\r\n\r\n{"user":"peer-'
end

function request()
  return head .. string.format('%08d","sku":"peer-%05d","quantity":1}', math.random(users) - 1, math.random(skus) - 1)
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format('RESULT {"requests":%d,"us":%d,"p50_us":%d,"p99_us":%d,"refused":%d,"broken":%d}', summary.requests,
    summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
