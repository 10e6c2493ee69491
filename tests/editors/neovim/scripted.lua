--- A server inside Neovim, which says what a test wants: what the release binary says only now and then.

local M = {}

--- It answers `_G.items`, made for the place where it is asked, or nothing at all when they are nil. `_G.ran` counts its
--- commands, `_G.asked` the requests by trigger kind, `_G.accepted` and `_G.seen` are what was last said of an item.
--- `_G.answers` answers commands, `_G.version` is what it says of itself, `_G.die(code, signal)` ends it,
--- `_G.is_deaf` makes it answer nothing, `_G.is_held` answer only by the functions in `_G.held`.
M.SERVER = [[
_G.ran, _G.asked, _G.answers, _G.held, _G.n_started = {}, { 0, 0 }, {}, {}, 0
local id, n_answers = 0, 0
local function items_at(params)
  local at = params.position
  local line = vim.api.nvim_buf_get_lines(0, at.line, at.line + 1, true)[1]
  local items = {}
  n_answers = n_answers + 1
  for _, item in ipairs(_G.items) do
    local typed = line:sub(1, at.character):match('[%w_(]*$')
    if vim.startswith(item.text, typed) and (not item.by_hand or params.context.triggerKind == 1) then
      table.insert(items, {
        insertText = item.text:sub(#typed + 1),
        range = { start = at, ['end'] = { line = at.line, character = at.character + (item.n_replaced or 0) } },
        command = { title = 'accepted', command = 'foretype.accept', arguments = { n_answers } },
      })
    end
  end
  return items
end
function _G.server(dispatchers)
  _G.n_started = _G.n_started + 1
  _G.is_deaf = false
  local is_over = false
  _G.dispatchers = dispatchers
  function _G.die(code, signal)
    is_over = true
    dispatchers.on_exit(code, signal)
  end
  local answers = {
    initialize = function(params)
      _G.abilities = params.capabilities
      return {
        serverInfo = { name = 'foretype', version = _G.version },
        capabilities = {
          positionEncoding = 'utf-8',
          textDocumentSync = 2,
          inlineCompletionProvider = true,
          executeCommandProvider = { commands = { 'foretype.accept' } },
        },
      }
    end,
    ['textDocument/inlineCompletion'] = function(params)
      return { items = items_at(params) }
    end,
    ['workspace/executeCommand'] = function(params)
      _G.ran[params.command] = (_G.ran[params.command] or 0) + 1
      return _G.answers[params.command]
    end,
  }
  return {
    request = function(method, params, callback, answered)
      local answer = answers[method]
      if method == 'textDocument/inlineCompletion' then
        local kind = params.context.triggerKind
        _G.asked[kind] = _G.asked[kind] + 1
        if _G.is_held then
          local now = callback
          callback = function(...)
            local said = { ... }
            table.insert(_G.held, function()
              now(unpack(said))
            end)
          end
        end
      end
      id = id + 1
      local this = id
      if not _G.is_deaf and (_G.items or method ~= 'textDocument/inlineCompletion') then
        vim.schedule(function()
          if answered then
            answered(this)
          end
          callback(nil, answer and answer(params) or nil)
        end)
      end
      return true, this
    end,
    notify = function(method, params)
      if method == 'textDocument/didPartiallyAcceptCompletion' then
        _G.accepted = { params.acceptedLength, params.item.command.arguments[1] }
      elseif method == 'textDocument/didShowCompletion' then
        _G.seen = (_G.seen or 0) + 1
      elseif method == 'exit' then
        _G.die(0, 0)
      end
      return true
    end,
    is_closing = function() return is_over end,
    terminate = function() _G.die(0, 15) end,
  }
end
]]

--- A user's configuration with this server.
---@param items string Lua
---@param options? string Lua
---@param before? string Lua that runs first
function M.init(items, options, before)
  return table.concat({
    before or '',
    M.SERVER,
    '_G.items = ' .. items,
    ('require("foretype").setup(vim.tbl_extend("force", { cmd = _G.server }, %s))'):format(options or '{}'),
  }, '\n')
end

return M
