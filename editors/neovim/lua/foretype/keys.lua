--- Insert-mode keys that act on a suggestion, and otherwise do what they did before.

local ghost = require('foretype.ghost')

local M = {}

--- The mappings that ours stand in for, to be put back by the next `setup`.
---@type table<string, table|false>
local replaced = {}

---@param lhs string
---@return table?
local function global_mapping(lhs)
  local name = vim.fn.keytrans(vim.keycode(lhs))
  return vim.iter(vim.api.nvim_get_keymap('i')):find(function(mapping)
    return vim.fn.keytrans(mapping.lhsraw) == name
  end)
end

--- Gives an existing mapping a second name, whatever kind it is of.
---@param lhs string
---@param mapping table?
---@return string plug
local function second_name(lhs, mapping)
  local plug = ('<Plug>(foretype-else-%s)'):format(lhs:gsub('[<>]', ''))
  if mapping then
    local copy = vim.tbl_extend('force', mapping, { lhs = plug, lhsraw = vim.keycode(plug) })
    copy.lhsrawalt = nil
    vim.fn.mapset('i', false, copy)
  else
    vim.keymap.set('i', plug, lhs)
  end
  return plug
end

---@param lhs string
---@param act fun(): boolean
---@param desc string
local function map(lhs, act, desc)
  local mapping = global_mapping(lhs)
  local plug = vim.keycode(second_name(lhs, mapping))
  replaced[lhs] = mapping or false
  -- No `expr`: that may not change the text, and keys that are typed ahead would overtake what is done later.
  vim.keymap.set('i', lhs, function()
    if not act() then
      vim.api.nvim_feedkeys(plug, 'mi', false)
    end
  end, { silent = true, desc = desc })
end

local function put_back()
  for lhs, mapping in pairs(replaced) do
    pcall(vim.keymap.del, 'i', lhs)
    if mapping then
      vim.fn.mapset('i', false, mapping)
    end
  end
  replaced = {}
end

---@param part string
local function accept(part)
  return function()
    return ghost.accept(ghost.parts[part])
  end
end

---@type table<string, fun(): boolean>
local actions = {
  accept = accept('whole'),
  accept_word = accept('word'),
  accept_line = accept('line'),
  next = function()
    return ghost.select(1)
  end,
  previous = function()
    return ghost.select(-1)
  end,
  dismiss = ghost.dismiss,
  trigger = ghost.trigger,
}

---@param keys foretype.Keys|false
function M.start(keys)
  put_back()
  for name, chosen in pairs(keys or {}) do
    for _, lhs in ipairs(type(chosen) == 'table' and chosen or { chosen or nil }) do
      map(lhs, actions[name], 'foretype: ' .. name:gsub('_', ' '))
    end
  end
end

return M
