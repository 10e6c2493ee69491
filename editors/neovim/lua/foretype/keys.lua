--- Insert-mode keys that act on a suggestion, and otherwise do what they did before.

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
---@param act fun(otherwise: fun()): boolean
---@param desc string
local function map(lhs, act, desc)
  local mapping = global_mapping(lhs)
  local plug = second_name(lhs, mapping)
  replaced[lhs] = mapping or false
  local function otherwise()
    vim.api.nvim_feedkeys(vim.keycode(plug), 'm', false)
  end
  vim.keymap.set('i', lhs, function()
    return act(otherwise) and '' or plug
  end, { expr = true, remap = true, silent = true, desc = desc })
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

---@param keys foretype.Keys|false
---@param actions table<string, fun(otherwise: fun()): boolean>
function M.start(keys, actions)
  put_back()
  for name, chosen in pairs(keys or {}) do
    for _, lhs in ipairs(type(chosen) == 'table' and chosen or { chosen or nil }) do
      map(lhs, actions[name], 'foretype: ' .. name:gsub('_', ' '))
    end
  end
end

return M
