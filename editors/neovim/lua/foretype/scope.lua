--- Where ghost text is on. A buffer where it is off is not attached: the server never sees its text.

local M = {}

---@type foretype.Options?
local options

--- `nil` when the text is complete enough to ask the server; else why not, and what to do.
---@param buf integer
---@return string?
function M.obstacle(buf)
  if vim.fn.has('nvim-0.12') == 0 then
    return 'Neovim 0.12 or newer is needed'
  elseif not options then
    return 'not set up: call require("foretype").setup()'
  elseif vim.fn.executable(options.cmd[1]) == 0 then
    return ('`%s` is not installed, or not in $PATH'):format(options.cmd[1])
  elseif vim.bo[buf].buftype ~= '' then
    return ('not a buffer for editing (buftype `%s`)'):format(vim.bo[buf].buftype)
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
  elseif not vim.lsp.inline_completion.is_enabled({ bufnr = buf }) then
    return false, 'vim.lsp.inline_completion is disabled in this buffer'
  end
  return true, 'the server is attached'
end

--- Attaches or detaches, whichever is due.
---@param buf integer
function M.refresh(buf)
  local client = M.client(buf)
  local wanted = M.obstacle(buf) == nil
  if wanted and not client then
    -- Neovim's own start-up, which it runs when a filetype is set. Some buffers never get one.
    pcall(vim.api.nvim_exec_autocmds, 'FileType', { group = 'nvim.lsp.enable', buffer = buf, modeline = false })
  elseif client and not wanted then
    vim.lsp.buf_detach_client(buf, client.id)
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
---@param filetype string? `nil`: the buffer
function M.switch(on, filetype)
  if not options then
    return
  elseif not filetype then
    vim.b.foretype = on
    return M.refresh(vim.api.nvim_get_current_buf())
  end
  options.filetypes[filetype] = on
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buf) then
      M.refresh(buf)
    end
  end
end

---@param checked foretype.Options
function M.start(checked)
  options = checked
  vim.lsp.config('foretype', {
    cmd = checked.cmd,
    -- An empty table would travel as a list.
    init_options = next(checked.settings) and checked.settings or nil,
    root_dir = function(buf, start)
      if not M.obstacle(buf) then
        start(vim.fs.root(buf, vim.lsp.config.foretype.root_markers))
      end
    end,
  })
  local group = vim.api.nvim_create_augroup('foretype.scope', {})
  vim.api.nvim_create_autocmd('LspAttach', {
    group = group,
    desc = 'Show the ghost text of foretype',
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == 'foretype' then
        vim.lsp.inline_completion.enable(true, { bufnr = event.buf })
        require('foretype.ghost').ask(event.buf)
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
  vim.lsp.enable('foretype')
end

return M
