--- The plugin, the release binary, and a project of real code.

--- Three openings that agree: what the fourth will be is clear to anyone.
local ORCHARD = [[
pub fn apples(orchard: &Orchard, basket: &mut Basket) {
    let ladder = orchard.borrow_ladder(basket.weight());
    ladder.pick_everything_ripe(basket, orchard.season());
    orchard.return_ladder(ladder);
}

pub fn pears(orchard: &Orchard, basket: &mut Basket) {
    let ladder = orchard.borrow_ladder(basket.weight());
    ladder.pick_everything_ripe(basket, orchard.season());
    orchard.return_ladder(ladder);
}

pub fn quinces(orchard: &Orchard, basket: &mut Basket) {
    let ladder = orchard.borrow_ladder(basket.weight());
    ladder.pick_everything_ripe(basket, orchard.season());
    orchard.return_ladder(ladder);
}
]]

local PLUMS = [[

pub fn plums(orchard: &Orchard, basket: &mut Basket) {
    let ladder = orchard.borrow_ladder(basket.weight());
    ladder.pick_everything_ripe(basket, orchard.season());
    
}
]]

--- The line of `PLUMS` that is still empty, below `ORCHARD`.
local LINE = 22
local WHOLE = '    orchard.return_ladder(ladder);'

return function(suite)
  local function write(folder, path, text)
    vim.fn.writefile(vim.split(text, '\n'), folder .. '/' .. path)
  end

  --- The cursor stands in the empty line, in insert mode, and the server is there.
  local function at_plums(name, options, body)
    local folder = suite.project()
    write(folder, 'src/orchard.rs', ORCHARD .. PLUMS)
    local child = { init = suite.setup(options), folder = folder, runtime = suite.plugin, file = 'src/orchard.rs' }
    suite.test(name, child, function(nvim)
      nvim:wait_attached()
      nvim:type(LINE .. 'GA')
      body(nvim, folder)
    end)
  end

  local function read(nvim)
    return table.concat(nvim:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'), '\n')
  end

  local function wait_window(nvim, first_line)
    nvim:wait('a window', first_line, function()
      return nvim:lua('return vim.api.nvim_win_get_config(0).relative ~= "" and vim.fn.getline(1) or ""')
    end)
    return read(nvim)
  end

  at_plums('ghost text appears and is taken whole', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('<Tab>')
    nvim:wait_lines(LINE - 1, LINE + 1, {
      '    ladder.pick_everything_ripe(basket, orchard.season());',
      WHOLE,
      '}',
    })
    nvim:wait_ghost('')
  end)

  at_plums('the server learns what was accepted', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('<Tab>')
    nvim:wait_lines(LINE, LINE, { WHOLE })
    nvim:wait('one accepted suggestion', 1, function()
      return nvim:lua([[
        local client = vim.lsp.get_clients({ name = 'foretype' })[1]
        require('foretype.wire').run(client, 'foretype.why', {}, function(traces)
          _G.n_accepted = #vim.tbl_filter(function(trace) return trace.accepted end, traces)
        end)
        return _G.n_accepted
      ]])
    end)
  end)

  at_plums('ghost text survives typing along, letter by letter', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('c')
    nvim:wait_ghost('hard.return_ladder(ladder);')
    nvim:type('h')
    nvim:wait_ghost('ard.return_ladder(ladder);')
    nvim:type('ard.ret')
    nvim:wait_ghost('urn_ladder(ladder);')
    nvim:wait_lines(LINE, LINE, { '    orchard.ret' })
  end)

  at_plums('letters typed just before the accept are not left behind', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('chard.re')
    nvim:type('<Tab>')
    nvim:wait_lines(LINE, LINE, { WHOLE })
  end)

  at_plums('taken by word, the rest stays visible', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('<M-Right>')
    nvim:wait_lines(LINE, LINE, { '    orchard' })
    assert(nvim:ghost() == '.return_ladder(ladder);', 'the rest is shown at once, not after the next answer')
    nvim:type('<C-Right>')
    nvim:wait_lines(LINE, LINE, { '    orchard.' })
    nvim:type('<C-Right>')
    nvim:wait_lines(LINE, LINE, { '    orchard.return_ladder' })
    nvim:wait_handover('(ladder);')
    nvim:type('<Tab>')
    nvim:wait_lines(LINE, LINE, { WHOLE })
  end)

  at_plums('words are taken as fast as the key repeats', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('<C-Right><C-Right><C-Right>')
    nvim:wait_lines(LINE, LINE, { '    orchard.return_ladder' })
    nvim:type('<Tab>')
    nvim:wait_lines(LINE, LINE, { WHOLE })
  end)

  at_plums('taken by line', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('<M-Down>')
    nvim:wait_lines(LINE, LINE + 1, { WHOLE, '}' })
  end)

  at_plums('several lines, taken one by one', nil, function(nvim)
    nvim:type('<Esc>ddkSlad')
    nvim:wait_lines(LINE - 1, LINE, { '    lad', '}' })
    nvim:wait_ghost('der.pick_everything_ripe(basket, orchard.season());\n' .. WHOLE)
    nvim:type('<M-Down>')
    nvim:wait_lines(LINE - 1, LINE, { '    ladder.pick_everything_ripe(basket, orchard.season());', '}' })
    assert(nvim:ghost() == '\n' .. WHOLE, nvim:ghost())
    nvim:wait_handover(nvim.has_own_ghost and '' or '\n' .. WHOLE)
    assert(nvim:ghost() == '\n' .. WHOLE, nvim:ghost())
    nvim:type('<M-Down>')
    nvim:wait_lines(LINE - 1, LINE + 1, { '    ladder.pick_everything_ripe(basket, orchard.season());', WHOLE, '}' })
  end)

  at_plums('backspace and retype', nil, function(nvim)
    nvim:type('orcha')
    nvim:wait_ghost('rd.return_ladder(ladder);')
    nvim:type('<BS><BS>')
    nvim:wait_lines(LINE, LINE, { '    orc' })
    nvim:wait_ghost('hard.return_ladder(ladder);')
    nvim:type('h')
    nvim:wait_ghost('ard.return_ladder(ladder);')
    nvim:type('<Tab>')
    nvim:wait_lines(LINE, LINE, { WHOLE })
  end)

  at_plums('a letter that contradicts hides it', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('x')
    nvim:wait_ghost('')
    nvim:type('<BS>')
    nvim:wait_ghost('chard.return_ladder(ladder);')
  end)

  at_plums('accepting is one undo step', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('<Tab>')
    nvim:wait_lines(LINE, LINE, { WHOLE })
    nvim:type('<Esc>u')
    nvim:wait_lines(LINE, LINE, { '    or' })
    nvim:type('<C-r>')
    nvim:wait_lines(LINE, LINE, { WHOLE })
  end)

  at_plums('dismissed until the next letter', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('<C-]>')
    nvim:wait_ghost('')
    nvim:type('<C-v>u0063')
    nvim:wait_ghost('hard.return_ladder(ladder);')
  end)

  at_plums('without a suggestion a key does what it did', nil, function(nvim)
    nvim:type('<Esc>ggO<Tab>x<Home><C-Right>y')
    nvim:wait_lines(1, 1, { '    yx' })
  end)

  --- Each kind of mapping that a user may have had.
  for kind, mapping in pairs({
    text = "vim.keymap.set('i', '<Tab>', 'before')",
    expression = "vim.keymap.set('i', '<Tab>', function() return 'before' end, { expr = true })",
    callback = "vim.keymap.set('i', '<Tab>', function() vim.api.nvim_put({ 'before' }, 'c', false, true) end)",
    script = "vim.cmd('inoremap <expr> <Tab> repeat(\"before\", 1)')",
  }) do
    local init = mapping .. '\n' .. suite.setup() .. '\n' .. suite.setup()
    local child = { init = init, folder = suite.project(), runtime = suite.plugin }
    suite.test('without a suggestion Tab is the mapping it was: ' .. kind, child, function(nvim)
      nvim:type('ia<Tab>')
      nvim:wait_lines(1, 1, { 'abefore' })
    end)
  end

  at_plums('switched off and on for the buffer', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:command('Foretype toggle')
    nvim:wait_ghost('')
    assert(nvim:command('Foretype status'):find('off here: switched off in this buffer', 1, true))
    nvim:type('<Tab>')
    nvim:wait_lines(LINE, LINE, { '    or  ' })
    nvim:type('<BS>')
    nvim:command('Foretype toggle')
    nvim:wait_ghost('chard.return_ladder(ladder);')
  end)

  do
    local folder = suite.project()
    write(folder, 'src/orchard.rs', ORCHARD .. PLUMS)
    local init = suite.setup('{ filetypes = { rust = false } }')
    local child = { init = init, folder = folder, runtime = suite.plugin, file = 'src/orchard.rs' }
    suite.test('off for a filetype, until it is switched on', child, function(nvim)
      nvim:type(LINE .. 'GAor')
      nvim:wait_lines(LINE, LINE, { '    or' })
      assert(nvim:lua('return #vim.lsp.get_clients()') == 0, 'the server must not see the buffer')
      assert(nvim:command('Foretype status'):find('off here: switched off for filetype `rust`', 1, true))
      nvim:command('Foretype enable rust')
      nvim:wait_ghost('chard.return_ladder(ladder);')
      nvim:command('Foretype disable rust')
      nvim:wait_ghost('')
    end)
  end

  do
    local folder = suite.project()
    write(folder, 'src/orchard.rs', ORCHARD)
    write(folder, 'src/plums.rs', PLUMS)
    local child = { init = suite.setup(), folder = folder, runtime = suite.plugin, file = 'src/plums.rs' }
    suite.test('other files of the project are learned from', child, function(nvim)
      nvim:wait_attached()
      nvim:wait_indexed()
      nvim:type('5GAor')
      nvim:wait_ghost('chard.return_ladder(ladder);')
    end)
  end

  do
    local child = { init = suite.setup(), folder = suite.project(), runtime = suite.plugin }
    suite.test('untitled buffers, one after the other', child, function(nvim)
      local line = 'ladder.pick_everything_ripe(basket);'
      nvim:type('i' .. (line .. '<CR>'):rep(3) .. 'ladder.')
      nvim:wait_attached()
      nvim:wait_ghost('pick_everything_ripe(basket);')
      nvim:type('<Tab>')
      nvim:wait_lines(4, 4, { line })
      nvim:type('<Esc>')
      nvim:command('set hidden | enew')
      nvim:type('i' .. ('let basket = weave(willow);<CR>'):rep(3) .. 'let b')
      nvim:wait_ghost('asket = weave(willow);')
      nvim:type('<Esc>')
      nvim:command('buffer 1')
      nvim:type('Goladder.')
      nvim:wait_ghost('pick_everything_ripe(basket);')
      nvim:type('<Esc>:Foretype why<CR>')
      assert(wait_window(nvim, 'line 5, column 8'):find('1 shown, from', 1, true))
    end)
  end

  at_plums('why there is a suggestion, also after Insert mode', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('<C-o>:Foretype why<CR>')
    local said = wait_window(nvim, 'line 22, column 7')
    assert(said:find('gate', 1, true) and said:find('1 shown, from instant', 1, true), said)
    nvim:type('q')
    nvim:wait_lines(LINE, LINE, { '    or' })
    nvim:type('<Esc>A<Esc>:Foretype why<CR>')
    said = wait_window(nvim, 'line 22, column 7')
    assert(said:find('1 shown, from instant', 1, true), said)
  end)

  at_plums('why there is none, at a place that was not asked for', nil, function(nvim)
    nvim:type('<Esc>gg$')
    nvim:command('Foretype why')
    local said = wait_window(nvim, 'line 1, column 55')
    assert(said:find('nothing: ', 1, true), said)
  end)

  at_plums('what today came to, in a window and in a status line', nil, function(nvim)
    nvim:type('or')
    nvim:wait_ghost('chard.return_ladder(ladder);')
    nvim:type('<Tab>')
    nvim:wait_lines(LINE, LINE, { WHOLE })
    nvim:type('<Esc>')
    nvim:command('Foretype stats')
    nvim:wait('a window', true, function()
      return vim.startswith(read(nvim), 'Today (UTC): 1 shown, 1 taken')
    end)
    nvim:type('q')
    nvim:wait('the status line', 'foretype', function()
      return nvim:lua('return require("foretype").statusline()')
    end)
    local state = nvim:lua('return require("foretype").state()')
    assert(state.on and not state.indexing and state.cost_usd == 0, vim.inspect(state))
  end)

  at_plums('models are listed in a terminal', nil, function(nvim)
    nvim:type('<Esc>')
    nvim:command('Foretype model')
    nvim:wait('the list of models', true, function()
      return read(nvim):find('qwen2.5-coder-0.5b', 1, true) ~= nil
    end)
    assert(nvim:lua('return vim.bo.buftype') == 'terminal')
  end)

  at_plums('the command completes its words', nil, function(nvim)
    local function completed(line)
      return nvim:lua('return vim.fn.getcompletion(..., "cmdline")', line)
    end
    assert(vim.deep_equal(completed('Foretype e'), { 'enable' }))
    assert(vim.deep_equal(completed('Foretype disable rus'), { 'rust' }))
    assert(vim.deep_equal(completed('Foretype status '), {}))
    assert(vim.deep_equal(completed('Foretype model pu'), { 'pull' }))
  end)

  at_plums('checkhealth', nil, function(nvim)
    nvim:type('<Esc>')
    nvim:command('checkhealth foretype')
    local report = table.concat(nvim:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'), '\n')
    for _, wanted in ipairs({
      'OK Neovim ',
      'OK server: foretype ',
      'in 1 buffers',
      'src/orchard.rs: ghost text is on: the server is attached',
    }) do
      assert(report:find(wanted, 1, true), ('`%s` is not in:\n%s'):format(wanted, report))
    end
  end)

  do
    local folder = suite.project()
    write(folder, 'src/orchard.rs', ORCHARD .. PLUMS)
    local start = ('{ cmd = { "sh", "-c", "echo $$ > pid; exec \\"$0\\" lsp", %q } }'):format(suite.server)
    local init = "require('foretype.server').waits_ms[1] = 10\n" .. suite.setup(start)
    local child = { init = init, folder = folder, runtime = suite.plugin, file = 'src/orchard.rs' }
    suite.test('killed while somebody types, and back', child, function(nvim)
      nvim:wait_attached()
      nvim:type(LINE .. 'GAor')
      nvim:wait_ghost('chard.return_ladder(ladder);')
      local pid = vim.fn.readfile(folder .. '/pid')[1]
      vim.uv.kill(tonumber(pid), 'sigkill')
      nvim:type('chard.')
      nvim:wait('another process', false, function()
        return vim.fn.readfile(folder .. '/pid')[1] == pid
      end)
      nvim:wait_ghost('return_ladder(ladder);')
      nvim:type('<Tab>')
      nvim:wait_lines(LINE, LINE, { WHOLE })
    end)
  end

  suite.test('a missing server is said once, and typing goes on', {
    init = 'require("foretype").setup({ cmd = { "no-such-foretype", "lsp" } })',
    folder = suite.project(),
    runtime = suite.plugin,
    file = 'src/lib.rs',
  }, function(nvim)
    nvim:type('Oa<Tab>b')
    nvim:wait_lines(1, 1, { '//! a   b' })
    local said = nvim:command('messages')
    local wanted = '`no-such-foretype` is not installed, or not in $PATH. Get 0.1.0 or newer: in a checkout of foretype: cargo'
    assert(said:find(wanted, 1, true), said)
    nvim:command('checkhealth foretype')
    local report = table.concat(nvim:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'), '\n')
    assert(report:find('ERROR `no-such-foretype` is not in $PATH', 1, true), report)
  end)

  suite.test('an older Neovim is told so, once, and nothing breaks', {
    init = table.concat({
      'local has = vim.fn.has',
      'vim.fn.has = function(what) return what == "nvim-0.10" and 0 or has(what) end',
      suite.setup(),
      suite.setup(),
    }, '\n'),
    folder = suite.project(),
    runtime = suite.plugin,
  }, function(nvim)
    local said = nvim:command('messages')
    local _, n_times = said:gsub('needs Neovim 0.10 or newer', '')
    assert(n_times == 1, said)
    nvim:command('checkhealth foretype')
    local report = table.concat(nvim:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)'), '\n')
    assert(report:find('ghost text needs 0.10 or newer', 1, true), report)
    nvim:command('Foretype toggle')
  end)

  suite.test('a model is offered, and a never is kept', {
    init = table.concat({
      'vim.ui.select = function(actions, options, choose)',
      '  _G.asked = options.prompt',
      '  choose(actions[3])',
      'end',
      suite.setup(),
    }, '\n'),
    folder = suite.project(),
    runtime = suite.plugin,
    file = 'src/lib.rs',
    env = { FORETYPE_LOCAL_ASK = 'true' },
  }, function(nvim)
    nvim:wait('the note of the never', 1, function()
      return nvim:lua('return vim.fn.filereadable(vim.env.FORETYPE_MODELS .. "/.declined")')
    end)
    local asked = nvim:lua('return _G.asked')
    assert(asked:find('Download qwen2.5-coder-0.5b (491 MB, licence Apache-2.0)?', 1, true), asked)
  end)

  suite.test('a misspelt option names the valid ones', {
    init = '_G.refusal = select(2, pcall(require("foretype").setup, { key = {} }))',
    folder = suite.project(),
    runtime = suite.plugin,
  }, function(nvim)
    local refusal = nvim:lua('return _G.refusal')
    assert(refusal == 'foretype: no option `key`; there are beside_menu, cmd, filetypes, keys, settings', refusal)
  end)
end
