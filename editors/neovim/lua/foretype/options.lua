--- What `setup` takes, and what it means when nothing is said.

local M = {}

---@class foretype.Keys
---@field accept string|false      the whole suggestion
---@field accept_word string|false its next word
---@field accept_line string|false its next line
---@field next string|false        another suggestion
---@field previous string|false
---@field dismiss string|false     nothing is shown until you type on
---@field trigger string|false     asks at once, also where nothing comes by itself

---@class foretype.Options
---@field cmd string[]|function             the server's command line; or as in |vim.lsp.Config|
---@field filetypes table<string, boolean>  where ghost text is on; `'*'` stands for every type not named
---@field settings table                    the server's settings, as in `foretype config schema`
---@field beside_menu boolean               ghost text also while a completion menu is open
---@field keys foretype.Keys|false          insert-mode keys; without a suggestion each does what it did before
local defaults = {
  cmd = { 'foretype', 'lsp' },
  filetypes = { ['*'] = true, help = false },
  settings = {},
  beside_menu = false,
  keys = {
    accept = '<Tab>',
    accept_word = { '<M-Right>', '<C-Right>' },
    accept_line = '<M-Down>',
    next = '<M-]>',
    previous = '<M-[>',
    dismiss = '<C-]>',
    trigger = '<M-\\>',
  },
}

--- An unknown name is an error: a misspelt option would be silently without effect.
---@param given table
---@param known table
---@param path string
local function refuse_unknown(given, known, path)
  local names = vim.tbl_keys(known)
  table.sort(names)
  for name in pairs(given) do
    if known[name] == nil then
      error(('foretype: no option `%s%s`; there are %s'):format(path, name, table.concat(names, ', ')), 0)
    end
  end
end

local function each_is(type_of_key, type_of_value)
  return function(value)
    if type(value) ~= 'table' then
      return false
    end
    for k, v in pairs(value) do
      if type(k) ~= type_of_key or type(v) ~= type_of_value then
        return false
      end
    end
    return true
  end
end

local is_list = each_is('number', 'string')

local function is_keys(value)
  return value == false or type(value) == 'string' or is_list(value)
end

---@param name string
---@param is_right boolean
---@param wanted string
local function expect(name, is_right, wanted)
  if not is_right then
    error(('foretype: `%s` has to be %s'):format(name, wanted), 0)
  end
end

---@param given table?
---@return foretype.Options
function M.check(given)
  given = given or {}
  expect('opts', type(given) == 'table', 'a table')
  refuse_unknown(given, defaults, '')
  if type(given.keys) == 'table' then
    refuse_unknown(given.keys, defaults.keys, 'keys.')
  end
  local options = vim.tbl_deep_extend('force', defaults, given)
  local cmd = options.cmd
  expect('cmd', type(cmd) == 'function' or is_list(cmd) and #cmd > 0, 'a list such as { "foretype", "lsp" }')
  expect('filetypes', each_is('string', 'boolean')(options.filetypes), 'a table such as { markdown = false }')
  expect('settings', type(options.settings) == 'table', 'a table')
  expect('beside_menu', type(options.beside_menu) == 'boolean', 'true or false')
  expect('keys', type(options.keys) == 'table' or options.keys == false, 'a table, or false')
  for name, keys in pairs(options.keys or {}) do
    expect('keys.' .. name, is_keys(keys), 'a key, a list of keys, or false')
  end
  return options
end

return M
