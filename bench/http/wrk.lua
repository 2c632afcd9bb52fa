-- Sends the requests of a file in turn, a body in each line, from one of them on.
-- Arguments: file, from, GET or POST, and `authorized` for another authorization in each request.
local mark = "@@@@@@@@@@"
local requests = {}
local isAuthorized = false
local at = 0
local sent = 0

local function prepared(text)
  if not isAuthorized then return text end
  local from, to = text:find(mark, 1, true)
  return { text:sub(1, from - 1), text:sub(to + 1) }
end

function init(args)
  isAuthorized = args[4] == "authorized"
  wrk.headers["accept"] = "application/json"
  if isAuthorized then wrk.headers["authorization"] = "Bearer " .. mark end
  if args[3] == "GET" then
    wrk.headers["apollo-require-preflight"] = "1"
    requests[1] = prepared(wrk.format("GET"))
  else
    wrk.headers["content-type"] = "application/json"
    for body in io.lines(args[1]) do
      requests[#requests + 1] = prepared(wrk.format("POST", nil, nil, body))
    end
  end
  sent = tonumber(args[2])
  at = sent % #requests
end

function request()
  at = at % #requests + 1
  if not isAuthorized then return requests[at] end
  sent = sent + 1
  return requests[at][1] .. string.format("%010d", sent) .. requests[at][2]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nresult {"requests":%d,"bytes":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"refused":%d,"lost":%d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
