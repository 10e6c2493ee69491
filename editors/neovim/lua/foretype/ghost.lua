--- Taking what is shown: whole, by word, by line; and what Neovim's own ghost text lacks for that.
---
--- Neovim draws, and asks 200 ms after the last key. In between its item is older than the text, so an item is always
--- fitted to the cursor first (`at_cursor`). After a part was taken Neovim shows nothing until the next answer: the
--- rest is drawn here for that time, and can be taken, too.

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
---@field request? integer    the request whose answer will take the rest's place

---@alias foretype.Part fun(text: string): integer  how many bytes of the text to take

local namespace = vim.api.nvim_create_namespace('foretype')

--- What a part taken has left.
---@type foretype.Offer?
local rest

--- What Neovim drew last.
---@type foretype.Ghost?
local drawn

--- Neovim is about to hand out its item.
local taking = false

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

--- Neovim has no public call to withdraw its ghost text or to ask anew, but it does so at these events.
---@param event 'InsertLeave'|'CursorMovedI'
local function signal(event)
  local buf = vim.api.nvim_get_current_buf()
  local group = ('nvim.lsp.inline_completion:%d'):format(buf)
  -- Fails where Neovim listens to nothing, which is as good.
  pcall(vim.api.nvim_exec_autocmds, event, { group = group, buffer = buf, modeline = false })
end

--- Asks where somebody is typing already when the server comes: Neovim would wait for the next letter.
---@param buf integer
function M.ask(buf)
  -- Neovim listens only some time after it has told that the server is attached.
  vim.defer_fn(function()
    if buf == vim.api.nvim_get_current_buf() and vim.startswith(vim.api.nvim_get_mode().mode, 'i') then
      signal('CursorMovedI')
    end
  end, 0)
end

---@return foretype.Ghost?
local function shown()
  local id = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  local mark = id and vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true, limit = 1 })[1]
  return mark
    and { buf = vim.api.nvim_get_current_buf(), row = mark[2], col = mark[3], text = mark[4].virt_text[1][1] }
end

---@return integer row, integer col
local function cursor()
  local at = vim.api.nvim_win_get_cursor(0)
  return at[1] - 1, at[2]
end

