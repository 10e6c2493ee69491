--- How the server is started, and what is done when it is too old, or ends by itself.

local wire = require('foretype.wire')

local M = {}

--- What this plugin says and asks is known to the server from here on.
M.NEEDED = '0.1.0'

M.HOW_TO_GET = 'in a checkout of foretype: cargo install --path .'

--- How long to wait after each crash in a row; after the last, nothing more is tried.
M.waits_ms = { 500, 2000, 8000 }

--- Who has run so long was not ended by what ended it before.
local STEADY_MS = 180000

--- So often, each 50 ms, it is looked whether the server has gone by itself.
local STOP_TRIES = 20

local n_crashes = 0

--- When the last one had come up; `nil`: it has not.
---@type integer?
local up_since

--- Why no server is started; `nil`: one may be.
---@type string?
M.given_up = nil

--- Neovim keeps what the server says on stderr.
---@return string
function M.log_path()
  return require('vim.lsp.log').get_filename()
end

--- Asked at every drawing of a status line: what was found is not looked for again.
---@type string?
local found

---@param cmd string[]|function
---@return string? problem
function M.missing(cmd)
  if type(cmd) == 'table' and cmd[1] ~= found then
    if vim.fn.executable(cmd[1]) == 0 then
      return ('`%s` is not installed, or not in $PATH'):format(cmd[1])
    end
    found = cmd[1]
  end
end

---@param version string?
function M.is_too_old(version)
  local parsed = version and vim.version.parse(version)
  return parsed ~= nil and vim.version.lt(parsed, M.NEEDED)
end

---@param client vim.lsp.Client
local function on_init(client, answer)
  up_since = vim.uv.now()
  local version = (answer.serverInfo or {}).version
  if M.is_too_old(version) then
    local message = 'the server is version %s, and this plugin needs %s or newer; %s, then `:Foretype restart`'
    M.given_up = message:format(version, M.NEEDED, M.HOW_TO_GET)
    vim.notify('foretype: ' .. M.given_up, vim.log.levels.ERROR)
    wire.stop(client)
  end
end

---@param n_code integer
---@param signal integer
local function on_exit(n_code, signal, client_id)
  -- SIGTERM is somebody's wish.
  local is_crash = n_code ~= 0 or (signal ~= 0 and signal ~= 15)
  vim.schedule(function()
    require('foretype.status').gone(client_id)
    if not is_crash or M.given_up or vim.v.exiting ~= vim.NIL then
      return
    end
    local was_steady = up_since and vim.uv.now() - up_since > STEADY_MS
    up_since = nil
    n_crashes = was_steady and 1 or n_crashes + 1
    local wait_ms = M.waits_ms[n_crashes]
    if wait_ms then
      return vim.defer_fn(function()
        require('foretype.scope').refresh_all()
      end, wait_ms)
    end
    local message = 'the server has ended %d times in a row, the last time with %s; see %s, then `:Foretype restart`'
    local how = signal ~= 0 and 'signal ' .. signal or 'code ' .. n_code
    M.given_up = message:format(n_crashes, how, M.log_path())
    vim.notify('foretype: ' .. M.given_up, vim.log.levels.ERROR)
  end)
end

--- Ends what runs, and starts it where it is wanted.
function M.restart()
  M.given_up, n_crashes = nil, 0
  local function each(act)
    vim.tbl_map(act, vim.lsp.get_clients({ name = 'foretype' }))
  end
  -- Not before they are gone: Neovim would take them for the wanted ones. Who does not answer is killed.
  local function when_gone(n_tries)
    if #vim.lsp.get_clients({ name = 'foretype' }) == 0 then
      return require('foretype.scope').refresh_all()
    elseif n_tries == STOP_TRIES then
      -- 0.11 lets a client be stopped only once.
      each(function(client)
        client.rpc.terminate()
      end)
    end
    vim.defer_fn(function()
      when_gone(n_tries + 1)
    end, 50)
  end
  each(wire.stop)
  when_gone(0)
end

---@param options foretype.Options
---@return vim.lsp.Config
function M.config(options)
  local capabilities = { experimental = { foretypeStatus = true, foretypeSuggestionReady = true } }
  if not vim.lsp.inline_completion then
    capabilities.textDocument = { inlineCompletion = { dynamicRegistration = false } }
  end
  return {
    name = 'foretype',
    cmd = options.cmd,
    -- An empty table would travel as a list.
    init_options = next(options.settings) and options.settings or nil,
    capabilities = capabilities,
    handlers = {
      ['foretype/status'] = require('foretype.status').on_models,
      ['foretype/suggestionReady'] = function(_, place)
        require('foretype.ghost').ready(place)
      end,
    },
    on_init = on_init,
    on_exit = on_exit,
  }
end

return M
