--- The plugin against a server that says what a test wants: what the release binary says only now and then.

local scripted = require('scripted')

return function(suite)
  --- `items`: Lua; the cursor stands at `|` in `text`.
  local function test(name, text, items, body, options)
    local folder = suite.project()
    local column = text:find('|', 1, true)
    vim.fn.writefile({ (text:gsub('|', '')), 'last' }, folder .. '/a.txt')
    local init = scripted.init(items, options)
    local child = { init = init, folder = folder, runtime = suite.plugin, file = 'a.txt' }
    suite.test(name, child, function(nvim)
      nvim:wait_attached()
      nvim:type(column > #text - 1 and 'A' or column .. '|i')
      body(nvim)
    end)
  end

  local function wait_ran(nvim, n_times)
    nvim:wait('runs of the accept command', n_times, function()
      return nvim:lua('return _G.ran["foretype.accept"] or 0')
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
    nvim:lua('_G.asked = { 0, 0 }; vim.defer_fn(function() _G.is_late = true end, 400)')
    nvim:wait('the time at which Neovim would have asked', true, function()
      return nvim:lua('return _G.is_late')
    end)
    assert(nvim:lua('return _G.asked[2]') == 0, 'a dismissed suggestion must not be asked for again')
  end)

  test('what is on the screen is told, once an answer', 'g|', [[{ { text = 'go_on(now)' } }]], function(nvim)
    nvim:wait_ghost('o_on(now)')
    nvim:type('<C-Right>')
    nvim:wait_lines(1, 1, { 'go_on' })
    nvim:wait_handover('(now)')
    nvim:wait('two suggestions told of', 2, function()
      return nvim:lua('return _G.seen')
    end)
  end)

  local BY_HAND = [[{ { text = 'first' }, { text = 'fiscal', by_hand = true } }]]

  test('the next one of one is asked for', 'f|', BY_HAND, function(nvim)
    nvim:wait_ghost('irst')
    nvim:type('<M-]>')
    nvim:wait_ghost('iscal')
    nvim:type('<M-]>')
    nvim:wait_ghost('irst')
    nvim:type('i')
    nvim:wait_ghost('rst')
    nvim:type('<Tab>')
    nvim:wait_lines(1, 1, { 'first' })
  end)

  test('asked for by hand', 'f|', [[{ { text = 'fiscal', by_hand = true } }]], function(nvim)
    nvim:wait('an answer with nothing in it', 1, function()
      return nvim:lua('return _G.asked[2]')
    end)
    nvim:type('<M-\\>')
    nvim:wait_ghost('iscal')
    nvim:type('i<Tab>')
    nvim:wait_lines(1, 1, { 'fiscal' })
    nvim:wait('one accept', 1, function()
      return nvim:lua('return _G.ran["foretype.accept"]')
    end)
  end)

  test('asked for by hand, and there is nothing', 'g|', [[{ { text = 'fiscal', by_hand = true } }]], function(nvim)
    nvim:type('<M-\\>')
    nvim:wait('a word on that', true, function()
      return nvim:command('messages'):find('no suggestion here', 1, true) ~= nil
    end)
  end)

  test('a dismissal is told to the server', 'g|', [[{ { text = 'go_on' } }]], function(nvim)
    nvim:wait_ghost('o_on')
    nvim:type('<C-]>')
    nvim:wait_ghost('')
    nvim:wait('one dismissal', 1, function()
      return nvim:lua('return _G.ran["foretype.dismiss"]')
    end)
  end)

  --- The server says that it knows something at a place of the first line.
  local function ready(nvim, column)
    nvim:lua([[
      vim.lsp.get_clients({ name = 'foretype' })[1].handlers['foretype/suggestionReady'](nil, {
        textDocument = { uri = vim.uri_from_bufnr(0), version = 1 },
        position = { line = 0, character = ... },
      })
    ]], column)
  end

  test('an answer that came late is asked for again', 'g|', '{}', function(nvim)
    nvim:wait('an answer with nothing in it', 1, function()
      return nvim:lua('return _G.asked[2]')
    end)
    nvim:lua('_G.items = { { text = "go_on" } }')
    ready(nvim, 0)
    assert(nvim:lua('return _G.asked[2]') == 1, 'nothing is asked where the cursor is not')
    nvim:type('o')
    nvim:wait_ghost('_on')
    nvim:type('_')
    nvim:wait_lines(1, 1, { 'go_' })
    nvim:lua('_G.items = { { text = "go_away" } }')
    ready(nvim, 3)
    nvim:wait_ghost('away')
    assert(nvim:lua('return _G.abilities.experimental.foretypeSuggestionReady'))
  end)

  test('an answer to an older question is not shown', 'g|', '{}', function(nvim)
    -- Neovim itself shows what came last.
    if nvim.has_own_ghost then
      return
    end
    nvim:lua('_G.items, _G.is_held = { { text = "go_away" } }, true')
    nvim:type('<M-\\>')
    nvim:wait('a question', 1, function()
      return nvim:lua('return #_G.held')
    end)
    nvim:lua('_G.items, _G.is_held = { { text = "go_on" } }, false')
    nvim:type('o')
    nvim:wait_ghost('_on')
    nvim:lua('_G.held[1]()')
    assert(nvim:ghost() == '_on', nvim:ghost())
  end)

  test('tabs are as wide as in the buffer', 'i|', [[{ { text = 'if a {\n\t\tgo()\n\t}' } }]], function(nvim)
    nvim:command('set tabstop=4')
    nvim:wait_ghost('f a {\n' .. (nvim.has_own_ghost and '\t\tgo()\n\t}' or '        go()\n    }'))
    assert(vim.deep_equal({ '    go()', '}' }, nvim:screen(2, 3, 4)), vim.inspect(nvim:screen(2, 3, 4)))
    nvim:type('<Tab>')
    nvim:wait_lines(1, 3, { 'if a {', '\t\tgo()', '\t}' })
  end)

  test('several servers beside each other', 'g|', [[{ { text = 'go_on' } }]], function(nvim)
    nvim:wait_ghost('o_on')
    -- Another project: a server of its own for its files.
    nvim:lua([[
      local folder = vim.fn.tempname()
      vim.fn.mkdir(folder .. '/.git', 'p')
      vim.cmd.stopinsert()
      vim.cmd.edit(folder .. '/b.txt')
    ]])
    nvim:wait_attached()
    assert(nvim:lua([[return #vim.lsp.get_clients({ name = 'foretype' })]]) == 2)
    nvim:type('ig')
    nvim:wait_ghost('o_on')
    nvim:type('<Tab>')
    nvim:wait_lines(1, 1, { 'go_on' })
    nvim:wait('one accept', 1, function()
      return nvim:lua('return _G.ran["foretype.accept"]')
    end)
  end)

  test('another server of ghost text keeps its own', 'g|', '{}', function(nvim)
    if not nvim.has_own_ghost then
      return
    end
    nvim:lua([[
      vim.lsp.start({ name = 'other', cmd = function(dispatchers)
        local client = _G.server(dispatchers)
        local request = client.request
        client.request = function(method, params, callback, answered)
          if method == 'textDocument/inlineCompletion' then
            local at = params.position
            local items = { { insertText = 'lobe', range = { start = at, ['end'] = at } } }
            vim.schedule(function() callback(nil, { items = items }) end)
            return true, 1000
          end
          return request(method, params, callback, answered)
        end
        return client
      end })
    ]])
    nvim:type('<BS>g')
    nvim:wait_ghost('lobe')
    nvim:type('<Tab>')
    nvim:wait_lines(1, 1, { 'globe' })
  end)
end
