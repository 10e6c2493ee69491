--- Ghost text from the foretype server, on Neovim's own `vim.lsp.inline_completion`. See |foretype|.
---
--- `scope` decides where it is on, `ghost` takes what is shown, `keys` binds that to keys.

local M = {}

local MINIMUM = 'foretype: ghost text needs Neovim 0.12 or newer; this is %s'

---@param opts? foretype.Options
function M.setup(opts)
  if vim.fn.has('nvim-0.12') == 0 then
    return vim.notify_once(MINIMUM:format(tostring(vim.version())), vim.log.levels.WARN)
  end
  local options = require('foretype.options').check(opts)
  require('foretype.scope').start(options)
  require('foretype.ghost').start()
  require('foretype.keys').start(options.keys, M)
  if vim.fn.executable(options.cmd[1]) == 0 then
    local message = 'foretype: `%s` is not in $PATH; see :checkhealth foretype'
    vim.notify_once(message:format(options.cmd[1]), vim.log.levels.WARN)
  end
end

-- Each says whether it had something to act on; `otherwise` runs when that turns out wrong only later.

---@param otherwise? fun()
---@return boolean
function M.accept(otherwise)
  local ghost = require('foretype.ghost')
  return ghost.accept(ghost.parts.whole, otherwise)
end

---@param otherwise? fun()
---@return boolean
function M.accept_word(otherwise)
  local ghost = require('foretype.ghost')
  return ghost.accept(ghost.parts.word, otherwise)
end

---@param otherwise? fun()
---@return boolean
function M.accept_line(otherwise)
  local ghost = require('foretype.ghost')
  return ghost.accept(ghost.parts.line, otherwise)
end

---@return boolean
function M.next()
  return require('foretype.ghost').select(1)
end

---@return boolean
function M.previous()
  return require('foretype.ghost').select(-1)
end

---@return boolean
function M.dismiss()
  return require('foretype.ghost').dismiss()
end

--- Switches ghost text on for a filetype, or for the current buffer.
---@param filetype? string
function M.enable(filetype)
  require('foretype.scope').switch(true, filetype)
end

--- Switches ghost text off for a filetype, or for the current buffer.
---@param filetype? string
function M.disable(filetype)
  require('foretype.scope').switch(false, filetype)
end

--- Switches the current buffer.
function M.toggle()
  local scope = require('foretype.scope')
  scope.switch(scope.obstacle(vim.api.nvim_get_current_buf()) ~= nil)
end

--- Whether ghost text comes in a buffer, and why or why not.
---@param buf? integer the current one by default
---@return boolean, string
function M.status(buf)
  return require('foretype.scope').status(buf or vim.api.nvim_get_current_buf())
end

return M