--- The offer after what was typed since it was made; `nil` if that was something else.
---@generic T: foretype.Ghost
---@param offer T
---@return T?
local function at_cursor(offer)
  local row, col = cursor()
  if offer.buf ~= vim.api.nvim_get_current_buf() or row ~= offer.row or col < offer.col then
    return nil
  end
  local typed = vim.api.nvim_buf_get_text(0, row, offer.col, row, col, {})[1]
  if not vim.startswith(offer.text, typed) then
    return nil
  end
  return vim.tbl_extend('force', offer, { col = col, text = offer.text:sub(#typed + 1) })
end

local function drop_rest()
  if rest then
    vim.api.nvim_buf_clear_namespace(rest.buf, namespace, 0, -1)
    rest = nil
  end
end

---@param offer foretype.Offer
local function show_rest(offer)
  drop_rest()
  rest = offer
  local lines = vim.tbl_map(function(line)
    return { { line, 'ComplHint' } }
  end, vim.split(offer.text, '\n', { plain = true }))
  vim.api.nvim_buf_set_extmark(offer.buf, namespace, offer.row, offer.col, {
    virt_text = lines[1],
    virt_lines = vim.list_slice(lines, 2),
    virt_text_pos = offer.n_replaced > 0 and 'overlay' or 'inline',
    hl_mode = 'combine',
  })
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
  drop_rest()
  if n_taken < #offer.text then
    insert(offer, offer.text:sub(1, n_taken), 0)
    local n_accepted = (offer.n_accepted or 0) + vim.str_utfindex(offer.text, 'utf-16', n_taken)
    if client then
      -- As Copilot's server is told: a few letters at once look like typing.
      local item = { command = offer.command }
      client:notify('textDocument/didPartiallyAcceptCompletion', { item = item, acceptedLength = n_accepted })
    end
    local row, col = cursor()
    local left = { row = row, col = col, text = offer.text:sub(n_taken + 1), n_accepted = n_accepted }
    return show_rest(vim.tbl_extend('force', offer, left))
  end
  insert(offer, offer.text, offer.n_replaced)
  if client and offer.command then
    client:exec_cmd(offer.command, { bufnr = offer.buf })
  end
end

---@param item vim.lsp.inline_completion.Item
---@return foretype.Offer? # `nil` for the items of other servers
local function offer_of(item)
  local client = vim.lsp.get_client_by_id(item.client_id)
  if not client or client.name ~= 'foretype' or not item.range then
    return nil
  end
  local row, col, _, end_col = item.range:to_extmark()
  return {
    buf = vim.api.nvim_get_current_buf(),
    row = row,
    col = col,
    n_replaced = end_col - col,
    text = item.insert_text --[[@as string]],
    client_id = item.client_id,
    command = item.command,
  }
end

--- Takes a part of what is shown. `otherwise` runs when it turns out too late that nothing can be taken.
---@param part foretype.Part
---@param otherwise? fun()
---@return boolean # whether something is shown
function M.accept(part, otherwise)
  otherwise = otherwise or function() end
  if rest or taking then
    -- Deferred, because an `expr` mapping must not change the text.
    vim.schedule(function()
      local offer = rest and at_cursor(rest)
      if offer then
        return take(offer, part)
      end
      drop_rest()
      if not M.accept(part, otherwise) then
        otherwise()
      end
    end)
    return true
  end
  taking = vim.lsp.inline_completion.get({
    on_accept = function(item)
      local offer = offer_of(item)
      if not offer then
        return item
      end
      offer = at_cursor(offer)
      if offer and offer.text ~= '' then
        take(offer, part)
      else
        otherwise()
      end
    end,
  })
  vim.schedule(function()
    taking = false
  end)
  return taking
end

---@param count integer
---@return boolean
function M.select(count)
  if not shown() then
    return false
  end
  vim.lsp.inline_completion.select({ count = count })
  return true
end

--- Shows nothing until the user types on.
---@return boolean # whether something was shown
function M.dismiss()
  local was_shown = rest ~= nil or shown() ~= nil
  drop_rest()
  signal('InsertLeave')
  return was_shown
end

--- Neovim goes on drawing its item whatever is typed, and wherever the cursor goes, until the next answer.
local function withdraw_stale()
  local ghost = shown()
  if ghost then
    local row, col = cursor()
    local elsewhere = ghost.row ~= row or ghost.col ~= col
    local contradicted = drawn and not at_cursor(drawn) and ghost.text == drawn.text:sub(col - drawn.col + 1)
    if elsewhere or contradicted then
      ghost = nil
      signal('InsertLeave')
      signal('CursorMovedI')
    end
  end
  drawn = ghost
end

local function on_move()
  local offer = rest and at_cursor(rest)
  if offer and offer.text ~= '' then
    show_rest(offer)
  else
    drop_rest()
  end
  -- After Neovim's own answer to the event.
  vim.schedule(withdraw_stale)
end

local function on_request(event)
  local id, request = event.data.request_id, event.data.request
  if request.method ~= 'textDocument/inlineCompletion' then
    return
  elseif request.type == 'complete' then
    local is_answer_to_rest = rest and rest.request == id
    -- After Neovim has drawn the answer, so that nothing flickers.
    vim.schedule(function()
      if is_answer_to_rest then
        drop_rest()
      end
      drawn = shown()
    end)
  elseif request.type == 'pending' and rest and event.buf == rest.buf then
    rest.request = id
  end
end

function M.start()
  local group = vim.api.nvim_create_augroup('foretype.ghost', {})
  local function on(event, callback, desc)
    vim.api.nvim_create_autocmd(event, { group = group, callback = callback, desc = desc })
  end
  on('CursorMovedI', on_move, 'Hide ghost text that the text contradicts or the cursor has left')
  on('LspRequest', on_request, 'Hand over to the ghost text of Neovim')
  on({ 'InsertLeave', 'BufLeave' }, drop_rest, 'Hide what a partly taken suggestion has left')
end

return M
