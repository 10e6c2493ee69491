--- Ghost text from the foretype server. See |foretype|.
---
--- `scope` decides where it is on, `server` how the server runs, `ghost` what is shown and taken; `keys` and `command`
--- bind that for the user, `menu` makes way for completion menus, `status` and `health` tell how it does.

local M = {}

local MINIMUM = 'foretype: ghost text needs Neovim 0.10 or newer; this is %s'

---@param opts? foretype.Options
function M.setup(opts)
  if vim.fn.has('nvim-0.10') == 0 then
    return vim.notify_once(MINIMUM:format(tostring(vim.version())), vim.log.levels.WARN)
  end
  local options = require('foretype.options').check(opts)
  local ghost, menu, server = require('foretype.ghost'), require('foretype.menu'), require('foretype.server')
  require('foretype.status').start()
  ghost.start()
  require('foretype.scope').start(options)
  require('foretype.keys').start(options.keys)
  if options.beside_menu then
    menu.stop()
  else
    menu.start(ghost.pause, ghost.resume)
  end
  local problem = server.missing(options.cmd)
  if problem then
    local message = 'foretype: %s. Get %s or newer: %s; see :checkhealth foretype'
    vim.notify_once(message:format(problem, server.NEEDED, server.HOW_TO_GET), vim.log.levels.WARN)
  end
end

--- Deferred, because an `expr` mapping must not change the text.
---@param part string
---@return boolean # whether there was something to take
local function accept(part)
  local ghost = require('foretype.ghost')
  if not ghost.is_shown() then
    return false
  end
  vim.schedule(function()
    ghost.accept(ghost.parts[part])
  end)
  return true
end

---@return boolean
function M.accept()
  return accept('whole')
end

---@return boolean
function M.accept_word()
  return accept('word')
end

---@return boolean
function M.accept_line()
  return accept('line')
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

--- Asks at once, also where nothing comes by itself.
---@return boolean
function M.trigger()
  return require('foretype.ghost').trigger()
end

--- Switches ghost text on for a filetype, with `*` everywhere, or for the current buffer.
---@param filetype? string
function M.enable(filetype)
  require('foretype.scope').switch(true, filetype)
end

--- Switches ghost text off for a filetype, with `*` everywhere, or for the current buffer.
---@param filetype? string
function M.disable(filetype)
  require('foretype.scope').switch(false, filetype)
end

--- Switches a filetype, with `*` everything, or the current buffer, to what is not the case.
---@param filetype? string
function M.toggle(filetype)
  require('foretype.scope').toggle(filetype)
end

--- Whether ghost text comes in a buffer, and why or why not.
---@param buf? integer the current one by default
---@return boolean, string
function M.status(buf)
  return require('foretype.scope').status(buf or vim.api.nvim_get_current_buf())
end

--- All that a status line may want to know.
---@param buf? integer the current one by default
---@return foretype.State
function M.state(buf)
  return require('foretype.status').state(buf or vim.api.nvim_get_current_buf())
end

--- For a status line, such as `foretype: indexing`; empty where ghost text is off.
---@param buf? integer the current one by default
---@return string
function M.statusline(buf)
  return require('foretype.status').line(buf or vim.api.nvim_get_current_buf())
end

return M
