--- Where ghost text is on. A buffer where it is off is not attached: the server never sees its text.

local builtin = require('foretype.builtin')
local ghost = require('foretype.ghost')
local server = require('foretype.server')

local M = {}

--- 0.10 has no `vim.lsp.config`.
local starts_by_name = vim.lsp.enable ~= nil

--- Of larger files the server makes nothing, and to send them costs time.
local MAX_BYTES = 8 * 1024 * 1024

---@type foretype.Options?
local options

--- How a server is started on 0.10.
---@type table?
local config

local is_on = true

---@param buf integer
local function is_large(buf)
  return vim.api.nvim_buf_get_offset(buf, vim.api.nvim_buf_line_count(buf)) > MAX_BYTES
end

--- What the user has switched off.
---@param buf integer
---@return string?
local function switched_off(buf)
  if not is_on then
    return 'switched off everywhere; `:Foretype enable *` switches it on'
  elseif vim.b[buf].foretype ~= nil then
    return not vim.b[buf].foretype and 'switched off in this buffer; `:Foretype enable` switches it on' or nil
  end
  local filetype = vim.bo[buf].filetype
  local on = options.filetypes[filetype]
  if on == nil then
    on = options.filetypes['*']
  end
  if on == false then
    return ('switched off for filetype `%s`; `:Foretype enable %s` switches it on'):format(filetype, filetype)
  end
end

--- `nil` when the text is complete enough to ask the server; else why not, and what to do.
---@param buf integer
---@return string?
function M.obstacle(buf)
  if not options then
    return 'not set up: call require("foretype").setup()'
  end
  local problem = server.missing(options.cmd) or server.given_up
  if problem then
    return problem
  elseif vim.bo[buf].buftype ~= '' then
    return ('not a buffer for editing (buftype `%s`)'):format(vim.bo[buf].buftype)
  elseif not vim.bo[buf].modifiable then
    return 'the buffer cannot be changed (nomodifiable)'
  elseif is_large(buf) then
    return ('the buffer is larger than %d MB'):format(MAX_BYTES / 1024 / 1024)
  end
  return switched_off(buf)
end

---@return foretype.Options?
function M.options()
  return options
end

--- The server's program; `nil` where there is none to be run.
---@return string?
function M.program()
  local cmd = options and options.cmd
  return type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 1 and cmd[1] or nil
end

---@param buf integer
---@return vim.lsp.Client?
function M.client(buf)
  return vim.lsp.get_clients({ name = 'foretype', bufnr = buf })[1]
end

--- Whether ghost text comes here, and why or why not.
---@param buf integer
---@return boolean, string
function M.status(buf)
  local obstacle = M.obstacle(buf)
  if obstacle then
    return false, obstacle
  elseif not M.client(buf) then
    return false, 'the server is not attached yet; it is when you start to insert'
  elseif not builtin.is_enabled(buf) and not ghost.is_paused(buf) then
    return false, 'vim.lsp.inline_completion is disabled in this buffer'
  end
  return true, 'the server is attached'
end

---@param buf integer
---@return string?
local function root(buf)
  for _, markers in ipairs(config.root_markers) do
    local found = vim.fs.root(buf, markers)
    if found then
      return found
    end
  end
end

---@param buf integer
local function start(buf)
  if not starts_by_name then
    vim.lsp.start(vim.tbl_extend('force', config, { root_dir = root(buf) }), { bufnr = buf })
  else
    -- Neovim's own start-up, which it runs when a filetype is set. Some buffers never get one.
    pcall(vim.api.nvim_exec_autocmds, 'FileType', { group = 'nvim.lsp.enable', buffer = buf, modeline = false })
  end
end

--- Attaches or detaches, whichever is due.
---@param buf integer
function M.refresh(buf)
  local client = M.client(buf)
  local is_wanted = M.obstacle(buf) == nil
  if is_wanted and not client then
    start(buf)
  elseif client and not is_wanted then
    vim.lsp.buf_detach_client(buf, client.id)
  end
end

function M.refresh_all()
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buf) then
      M.refresh(buf)
    end
  end
end

--- All untitled buffers have one name in the protocol, so the server holds the text of only one: the one in use.
---@param buf integer
local function attach_untitled(buf)
  local client = M.client(buf)
  local attached = vim.tbl_keys(client and client.attached_buffers or {})
  local untitled = vim.tbl_filter(function(other)
    return vim.api.nvim_buf_get_name(other) == ''
  end, attached)
  if client and #untitled > 1 then
    for _, other in ipairs(untitled) do
      vim.lsp.buf_detach_client(other, client.id)
    end
  end
  M.refresh(buf)
end

---@param on boolean
---@param filetype string? `nil`: the buffer; `*`: everywhere
function M.switch(on, filetype)
  if not options then
    return
  elseif not filetype then
    vim.b.foretype = on
    return M.refresh(vim.api.nvim_get_current_buf())
  elseif filetype == '*' then
    is_on = on
  else
    options.filetypes[filetype] = on
  end
  M.refresh_all()
end

--- Switches to what is not the case.
---@param filetype string? as of `switch`
function M.toggle(filetype)
  if filetype == '*' then
    return M.switch(not is_on, filetype)
  elseif filetype and options then
    local on = options.filetypes[filetype]
    if on == nil then
      on = options.filetypes['*']
    end
    return M.switch(not on, filetype)
  end
  M.switch(M.obstacle(vim.api.nvim_get_current_buf()) ~= nil)
end

local function configure()
  if not starts_by_name then
    local path = vim.api.nvim_get_runtime_file('lsp/foretype.lua', false)[1]
    config = vim.tbl_extend('force', dofile(path), server.config(options))
    local capabilities = vim.lsp.protocol.make_client_capabilities()
    config.capabilities = vim.tbl_deep_extend('force', capabilities, config.capabilities)
    return
  end
  local ours = server.config(options)
  ours.root_dir = function(buf, on_root)
    if not M.obstacle(buf) then
      on_root(vim.fs.root(buf, vim.lsp.config.foretype.root_markers))
    end
  end
  vim.lsp.config('foretype', ours)
end

---@param checked foretype.Options
function M.start(checked)
  options = checked
  configure()
  local group = vim.api.nvim_create_augroup('foretype.scope', {})
  vim.api.nvim_create_autocmd('LspAttach', {
    group = group,
    desc = 'Show the ghost text of foretype',
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == 'foretype' then
        ghost.attached(client, event.buf)
        require('foretype.status').attached(client)
      end
    end,
  })
  vim.api.nvim_create_autocmd('InsertEnter', {
    group = group,
    desc = 'Attach foretype where Neovim does not: untitled buffers, unknown filetypes',
    callback = function(event)
      if vim.api.nvim_buf_get_name(event.buf) == '' then
        attach_untitled(event.buf)
      elseif vim.bo[event.buf].filetype == '' then
        M.refresh(event.buf)
      end
    end,
  })
  vim.api.nvim_create_autocmd('OptionSet', {
    group = group,
    pattern = 'modifiable',
    desc = 'Attach foretype where text may be changed',
    callback = function()
      M.refresh(vim.api.nvim_get_current_buf())
    end,
  })
  if starts_by_name then
    return vim.lsp.enable('foretype')
  end
  vim.api.nvim_create_autocmd('FileType', {
    group = group,
    desc = 'Attach foretype',
    callback = function(event)
      M.refresh(event.buf)
    end,
  })
  M.refresh_all()
end

return M
