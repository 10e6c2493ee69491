--- A server that crashes, is too old, or tells how it does; and where it is not wanted.

local scripted = require('scripted')

return function(suite)
  --- `before`: Lua that runs first.
  local function test(name, before, options, body)
    local folder = suite.project()
    vim.fn.writefile({ 'g' }, folder .. '/a.txt')
    local init = scripted.init("{ { text = 'go_on' } }", options, before)
    local child = { init = init, folder = folder, runtime = suite.plugin, file = 'a.txt' }
    suite.test(name, child, body)
  end

  local function wait_started(nvim, n_times)
    nvim:wait('starts of the server', n_times, function()
      return nvim:lua('return _G.n_started')
    end)
    nvim:wait_attached()
  end

  local function wait_said(nvim, wanted)
    nvim:wait(('a message with `%s`'):format(wanted), true, function()
      return nvim:command('messages'):find(wanted, 1, true) ~= nil
    end)
  end

  local SOON = "require('foretype.server').waits_ms = { 10, 20, 30 }"

  test('a crash is followed by another start, three times', SOON, nil, function(nvim)
    for n_crashes = 1, 3 do
      wait_started(nvim, n_crashes)
      nvim:lua('_G.die(101, 0)')
    end
    wait_started(nvim, 4)
    nvim:type('A')
    nvim:wait_ghost('o_on')
    nvim:lua('_G.die(0, 9)')
    wait_said(nvim, 'the server has ended 4 times in a row, the last time with signal 9; see ')
    local log = nvim:lua("return require('foretype.server').log_path()")
    assert(nvim:command('messages'):find(log, 1, true), 'the place of the log is said')
    local on, why = unpack(nvim:lua("return { require('foretype').status() }"))
    assert(not on and why:find('4 times in a row', 1, true), why)
    nvim:wait_ghost('')
    nvim:type('<Esc>')
    nvim:command('Foretype restart')
    wait_started(nvim, 5)
    nvim:type('A')
    nvim:wait_ghost('o_on')
  end)

  test('a program that ends at once is not started for ever', SOON, "{ cmd = { 'false' } }", function(nvim)
    wait_said(nvim, 'the server has ended 4 times in a row, the last time with code 1; see ')
  end)

  test('a server that does not answer is killed for the next', nil, nil, function(nvim)
    wait_started(nvim, 1)
    nvim:lua('_G.is_deaf = true')
    nvim:command('Foretype restart')
    wait_started(nvim, 2)
  end)

  test('a server that somebody ends stays away', SOON, nil, function(nvim)
    wait_started(nvim, 1)
    nvim:lua("require('foretype.wire').stop(vim.lsp.get_clients({ name = 'foretype' })[1])")
    nvim:wait('no server', 0, function()
      return nvim:lua("return #vim.lsp.get_clients({ name = 'foretype' })")
    end)
    nvim:lua('vim.defer_fn(function() _G.is_late = true end, 50)')
    nvim:wait('the time at which it would have been started', true, function()
      return nvim:lua('return _G.is_late')
    end)
    assert(nvim:lua('return _G.n_started') == 1)
    nvim:command('Foretype restart')
    wait_started(nvim, 2)
    nvim:lua('_G.die(0, 15); _G.is_late = nil; vim.defer_fn(function() _G.is_late = true end, 50)')
    nvim:wait('the time at which it would have been started', true, function()
      return nvim:lua('return _G.is_late')
    end)
    assert(nvim:lua('return _G.n_started') == 2)
  end)

  test('a server that is too old is not used', "_G.version = '0.0.9'", nil, function(nvim)
    wait_said(nvim, 'the server is version 0.0.9, and this plugin needs 0.1.0 or newer; in a checkout of foretype: cargo')
    nvim:wait('no server', 0, function()
      return nvim:lua("return #vim.lsp.get_clients({ name = 'foretype' })")
    end)
    nvim:lua("_G.version = '0.10.0'")
    nvim:command('Foretype restart')
    wait_started(nvim, 2)
  end)

  test('a program that is too old is seen by checkhealth', nil, nil, function(nvim)
    local program = vim.fn.tempname()
    vim.fn.writefile({ '#!/bin/sh', 'echo foretype 0.0.9' }, program)
    vim.fn.setfperm(program, 'rwxr-xr-x')
    nvim:lua("require('foretype').setup({ cmd = { ..., 'lsp' } })", program)
    nvim:command('checkhealth foretype')
    local report = table.concat(nvim:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'), '\n')
    assert(report:find('ERROR foretype 0.0.9 is too old', 1, true), report)
    assert(report:find('0.1.0 is needed', 1, true), report)
  end)

  local TODAY = "_G.today = { today = { saved_characters = 120, cost_usd = 0.25 }, text = 'Today' }"

  test('what the server tells of itself comes to the status line', TODAY, nil, function(nvim)
    nvim:lua("_G.answers['foretype.stats'] = _G.today")
    wait_started(nvim, 1)
    local function wait_line(wanted)
      nvim:wait('the status line', wanted, function()
        return nvim:lua("return require('foretype').statusline()")
      end)
    end
    wait_line('foretype: $0.25')
    nvim:lua([[
      _G.n_told = 0
      vim.api.nvim_create_autocmd('User', { pattern = 'ForetypeStatus', callback = function() _G.n_told = _G.n_told + 1 end })
      local function progress(kind)
        _G.dispatchers.notification('$/progress', { token = 'foretype.index.1', value = { kind = kind, title = 'indexing' } })
      end
      _G.progress = progress
      progress('begin')
    ]])
    wait_line('foretype: indexing, $0.25')
    nvim:lua([[
      _G.progress('end')
      local down = { state = 'down', cause = 'network', message = 'no route', since_s = 1 }
      local models = { { label = 'codestral', health = down }, { label = 'local', health = { state = 'healthy' } } }
      _G.dispatchers.notification('foretype/status', { instant = {}, models = models, answers = 'local' })
    ]])
    wait_line('foretype: codestral down, $0.25')
    assert(nvim:lua('return _G.n_told') >= 3, 'who listens is told')
    assert(nvim:lua('return _G.abilities.experimental.foretypeStatus'))
    local state = nvim:lua("return require('foretype').state()")
    local wanted = {
      on = true,
      why = 'the server is attached',
      indexing = false,
      answers = 'local',
      down = { codestral = 'no route' },
      saved_characters = 120,
      cost_usd = 0.25,
    }
    assert(vim.deep_equal(state, wanted), vim.inspect(state))
    nvim:command('Foretype disable *')
    wait_line('')
  end)

  test('switched off and on everywhere', nil, nil, function(nvim)
    wait_started(nvim, 1)
    nvim:type('A')
    nvim:wait_ghost('o_on')
    nvim:command('Foretype toggle *')
    nvim:wait_ghost('')
    assert(nvim:command('Foretype status'):find('off here: switched off everywhere', 1, true))
    nvim:type('<Esc>')
    nvim:command('edit b.txt')
    assert(not nvim:lua("return require('foretype').status()"))
    nvim:command('Foretype toggle *')
    nvim:wait_attached()
    nvim:type('ig')
    nvim:wait_ghost('o_on')
  end)

  test('a filetype is toggled', nil, nil, function(nvim)
    wait_started(nvim, 1)
    nvim:command('Foretype toggle text')
    assert(nvim:command('Foretype status'):find('switched off for filetype `text`', 1, true))
    nvim:command('Foretype toggle text')
    nvim:wait_attached()
  end)

  test('a buffer that cannot be changed is not attached', "vim.o.modifiable = false", nil, function(nvim)
    assert(nvim:command('Foretype status'):find('cannot be changed', 1, true))
    assert(nvim:lua('return _G.n_started') == 0)
    nvim:command('set modifiable')
    wait_started(nvim, 1)
    nvim:type('A')
    nvim:wait_ghost('o_on')
  end)

  test('a huge file is not attached', nil, nil, function(nvim)
    wait_started(nvim, 1)
    nvim:lua([[
      local file = io.open('huge.txt', 'w')
      file:write(('a line of some sixty letters, as it may stand in a log file\n'):rep(150000))
      file:close()
    ]])
    nvim:command('edit huge.txt')
    assert(nvim:command('Foretype status'):find('off here: the buffer is larger than 8 MB', 1, true))
    nvim:type('Goab<Tab>c')
    nvim:wait_lines(150001, 150001, { 'ab\tc' })
  end)
end
