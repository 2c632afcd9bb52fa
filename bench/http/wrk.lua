-- Sends the requests of a file in turn, a body in each line, from one of them on. Arguments: file, from, GET or POST.
local requests = {}
local at = 0

function init(args)
  wrk.headers["accept"] = "application/json"
  if args[3] == "GET" then
    requests[1] = wrk.format("GET")
  else
    wrk.headers["content-type"] = "application/json"
    for body in io.lines(args[1]) do
      requests[#requests + 1] = wrk.format("POST", nil, nil, body)
    end
  end
  at = tonumber(args[2]) % #requests
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nresult {"requests":%d,"bytes":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"refused":%d,"lost":%d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
