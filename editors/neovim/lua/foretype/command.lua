--- `:Foretype`.

local wire = require('foretype.wire')

local M = {}

local function say(text)
  vim.notify('foretype: ' .. text)
end

local function status()
  local on, why = require('foretype').status()
  say(('%s here: %s'):format(on and 'on' or 'off', why))
end

--- The place that was typed at last: after Insert mode the cursor stands before it.
---@return integer row, integer col
local function place()
  local row, col = require('foretype.own').cursor()
  local left = vim.api.nvim_buf_get_mark(0, '^')
  if not require('foretype.own').is_inserting() and left[1] == row + 1 then
    col = left[2]
  end
  return row, col
end

--- Shows the `text` that one of the server's commands answers.
---@param title string
---@param command string
---@param arguments any[]
---@param otherwise string said when there is no text
local function show(title, command, arguments, otherwise)
  local client = require('foretype.scope').client(vim.api.nvim_get_current_buf())
  if not client then
    return status()
  end
  wire.run(client, command, arguments, function(answer, problem)
    if problem then
      vim.notify(('foretype: no answer to `%s`: %s'):format(command, problem), vim.log.levels.ERROR)
    elseif type(answer) == 'table' and answer.text then
      require('foretype.window').open(title, answer.text)
    else
      say(otherwise)
    end
  end)
end

local function why()
  local buf = vim.api.nvim_get_current_buf()
  local client = require('foretype.scope').client(buf)
  local here = client and wire.place(client, buf, place())
  show('foretype: why', 'foretype.why', { here }, 'nothing has been asked here yet; type something')
end

--- A model's commands take long, and tell how they do: they get a terminal.
---@param words string[]
local function model(words)
  local scope = require('foretype.scope')
  local program = scope.program()
  if not program then
    return status()
  end
  local command = vim.list_extend({ program, 'model' }, #words > 0 and words or { 'list' })
  vim.cmd('botright 12new')
  if vim.fn.has('nvim-0.11') == 1 then
    vim.fn.jobstart(command, { term = true })
  else
    vim.fn.termopen(command)
  end
end

local function switch(name)
  return function(words)
    require('foretype')[name](words[1])
    status()
  end
end

---@type table<string, fun(words: string[])>
local subcommands = {
  toggle = switch('toggle'),
  enable = switch('enable'),
  disable = switch('disable'),
  status = status,
  why = why,
  stats = function()
    show('foretype: stats', 'foretype.stats', {}, 'nothing is recorded (`ledger.enabled`)')
  end,
  model = model,
  restart = function()
    require('foretype.server').restart()
  end,
  log = function()
    vim.cmd.split(vim.fn.fnameescape(require('foretype.server').log_path()))
  end,
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
  subcommand(vim.list_slice(arguments, 2))
end

local SWITCHES = { toggle = true, enable = true, disable = true }

---@param line string the command line up to the cursor
---@return string[]
function M.complete(line)
  local words = vim.split(line, '%s+')
  local typed = words[#words]
  local candidates = {}
  if #words == 2 then
    candidates = names()
  elseif #words == 3 and SWITCHES[words[2]] then
    candidates = vim.list_extend({ '*' }, vim.fn.getcompletion(typed, 'filetype'))
  elseif #words == 3 and words[2] == 'model' then
    candidates = { 'bench', 'list', 'path', 'pull', 'remove' }
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, typed)
  end, candidates)
end

return M
