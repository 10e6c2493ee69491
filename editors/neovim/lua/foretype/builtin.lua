--- Neovim's own ghost text, of 0.12 and newer: what it draws, and what it lacks public calls for.
---
--- It asks 200 ms after the last key. In between its item is older than the text, and is drawn whatever was typed.

local own = require('foretype.own')
local wire = require('foretype.wire')

local M = {}

M.exists = vim.lsp.inline_completion ~= nil

--- What Neovim drew last.
---@type foretype.Ghost?
local drawn

--- Its last answer from our server.
---@type { client: vim.lsp.Client, items: lsp.InlineCompletionItem[] }?
local last

--- How often Neovim has asked; by it an answer knows whether it is newer than what we have drawn.
local n_asked = 0

local is_aside = false

--- There is no public call to withdraw the ghost text or to ask anew, but Neovim does so at these events.
---@param event 'InsertLeave'|'CursorMovedI'
local function signal(event)
  local buf = vim.api.nvim_get_current_buf()
  local group = ('nvim.lsp.inline_completion:%d'):format(buf)
  -- Fails where Neovim listens to nothing, which is as good.
  pcall(vim.api.nvim_exec_autocmds, event, { group = group, buffer = buf, modeline = false })
end

--- Takes it off the screen, and its questions back.
function M.withdraw()
  if M.exists then
    signal('InsertLeave')
    drawn = nil
  end
end

--- Asks where somebody is typing already when the server comes: Neovim would wait for the next letter.
---@param buf integer
function M.ask(buf)
  -- Neovim listens only some time after it has told that the server is attached.
  vim.defer_fn(function()
    if buf == vim.api.nvim_get_current_buf() and own.is_inserting() then
      signal('CursorMovedI')
    end
  end, 0)
end

--- What is on the screen: of Neovim's item what was not typed yet.
---@return foretype.Ghost?
function M.shown()
  local id = M.exists and vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  local mark = id and vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true, limit = 1 })[1]
  if not mark then
    return nil
  end
  local lines = { mark[4].virt_text[1][1] }
  for _, line in ipairs(mark[4].virt_lines or {}) do
    table.insert(lines, line[1][1])
  end
  return { buf = vim.api.nvim_get_current_buf(), row = mark[2], col = mark[3], text = table.concat(lines, '\n') }
end

--- The server's item on the screen; `nil` where it is another server's.
---@return foretype.Offer?
local function offer()
  local ghost = M.shown()
  for _, item in ipairs(ghost and last and last.items or {}) do
    if type(item.insertText) == 'string' and vim.endswith(item.insertText, ghost.text) then
      return own.offers_of(last.client, ghost.buf, { item })[1]
    end
  end
end

--- The one on the screen, as it fits now.
---@return foretype.Offer?
function M.current()
  local offer = offer()
  local fitted = offer and own.at_cursor(offer)
  return fitted and fitted.text ~= '' and fitted or nil
end

--- Whether what is on the screen is another server's, which Neovim takes by itself.
function M.is_foreign()
  return M.shown() ~= nil and offer() == nil
end

---@return integer
function M.n_items()
  return last and #last.items or 0
end

---@return integer
function M.n_asked()
  return n_asked
end

--- Requests made by `body` are ours, not Neovim's.
---@param body fun()
function M.aside(body)
  is_aside = true
  body()
  is_aside = false
end

local function note_drawn()
  drawn = M.shown()
  local drawn_offer = offer()
  if drawn_offer then
    wire.tell_shown(last.client, drawn_offer.command)
  end
end

--- Listens to what the server answers Neovim: no event has it.
---@param client vim.lsp.Client
---@param on_answer fun(n_asked: integer) after it was drawn; with the number of its question
function M.hear(client, on_answer)
  local request = client.request
  client.request = function(self, method, params, handler, buf)
    if method ~= wire.SUGGEST or is_aside or not handler then
      return request(self, method, params, handler, buf)
    end
    n_asked = n_asked + 1
    local this = n_asked
    return request(self, method, params, function(err, result, ...)
      if not err and result then
        last = { client = client, items = result.items or result }
      end
      handler(err, result, ...)
      if not err and result and own.is_inserting() then
        note_drawn()
        on_answer(this)
      end
    end, buf)
  end
end

--- Takes what another server offers.
function M.take_foreign()
  vim.lsp.inline_completion.get()
end

---@param count integer
function M.select(count)
  vim.lsp.inline_completion.select({ count = count })
  note_drawn()
end

--- Neovim goes on drawing its item whatever is typed, and wherever the cursor goes, until the next answer.
function M.withdraw_stale()
  local ghost = M.shown()
  if ghost then
    local row, col = own.cursor()
    local elsewhere = ghost.row ~= row or ghost.col ~= col
    local contradicted = drawn and not own.at_cursor(drawn) and ghost.text == drawn.text:sub(col - drawn.col + 1)
    if elsewhere or contradicted then
      ghost = nil
      signal('InsertLeave')
      signal('CursorMovedI')
    end
  end
  drawn = ghost
end

--- Whether Neovim shows ghost text in a buffer at all.
---@param buf integer
function M.is_enabled(buf)
  return not M.exists or vim.lsp.inline_completion.is_enabled({ bufnr = buf })
end

---@param on boolean
---@param buf integer
function M.enable(on, buf)
  if M.exists then
    vim.lsp.inline_completion.enable(on, { bufnr = buf })
  end
end

return M
