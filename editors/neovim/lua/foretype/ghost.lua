--- What can be done with a suggestion: take it whole, by word or by line, ask for it, choose another, dismiss it.
---
--- On 0.12 Neovim asks and draws by itself (`builtin`), and we draw only what it does not (`own`). Before, `own` draws
--- all, and we ask as Neovim would: 200 ms after the last key.

local builtin = require('foretype.builtin')
local own = require('foretype.own')
local wire = require('foretype.wire')

local M = {}

---@alias foretype.Part fun(text: string): integer  how many bytes of the text to take

local WAIT_MS = 200

---@type table<string, foretype.Part>
M.parts = {
  whole = function(text)
    return #text
  end,
  word = function(text)
    local _, word_end = text:find('^%s*[%w_\128-\255]+')
    local _, sign_end = text:find('^%s*[^%w%s_\128-\255]+')
    return word_end or sign_end or #text
  end,
  line = function(text)
    local _, line_end = text:find('^\n?[^\n]*')
    return line_end
  end,
}

--- How often Neovim had asked when something of ours was drawn: only a later answer takes its place.
local n_asked_before = 0

--- The buffer where a menu is open: ghost text stays away.
---@type integer?
local paused

local timer = vim.uv.new_timer()

---@return vim.lsp.Client?
local function client_here()
  return require('foretype.scope').client(vim.api.nvim_get_current_buf())
end

---@param offers foretype.Offer[]
---@param index? integer
local function show(offers, index)
  builtin.withdraw()
  n_asked_before = builtin.n_asked()
  own.show(offers, index)
end

--- Asks now. An answer without anything changes nothing on the screen of Neovim's own.
---@param kind integer
---@param on_answer? fun(offers: foretype.Offer[])
---@return boolean # whether there is a server to ask
local function ask(kind, on_answer)
  local client = client_here()
  if client then
    builtin.aside(function()
      own.ask(client, kind, on_answer or function(offers)
        if #offers > 0 or not builtin.exists then
          show(offers)
        end
      end)
    end)
  end
  return client ~= nil
end

local function ask_soon()
  timer:stop()
  if builtin.exists or paused then
    return
  end
  timer:start(WAIT_MS, 0, vim.schedule_wrap(function()
    if own.is_inserting() and not paused then
      ask(own.AUTOMATIC)
    end
  end))
end

--- Asks where somebody is typing already: the server has come, or a menu has gone.
---@param buf integer
function M.ask(buf)
  if builtin.exists then
    builtin.ask(buf)
  elseif buf == vim.api.nvim_get_current_buf() and own.is_inserting() then
    ask_soon()
  end
end

--- By hand: at once, and also where nothing comes by itself.
---@return boolean # whether there is a server to ask
function M.trigger()
  return ask(own.INVOKED, function(offers)
    if #offers > 0 then
      return show(offers)
    end
    vim.notify('foretype: no suggestion here; `:Foretype why` says why')
  end)
end

--- The server has an answer that came too late for its question.
---@param place { textDocument: { uri: string }, position: lsp.Position }
function M.ready(place)
  local client = client_here()
  if not client or paused or not own.is_inserting() then
    return
  end
  local here = wire.place(client, vim.api.nvim_get_current_buf(), own.cursor())
  local is_here = wire.is_same(here.textDocument.uri, place.textDocument.uri)
  if is_here and vim.deep_equal(here.position, place.position) then
    ask(own.AUTOMATIC)
  end
end

