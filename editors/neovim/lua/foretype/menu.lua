--- Completion menus: while one is open, ghost text stays away. They know Neovim's own, nvim-cmp and blink.cmp.

local M = {}

--- Asks a plugin only once it is loaded: to load it is for the user.
---@param name string
---@param questions string[] the first that it knows
local function says(name, questions)
  local plugin = package.loaded[name]
  for _, question in ipairs(type(plugin) == 'table' and questions or {}) do
    local known, answer = pcall(function()
      return plugin[question]()
    end)
    if known then
      return answer == true
    end
  end
  return false
end

--- Whether a menu shows an item.
---@return boolean
function M.is_open()
  return vim.fn.pumvisible() == 1
    or says('cmp', { 'visible' })
    or says('blink.cmp', { 'is_menu_visible', 'is_visible' })
end

--- nvim-cmp has its own kind of events.
---@param look fun()
local function listen_to_cmp(look)
  local cmp = package.loaded.cmp
  if type(cmp) == 'table' and type(cmp.event) == 'table' and not M.hears_cmp then
    M.hears_cmp = pcall(function()
      cmp.event:on('menu_opened', look)
      cmp.event:on('menu_closed', look)
    end)
  end
end

---@param on_open fun()
---@param on_close fun()
function M.start(on_open, on_close)
  -- Later, because some tell before it is so, and some may not be disturbed.
  local look = vim.schedule_wrap(function()
    if M.is_open() then
      on_open()
    else
      on_close()
    end
  end)
  local group = vim.api.nvim_create_augroup('foretype.menu', {})
  local desc = 'Hide ghost text beside a menu'
  vim.api.nvim_create_autocmd({ 'CompleteChanged', 'CompleteDone', 'InsertLeave', 'TextChangedI', 'TextChangedP' }, {
    group = group,
    desc = desc,
    callback = look,
  })
  vim.api.nvim_create_autocmd('User', {
    group = group,
    pattern = { 'BlinkCmpMenuOpen', 'BlinkCmpMenuClose' },
    desc = desc,
    callback = look,
  })
  vim.api.nvim_create_autocmd('InsertEnter', {
    group = group,
    desc = desc,
    callback = function()
      listen_to_cmp(look)
    end,
  })
end

function M.stop()
  vim.api.nvim_create_augroup('foretype.menu', {})
end

return M
