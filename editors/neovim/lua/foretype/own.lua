--- Suggestions that this plugin draws by itself: what is left when a part was taken, what was asked for by hand, and on
--- Neovim 0.10 and 0.11 all of them.
---
--- A suggestion is made for one place and is fitted to the cursor before it is drawn or taken (`at_cursor`): between two
--- answers the user types on.

local wire = require('foretype.wire')

local M = {}

---@class foretype.Ghost
---@field buf integer
---@field row integer  0-based
---@field col integer  bytes
---@field text string

---@class foretype.Offer: foretype.Ghost
---@field n_replaced integer  bytes after the cursor that the whole text replaces
---@field client_id integer
---@field command? lsp.Command
---@field n_accepted? integer UTF-16 units of it that were taken before

--- As the protocol counts them.
M.INVOKED, M.AUTOMATIC = 1, 2

local namespace = vim.api.nvim_create_namespace('foretype')

---@type { offers: foretype.Offer[], index: integer, is_counted: boolean }?
local shown

---@type { client: vim.lsp.Client, id: integer? }?
local pending

---@return integer row, integer col
function M.cursor()
  local at = vim.api.nvim_win_get_cursor(0)
  return at[1] - 1, at[2]
end

function M.is_inserting()
  return vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
end

--- The offer after what was typed since it was made; `nil` if that was something else.
---@generic T: foretype.Ghost
---@param offer T
---@return T?
function M.at_cursor(offer)
  local row, col = M.cursor()
  if offer.buf ~= vim.api.nvim_get_current_buf() or row ~= offer.row or col < offer.col then
    return nil
  end
  local typed = vim.api.nvim_buf_get_text(0, row, offer.col, row, col, {})[1]
  if not vim.startswith(offer.text, typed) then
    return nil
  end
  return vim.tbl_extend('force', offer, { col = col, text = offer.text:sub(#typed + 1) })
end

---@param offers foretype.Offer[]
---@return foretype.Offer[]
local function fitting(offers)
  local fitted = vim.tbl_map(function(offer)
    return M.at_cursor(offer) or false
  end, offers)
  return vim.tbl_filter(function(offer)
    return offer and offer.text ~= ''
  end, fitted)
end

--- A tab is as wide as the buffer's: in virtual text Neovim knows no columns.
---@param line string
---@param col integer where it begins on the screen
local function expand(line, col)
  local width = vim.bo.tabstop
  return (line:gsub('([^\t]*)\t', function(before)
    col = col + vim.api.nvim_strwidth(before)
    local n = width - col % width
    col = col + n
    return before .. (' '):rep(n)
  end))
end

local function draw()
  local offer = shown.offers[shown.index]
  vim.api.nvim_buf_clear_namespace(offer.buf, namespace, 0, -1)
  local lines = {}
  for i, line in ipairs(vim.split(offer.text, '\n', { plain = true })) do
    lines[i] = { { expand(line, i == 1 and vim.fn.virtcol('.') - 1 or 0), 'ComplHint' } }
  end
  if shown.is_counted then
    table.insert(lines[#lines], { (' (%d/%d)'):format(shown.index, #shown.offers), 'ComplHintMore' })
  end
  vim.api.nvim_buf_set_extmark(offer.buf, namespace, offer.row, offer.col, {
    virt_text = lines[1],
    virt_lines = #lines > 1 and vim.list_slice(lines, 2) or nil,
    virt_text_pos = offer.n_replaced > 0 and 'overlay' or 'inline',
    hl_mode = 'combine',
  })
  local client = vim.lsp.get_client_by_id(offer.client_id)
  if client then
    wire.tell_shown(client, offer.command)
  end
end

function M.is_shown()
  return shown ~= nil
end

--- How many there are to choose from.
function M.n_offers()
  return shown and #shown.offers or 0
end

--- The one on the screen, as it fits now.
---@return foretype.Offer?
function M.current()
  return shown and M.at_cursor(shown.offers[shown.index])
end

function M.drop()
  if shown then
    local buf = shown.offers[1].buf
    shown = nil
    if vim.api.nvim_buf_is_valid(buf) then
      vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
    end
  end
end

---@param offers foretype.Offer[] at the cursor
---@param index? integer the first by default; one that was chosen by hand is drawn with its number
function M.show(offers, index)
  M.drop()
  if #offers > 0 then
    shown = { offers = offers, index = index or 1, is_counted = index ~= nil }
    draw()
  end
end

---@param count integer
function M.select(count)
  shown.index = (shown.index + count - 1) % #shown.offers + 1
  shown.is_counted = true
  draw()
end

--- The cursor has moved: what still fits is drawn there, the chosen one first.
function M.refit()
  if not shown then
    return
  end
  local chosen = M.current()
  local offers = fitting(shown.offers)
  if #offers == 0 then
    return M.drop()
  end
  shown.index = 1
  for i, offer in ipairs(offers) do
    if chosen and offer.text == chosen.text then
      shown.index = i
      break
    end
  end
  shown.offers = offers
  draw()
end

---@param client vim.lsp.Client
---@param buf integer
---@param items lsp.InlineCompletionItem[]
---@return foretype.Offer[]
function M.offers_of(client, buf, items)
  local offers = {}
  for _, item in ipairs(items) do
    local range = item.range
    local line = range and vim.api.nvim_buf_get_lines(buf, range.start.line, range.start.line + 1, false)[1]
    if line then
      local col = wire.bytes(line, range.start.character, client.offset_encoding)
      local end_col = wire.bytes(line, range['end'].character, client.offset_encoding)
      table.insert(offers, {
        buf = buf,
        row = range.start.line,
        col = col,
        n_replaced = end_col - col,
        text = item.insertText,
        client_id = client.id,
        command = item.command,
      })
    end
  end
  return offers
end

--- Takes back the question that is under way.
function M.cancel()
  if pending and pending.id then
    wire.cancel(pending.client, pending.id)
  end
  pending = nil
end

--- Asks for this place. The answer comes only if it is the last one asked for, and only what fits the cursor then.
---@param client vim.lsp.Client
---@param kind integer
---@param on_answer fun(offers: foretype.Offer[])
function M.ask(client, kind, on_answer)
  M.cancel()
  local buf = vim.api.nvim_get_current_buf()
  local params = wire.place(client, buf, M.cursor())
  params.context = { triggerKind = kind }
  local this = { client = client }
  pending = this
  this.id = wire.request(client, wire.SUGGEST, params, function(err, result)
    if pending ~= this then
      return
    end
    pending = nil
    -- An error keeps what is shown: mostly a newer question is under way.
    if not err and result and M.is_inserting() and buf == vim.api.nvim_get_current_buf() then
      on_answer(fitting(M.offers_of(client, buf, result.items or result)))
    end
  end, buf)
end

--- Before 0.12 Neovim has no colours for it.
function M.start()
  local function highlight()
    vim.api.nvim_set_hl(0, 'ComplHint', { default = true, link = 'NonText' })
    vim.api.nvim_set_hl(0, 'ComplHintMore', { default = true, link = 'MoreMsg' })
  end
  highlight()
  vim.api.nvim_create_autocmd('ColorScheme', {
    group = vim.api.nvim_create_augroup('foretype.own', {}),
    desc = 'Colours of ghost text',
    callback = highlight,
  })
end

return M