--- An undo step of its own: `u` takes back what was accepted, and nothing that was typed.
---@param offer foretype.Offer
---@param text string
---@param n_replaced integer
local function insert(offer, text, n_replaced)
  local lines = vim.split(text, '\n', { plain = true })
  local end_col = math.min(offer.col + n_replaced, #vim.api.nvim_get_current_line())
  vim.bo.undolevels = vim.bo.undolevels
  vim.api.nvim_buf_set_text(offer.buf, offer.row, offer.col, offer.row, end_col, lines)
  local col = (#lines == 1 and offer.col or 0) + #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { offer.row + #lines, col })
end

---@param offer foretype.Offer already at the cursor
---@param part foretype.Part
local function take(offer, part)
  local n_taken = part(offer.text)
  local client = vim.lsp.get_client_by_id(offer.client_id)
  own.drop()
  if n_taken < #offer.text then
    insert(offer, offer.text:sub(1, n_taken), 0)
    local n_accepted = (offer.n_accepted or 0) + wire.units(offer.text, n_taken, 'utf-16')
    if client then
      wire.tell_taken(client, offer.command, n_accepted)
    end
    local row, col = own.cursor()
    local left = { row = row, col = col, text = offer.text:sub(n_taken + 1), n_accepted = n_accepted }
    return show({ vim.tbl_extend('force', offer, left) })
  end
  insert(offer, offer.text, offer.n_replaced)
  if client and offer.command then
    wire.run(client, offer.command.command, offer.command.arguments)
  end
end

---@return boolean
function M.is_shown()
  return (own.current() or builtin.current()) ~= nil or builtin.is_foreign()
end

--- Takes a part of what is shown.
---@param part foretype.Part
---@return boolean # whether there is something
function M.accept(part)
  local offer = own.current() or builtin.current()
  if offer and offer.text ~= '' then
    builtin.withdraw()
    take(offer, part)
    return true
  elseif builtin.is_foreign() then
    builtin.take_foreign()
    return true
  end
  return false
end

--- Where there is only one, more are asked for: by itself the server sends the best.
---@param count integer
---@return boolean # whether something is shown
function M.select(count)
  local ghost = own.current() or builtin.shown()
  if not ghost then
    return false
  elseif own.n_offers() > 1 then
    own.select(count)
  elseif not own.is_shown() and builtin.n_items() > 1 then
    builtin.select(count)
  else
    ask(own.INVOKED, function(offers)
      local first = offers[1] and offers[1].text:match('^[^\n]*')
      local is_known = first == ghost.text:match('^[^\n]*')
      if #offers > 0 then
        show(offers, is_known and count % #offers + 1 or 1)
      end
    end)
  end
  return true
end

--- Shows nothing until the user types on.
---@return boolean # whether something was shown
function M.dismiss()
  local offer = own.current() or builtin.current()
  local was_shown = own.is_shown() or builtin.shown() ~= nil
  local client = offer and vim.lsp.get_client_by_id(offer.client_id)
  if client and offer.command then
    wire.run(client, 'foretype.dismiss', offer.command.arguments)
  end
  timer:stop()
  own.cancel()
  own.drop()
  builtin.withdraw()
  return was_shown
end

--- Makes way for a menu.
function M.pause()
  local buf = vim.api.nvim_get_current_buf()
  if not paused and client_here() then
    paused = buf
    timer:stop()
    own.cancel()
    own.drop()
    builtin.enable(false, buf)
  end
end

--- Comes back after it.
function M.resume()
  local buf = paused
  paused = nil
  if buf and vim.api.nvim_buf_is_valid(buf) and require('foretype.scope').client(buf) then
    builtin.enable(true, buf)
    M.ask(buf)
  end
end

---@param buf integer
function M.is_paused(buf)
  return paused == buf
end

---@param client vim.lsp.Client
function M.attached(client, buf)
  if builtin.exists and not client.foretype_is_heard then
    client.foretype_is_heard = true
    builtin.hear(client, function(n_asked)
      if n_asked > n_asked_before then
        own.drop()
      end
    end)
  end
  builtin.enable(true, buf)
  M.ask(buf)
end

local function on_move()
  own.refit()
  if builtin.exists then
    -- After Neovim's own answer to the event.
    vim.schedule(builtin.withdraw_stale)
  else
    ask_soon()
  end
end

local function on_leave()
  timer:stop()
  own.cancel()
  own.drop()
end

function M.start()
  if not builtin.exists then
    own.start()
  end
  local group = vim.api.nvim_create_augroup('foretype.ghost', {})
  local function on(event, callback, desc)
    vim.api.nvim_create_autocmd(event, { group = group, callback = callback, desc = desc })
  end
  on({ 'CursorMovedI', 'TextChangedP' }, on_move, 'Fit ghost text to what was typed; hide what that contradicts')
  on('InsertEnter', ask_soon, 'Ask for ghost text')
  on({ 'InsertLeave', 'BufLeave', 'LspDetach' }, on_leave, 'Hide ghost text')
end

return M
