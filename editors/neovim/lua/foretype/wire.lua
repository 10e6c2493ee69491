--- What is said to the server, in the words of every Neovim since 0.10; and positions, which it may count otherwise.

local M = {}

M.SUGGEST = 'textDocument/inlineCompletion'

--- 0.11 made methods of functions, with other arguments.
local has_methods = vim.fn.has('nvim-0.11') == 1

---@param client vim.lsp.Client
---@param handler? fun(err: lsp.ResponseError?, result: any)
---@return integer? id `nil` when the server is gone
function M.request(client, method, params, handler, buf)
  local sent, id
  if has_methods then
    sent, id = client:request(method, params, handler, buf)
  else
    sent, id = client.request(method, params, handler, buf)
  end
  return sent and id or nil
end

function M.notify(client, method, params)
  if has_methods then
    client:notify(method, params)
  else
    client.notify(method, params)
  end
end

function M.cancel(client, id)
  if has_methods then
    client:cancel_request(id)
  else
    client.cancel_request(id)
  end
end

function M.stop(client)
  if has_methods then
    client:stop()
  else
    client.stop()
  end
end

---@param command string
---@param arguments? any[]
---@param on_answer? fun(result: any, problem: string?)
function M.run(client, command, arguments, on_answer)
  local params = { command = command, arguments = arguments }
  return M.request(client, 'workspace/executeCommand', params, function(err, result)
    if on_answer then
      on_answer(result, err and err.message)
    end
  end)
end

--- How many units of the protocol the first bytes of a text are.
---@param encoding string
function M.units(text, n_bytes, encoding)
  text = text:sub(1, n_bytes)
  if encoding == 'utf-8' then
    return #text
  end
  local utf32, utf16 = vim.str_utfindex(text)
  return encoding == 'utf-32' and utf32 or utf16
end

--- How many bytes the first units of a text are.
---@param encoding string
function M.bytes(text, n_units, encoding)
  if encoding == 'utf-8' then
    return math.min(n_units, #text)
  end
  local whole = M.units(text, #text, encoding)
  return vim.str_byteindex(text, math.min(n_units, whole), encoding == 'utf-16')
end

--- A place in a buffer, as the protocol names it.
---@param row integer 0-based
---@param col integer bytes
function M.place(client, buf, row, col)
  local line = vim.api.nvim_buf_get_lines(buf, row, row + 1, false)[1] or ''
  return {
    textDocument = { uri = vim.uri_from_bufnr(buf) },
    position = { line = row, character = M.units(line, col, client.offset_encoding) },
  }
end

--- The server writes the address of an untitled buffer, which has no path, with one.
---@param uri string
---@param other string
function M.is_same(uri, other)
  local function path(of)
    return vim.uri_to_fname((of:gsub('^file://$', 'file:///')))
  end
  return path(uri) == path(other)
end

---@type table<integer, any> the last suggestion told of, by client
local told = {}

--- A suggestion is on the screen. Told once of the answer to one request, however often it is drawn.
---@param command? lsp.Command the item's
function M.tell_shown(client, command)
  local number = command and command.arguments and command.arguments[1]
  if number and told[client.id] ~= number then
    told[client.id] = number
    M.notify(client, 'textDocument/didShowCompletion', { item = { command = command } })
  end
end

--- A part of it was taken: so many UTF-16 units from its start. A few letters at once look like typing.
function M.tell_taken(client, command, n_units)
  M.notify(client, 'textDocument/didPartiallyAcceptCompletion', { item = { command = command }, acceptedLength = n_units })
end

return M
