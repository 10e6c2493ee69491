--- `:Foretype`.

local M = {}

local function say(text)
  vim.notify('foretype: ' .. text)
end

local function status()
  local on, why = require('foretype').status()
  say(('%s here: %s'):format(on and 'on' or 'off', why))
end

---@param trace table as the server tells it
---@return string
local function describe(trace)
  local lines = { ('line %d, column %d: %s'):format(trace.line, trace.column, trace.outcome) }
  for _, step in ipairs(trace.steps) do
    lines[#lines + 1] = ('  %-10s %s (%.1f ms)'):format(step.stage, step.verdict, step.took_us / 1000)
  end
  return table.concat(lines, '\n')
end

--- Why the last request in this buffer ended as it did.
local function why()
  local buf = vim.api.nvim_get_current_buf()
  local client = require('foretype.scope').client(buf)
  if not client then
    return status()
  end
  client:request('workspace/executeCommand', { command = 'foretype.why' }, function(err, traces)
    if err then
      return say('the server did not say why: ' .. err.message)
    end
    -- The server writes the address of an untitled buffer, which has no path, with one.
    local uri = vim.uri_from_bufnr(buf):gsub('^file://$', 'file:///')
    local last = vim.iter(traces):rfind(function(trace)
      return trace.document == uri
    end)
    say(last and describe(last) or 'nothing has been asked in this buffer yet; type something')
  end, buf)
end

local subcommands = {
  toggle = function()
    require('foretype').toggle()
    status()
  end,
  enable = function(filetype)
    require('foretype').enable(filetype)
    status()
  end,
  disable = function(filetype)
    require('foretype').disable(filetype)
    status()
  end,
  status = status,
  why = why,
}

local function names()
  local all = vim.tbl_keys(subcommands)
  table.sort(all)
  return all
end

---@param arguments string[]
function M.run(arguments)
  local name = arguments[1] or 'status'
  local subcommand = subcommands[name]
  if not subcommand then
    local message = 'foretype: no subcommand `%s`; there are %s'
    return vim.notify(message:format(name, table.concat(names(), ', ')), vim.log.levels.ERROR)
  end
  subcommand(arguments[2])
end

---@param line string the command line up to the cursor
---@return string[]
function M.complete(line)
  local words = vim.split(line, '%s+')
  local typed = words[#words]
  local candidates = {}
  if #words == 2 then
    candidates = names()
  elseif #words == 3 and (words[2] == 'enable' or words[2] == 'disable') then
    candidates = vim.fn.getcompletion(typed, 'filetype')
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, typed)
  end, candidates)
end

return M
