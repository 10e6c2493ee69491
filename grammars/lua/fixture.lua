-- Reads feeds.§c
local Feed = {}
Feed.__index = Feed

--[[ A feed,§c
by its name. ]]
function Feed.new(name, every)
  local self = setmetatable({ name = name, every = every or 60 }, Feed)
  return self§k
end

function Feed:due(now)
  local label = [[late§s ]] .. 'it\'s§s'§k
  for _, entry in ipairs(self.entries) do
    §(local late = now % self.every -- seconds§c
    print(label .. "§s", late)§b§)
  end
  return #self.entries > 0
end

return Feed
