-- What wrk sends, and its totals as one line of JSON.
--   -- MODE ITEMS: MODE is "get", "post" (4 KiB) or "tenants" (ITEMS values of x-tenant in turn).

local prepared, turn = nil, 0

function init(arguments)
  local mode, items = arguments[1], tonumber(arguments[2] or "1")
  if mode == "post" then
    wrk.method = "POST"
    wrk.body = string.rep("kettle-1500-steel;", 228):sub(1, 4096)
    wrk.headers["Content-Type"] = "application/octet-stream"
  elseif mode == "tenants" then
    prepared = {}
    for i = 1, items do
      wrk.headers["X-Tenant"] = string.format("tenant-%05d", i)
      prepared[i] = wrk.format()
    end
    -- Defined only here: wrk keeps one prepared request as long as there is no such function.
    request = function()
      turn = turn % items + 1
      return prepared[turn]
    end
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\nTOTALS {"requests":%d,"microseconds":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,"p50_us":%.1f,"p99_us":%.1f}\n',
    summary.requests, summary.duration, summary.bytes, e.connect, e.read, e.write, e.status,
    e.timeout, latency:percentile(50), latency:percentile(99)))
end
