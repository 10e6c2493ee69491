--- What is known of the servers: whether they read the project, which models are down, what today came to.

local wire = require('foretype.wire')

local M = {}

--- The ledger is not asked more often.
local STATS_EVERY_MS = 30000

---@class foretype.Known
---@field bars table<string|integer, true> work under way, by its token
---@field models? table what the server's command `foretype.status` answers
---@field today? { saved_characters: integer, cost_usd: number? }
---@field asked_at? integer ms

---@type table<integer, foretype.Known> by client
local known = {}

---@param client_id integer
local function of(client_id)
  known[client_id] = known[client_id] or { bars = {} }
  return known[client_id]
end

--- Status lines are drawn anew, and who listens is told.
local function changed()
  vim.schedule(function()
    vim.api.nvim_exec_autocmds('User', { pattern = 'ForetypeStatus', modeline = false })
    vim.cmd.redrawstatus()
  end)
end

--- The notification `foretype/status`.
function M.on_models(_, models, context)
  of(context.client_id).models = models
  changed()
end

---@param client vim.lsp.Client
function M.refresh(client)
  local about, now = of(client.id), vim.uv.now()
  if about.asked_at and now - about.asked_at < STATS_EVERY_MS then
    return
  end
  about.asked_at = now
  wire.run(client, 'foretype.stats', { 1 }, function(stats)
    about.today = type(stats) == 'table' and stats.today or nil
    changed()
  end)
end

---@param client vim.lsp.Client
function M.attached(client)
  if not known[client.id] then
    M.refresh(client)
    wire.run(client, 'foretype.status', nil, function(models)
      of(client.id).models = models
      changed()
    end)
  end
end

---@param client_id integer
function M.gone(client_id)
  known[client_id] = nil
  changed()
end

---@class foretype.State
---@field on boolean
---@field why string
---@field indexing boolean          the server is reading the project
---@field answers? string           the model that is asked first now
---@field down table<string, string> models that do not answer, and why
---@field saved_characters? integer today, in all editors
---@field cost_usd? number          today, in all editors; absent where a price is not known

---@param buf integer
---@return foretype.State
function M.state(buf)
  local scope = require('foretype.scope')
  local on, why = scope.status(buf)
  local client = scope.client(buf)
  local about = client and known[client.id] or { bars = {} }
  local models, today = about.models or {}, about.today or {}
  local down = {}
  for _, model in ipairs(models.models or {}) do
    if model.health.state == 'down' then
      down[model.label] = model.health.message
    end
  end
  local function number(value)
    return type(value) == 'number' and value or nil
  end
  return {
    on = on,
    why = why,
    indexing = next(about.bars) ~= nil,
    answers = type(models.answers) == 'string' and models.answers or nil,
    down = down,
    saved_characters = number(today.saved_characters),
    cost_usd = number(today.cost_usd),
  }
end

--- For a status line: empty where ghost text is off.
---@param buf integer
---@return string
function M.line(buf)
  local state = M.state(buf)
  if not state.on then
    return ''
  end
  local parts = {}
  if state.indexing then
    table.insert(parts, 'indexing')
  end
  local down = vim.tbl_keys(state.down)
  table.sort(down)
  for _, label in ipairs(down) do
    table.insert(parts, label .. ' down')
  end
  if (state.cost_usd or 0) > 0 then
    table.insert(parts, ('$%.2f'):format(state.cost_usd))
  end
  return #parts == 0 and 'foretype' or 'foretype: ' .. table.concat(parts, ', ')
end

---@param client_id integer
---@param token string|integer
---@param kind string
local function on_progress(client_id, token, kind)
  local bars = of(client_id).bars
  local was = bars[token]
  bars[token] = kind ~= 'end' and true or nil
  if was ~= bars[token] then
    changed()
  end
end

function M.start()
  local group = vim.api.nvim_create_augroup('foretype.status', {})
  vim.api.nvim_create_autocmd('LspProgress', {
    group = group,
    desc = 'Know whether foretype reads the project',
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      local params = event.data.params
      if client and client.name == 'foretype' and vim.startswith(tostring(params.token), 'foretype.index') then
        on_progress(client.id, params.token, params.value.kind)
      end
    end,
  })
  vim.api.nvim_create_autocmd('InsertLeave', {
    group = group,
    desc = 'Know what foretype came to today',
    callback = function(event)
      local client = require('foretype.scope').client(event.buf)
      if client then
        M.refresh(client)
      end
    end,
  })
end

return M
