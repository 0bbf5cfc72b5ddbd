-- For wrk: GETs presigned URLs one after the other. wrk … -s presigned.lua http://HOST -- FILE
local paths = {}
function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
end
local at = 0
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
