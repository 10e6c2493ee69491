--- The plugin against a server that says what a test wants: what the release binary says only now and then.

--- A server inside Neovim. It answers `_G.items`, made for the place where it is asked, or nothing at all when they are
--- nil; `_G.ran` counts its commands, `_G.accepted` is what was last said of a part taken.
local SERVER = [[
_G.ran, _G.n_asked = 0, 0
local id = 0
local function server()
  local answers = {
    initialize = function()
      return { capabilities = {
        positionEncoding = 'utf-8',
        textDocumentSync = 2,
        inlineCompletionProvider = true,
        executeCommandProvider = { commands = { 'foretype.accept' } },
      } }
    end,
    ['textDocument/inlineCompletion'] = function(params)
      _G.n_asked = _G.n_asked + 1
      local at = params.position
      local line = vim.api.nvim_buf_get_lines(0, at.line, at.line + 1, true)[1]
      local items = {}
      for _, item in ipairs(_G.items) do
        local typed = line:sub(1, at.character):match('[%w_(]*$')
        if vim.startswith(item.text, typed) then
          table.insert(items, {
            insertText = item.text:sub(#typed + 1),
            range = { start = at, ['end'] = { line = at.line, character = at.character + (item.n_replaced or 0) } },
            command = { title = 'accepted', command = 'foretype.accept', arguments = { 1 } },
          })
        end
      end
      return { items = items }
    end,
    ['workspace/executeCommand'] = function()
      _G.ran = _G.ran + 1
    end,
  }
  return {
    request = function(method, params, callback, answered)
      local answer = answers[method]
      id = id + 1
      local this = id
      if _G.items or method ~= 'textDocument/inlineCompletion' then
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
      end
      return true
    end,
    is_closing = function() return false end,
    terminate = function() end,
  }
end
]]

return function(suite)
  --- `items`: Lua; the cursor stands at `|` in `text`.
  local function test(name, text, items, body)
    local folder = suite.project()
    local column = text:find('|', 1, true)
    vim.fn.writefile({ (text:gsub('|', '')), 'last' }, folder .. '/a.txt')
    local init = table.concat({
      SERVER,
      '_G.items = ' .. items,
      suite.setup(),
      "vim.lsp.config('foretype', { cmd = server })",
    }, '\n')
    local child = { init = init, folder = folder, runtime = suite.plugin, file = 'a.txt' }
    suite.test(name, child, function(nvim)
      nvim:wait_attached()
      nvim:type(column > #text - 1 and 'A' or column .. '|i')
      body(nvim)
    end)
  end

  local function wait_ran(nvim, n_times)
    nvim:wait('runs of the accept command', n_times, function()
      return nvim:lua('return _G.ran')
    end)
  end

  local LINES = [[{ { text = 'if ready {\n    go();\n}' } }]]

  test('several lines, taken line by line; the command runs at the last', 'i|', LINES, function(nvim)
    nvim:wait_ghost('f ready {\n    go();\n}')
    nvim:type('<M-Down>')
    nvim:wait_lines(1, 2, { 'if ready {', 'last' })
    assert(nvim:ghost() == '\n    go();\n}', vim.inspect(nvim:ghost()))
    nvim:type('<M-Down>')
    nvim:wait_lines(1, 3, { 'if ready {', '    go();', 'last' })
    wait_ran(nvim, 0)
    nvim:type('<M-Down>')
    nvim:wait_lines(1, 4, { 'if ready {', '    go();', '}', 'last' })
    wait_ran(nvim, 1)
  end)

  test('several lines, taken whole', 'i|', LINES, function(nvim)
    nvim:wait_ghost('f ready {\n    go();\n}')
    nvim:type('f<Tab>')
    nvim:wait_lines(1, 4, { 'if ready {', '    go();', '}', 'last' })
    nvim:wait('the cursor at the end', { 3, 1 }, function()
      return nvim:lua('return vim.api.nvim_win_get_cursor(0)')
    end)
    wait_ran(nvim, 1)
    nvim:type('<Esc>u')
    nvim:wait_lines(1, 2, { 'if', 'last' })
  end)

  test('a word is no accept for the server, the rest of it is', 'g|', [[{ { text = 'go_on(now)' } }]], function(nvim)
    nvim:wait_ghost('o_on(now)')
    nvim:type('<C-Right>')
    nvim:wait_lines(1, 1, { 'go_on' })
    nvim:wait('word of the part', { 4, 1 }, function()
      return nvim:lua('return _G.accepted')
    end)
    wait_ran(nvim, 0)
    nvim:type('(<Tab>')
    nvim:wait_lines(1, 1, { 'go_on(now)' })
    wait_ran(nvim, 1)
  end)

  test('a word beyond ASCII is one word', 'g|', [[{ { text = 'größe über' } }]], function(nvim)
    nvim:wait_ghost('röße über')
    nvim:type('<C-Right>')
    nvim:wait_lines(1, 1, { 'größe' })
    nvim:type('<C-Right>')
    nvim:wait_lines(1, 1, { 'größe über' })
  end)

  local CLOSER = [[{ { text = 'call(one, two);', n_replaced = 1 } }]]

  test('the bracket after the cursor is replaced, not doubled', 'call(|)', CLOSER, function(nvim)
    nvim:wait_ghost('one, two);')
    nvim:type('on<Tab>')
    nvim:wait_lines(1, 1, { 'call(one, two);' })
  end)

  test('the bracket stays until all is taken', 'call(|)', CLOSER, function(nvim)
    nvim:wait_ghost('one, two);')
    nvim:type('<C-Right>')
    nvim:wait_lines(1, 1, { 'call(one)' })
    nvim:type('<Tab>')
    nvim:wait_lines(1, 1, { 'call(one, two);' })
  end)

  test('mid-line the text after the cursor stays', 'x = |+ 1', [[{ { text = 'count ' } }]], function(nvim)
    nvim:wait_ghost('count ')
    nvim:type('<Tab>')
    nvim:wait_lines(1, 1, { 'x = count + 1' })
  end)

  local TWO = [[{ { text = 'first' }, { text = 'fiscal' } }]]

  test('the next and the previous suggestion', 'f|', TWO, function(nvim)
    nvim:wait_ghost('irst')
    nvim:type('<M-]>')
    nvim:wait_ghost('iscal')
    nvim:type('<M-[>')
    nvim:wait_ghost('irst')
    nvim:type('<M-]>')
    nvim:wait_ghost('iscal')
    nvim:type('<Tab>')
    nvim:wait_lines(1, 1, { 'fiscal' })
  end)

  test('a letter that contradicts hides it before the server answers', 'g|', [[{ { text = 'go_on' } }]], function(nvim)
    nvim:wait_ghost('o_on')
    nvim:lua('_G.items = nil')
    nvim:type('x')
    nvim:wait_ghost('')
  end)

  test('a cursor that moves away hides it before the server answers', 'g|', [[{ { text = 'go_on' } }]], function(nvim)
    nvim:wait_ghost('o_on')
    nvim:lua('_G.items = nil')
    nvim:type('<Down><End>')
    nvim:wait_ghost('')
  end)

  test('what is left of a word is dropped by another letter', 'g|', [[{ { text = 'go_on(now)' } }]], function(nvim)
    nvim:wait_ghost('o_on(now)')
    nvim:type('<C-Right>')
    nvim:wait_lines(1, 1, { 'go_on' })
    nvim:type('x')
    nvim:wait_ghost('')
    nvim:type('<Tab>')
    nvim:wait_lines(1, 1, { 'go_onx\t' })
  end)

  test('what is left of a word can be dismissed', 'g|', [[{ { text = 'go_on(now)' } }]], function(nvim)
    nvim:wait_ghost('o_on(now)')
    nvim:type('<C-Right>')
    nvim:wait_lines(1, 1, { 'go_on' })
    nvim:type('<C-]>')
    nvim:wait_ghost('')
    -- Twice as long as Neovim waits before it asks.
    nvim:lua('_G.n_asked = 0; vim.defer_fn(function() _G.is_late = true end, 400)')
    nvim:wait('the time at which Neovim would have asked', true, function()
      return nvim:lua('return _G.is_late')
    end)
    assert(nvim:lua('return _G.n_asked') == 0, 'a dismissed suggestion must not be asked for again')
  end)
end
