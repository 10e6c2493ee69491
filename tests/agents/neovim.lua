--- A real Neovim hands a selection to a real agent: `nvim -l neovim.lua ROOT HOME PROJECT ANSWER`. Started by drive.py, which
--- has made the project and plays the model.
---
--- The configuration is the README's, in a home of its own. Menus are Neovim's `vim.ui.select`, as any picker replaces it:
--- what is offered is kept, and the wanted item is chosen by its title. ANSWER is what an agent's question gets, if it asks.

local root, home, project, answer = unpack(arg)
package.path = root .. '/tests/editors/neovim/?.lua;' .. package.path
vim.env.FORETYPE_TEST_PATIENCE_MS = '60000'
local Child = require('child')

local FILE = 'src/lib.rs'
local BEFORE = vim.fn.readfile(project .. '/' .. FILE)
local NOT_SAVED, TYPED_ON = '// not saved yet', '// typed while it worked'

local readme = table.concat(vim.fn.readfile(root .. '/README.md'), '\n')
local init = assert(readme:match('## Neovim.-```lua\n(.-)```'), 'no set-up for Neovim in the README')
vim.fn.mkdir(home .. '/.config/nvim', 'p')
vim.fn.writefile(vim.split(init, '\n'), home .. '/.config/nvim/init.lua')

local nvim = Child.start({
  home = home,
  folder = project,
  file = FILE,
  env = { PATH = vim.env.PATH, FORETYPE_MODELS = home .. '/models' },
})

--- Whatever is asked is kept; what is in `_G.wanted` is chosen as soon as it is offered.
nvim:lua([[
  _G.offered, _G.wanted, _G.progress = {}, {}, {}
  vim.ui.select = function(items, options, choose)
    local titles = vim.tbl_map(options.format_item or tostring, items)
    table.insert(_G.offered, { prompt = options.prompt, titles = titles })
    for i, title in ipairs(titles) do
      for _, wanted in ipairs(_G.wanted) do
        if vim.startswith(title, wanted) then
          return choose(items[i], i)
        end
      end
    end
    choose(nil, nil)
  end
  vim.api.nvim_create_autocmd('LspProgress', {
    callback = function(event)
      local params = event.data.params
      if vim.startswith(tostring(params.token), 'foretype.agent.') then
        table.insert(_G.progress, params.value)
      end
    end,
  })
]])

local function lines()
  return nvim:lua('return vim.api.nvim_buf_get_lines(vim.fn.bufnr(...), 0, -1, false)', FILE)
end

--- Chooses from the menu of code actions.
local function act(title)
  nvim:lua('_G.wanted = { ... }', title, answer)
  nvim:lua('vim.lsp.buf.code_action()')
end

--- What the end of a hand-off says.
local function wait_for_end()
  local kinds
  nvim:wait('the end of the progress', 'end', function()
    kinds = nvim:lua('return _G.progress')
    return (kinds[#kinds] or {}).kind
  end)
  return kinds
end

local passed, problem = xpcall(function()
  nvim:wait_attached()
  nvim:type('O' .. NOT_SAVED .. '<Esc>')
  nvim:wait_lines(1, 1, { NOT_SAVED })

  -- The function is selected by lines, and handed over from the menu.
  nvim:type('jV2j')
  nvim:wait('the selection', 'V', function()
    return vim.rpcrequest(nvim.channel, 'nvim_get_mode').mode
  end)
  act('Hand over to opencode: the selection')
  nvim:type('<Esc>')
  nvim:wait('the begin of the progress', 'begin', function()
    return (nvim:lua('return _G.progress')[1] or {}).kind
  end)
  nvim:type('Go' .. TYPED_ON .. '<Esc>')
  local progress = wait_for_end()
  assert(progress[1].cancellable and progress[1].title:find('opencode: ', 1, true), vim.inspect(progress[1]))
  local mine = vim.list_extend({ NOT_SAVED }, BEFORE)
  table.insert(mine, TYPED_ON)
  assert(vim.deep_equal(lines(), mine), 'the agent changed the buffer')

  if answer then
    local asked = vim.tbl_filter(function(offer)
      return offer.prompt:find('wants to execute', 1, true) ~= nil
    end, nvim:lua('return _G.offered'))
    assert(#asked > 0, 'nothing was asked')
    assert(vim.deep_equal(asked[1].titles, { 'Allow once', 'Deny', 'End the agent' }), vim.inspect(asked))
    return
  end

  -- The review is a document.
  act('Review what opencode made')
  nvim:wait('the review', true, function()
    local shown = nvim:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
    return vim.list_contains(shown, '-    todo!()') and vim.list_contains(shown, '+    a + b')
  end)
  nvim:command('buffer ' .. FILE)

  act('Apply what opencode made')
  local merged = vim.deepcopy(mine)
  merged[3] = '    a + b'
  nvim:wait('the edit in the buffer, beside what was not saved', merged, lines)
  assert(nvim:lua('return vim.bo.modified'), 'the buffer is not the disk, and must say so')
  assert(vim.deep_equal(vim.fn.readfile(project .. '/' .. FILE), BEFORE), 'the disk was changed beneath the buffer')
  -- Neovim tells of it a moment later; an edit that is undone before that looks like one that was left out.
  nvim:wait('the hand-off to be over', 'applied', function()
    return nvim:lua([[
      local params = { command = 'foretype.agent.list', arguments = { { all = true } } }
      local client = vim.lsp.get_clients({ name = 'foretype', bufnr = vim.fn.bufnr(...) })[1]
      return client:request_sync('workspace/executeCommand', params).result[1].state
    ]], FILE)
  end)
  nvim:type('u')
  nvim:wait('the edit undone, and nothing else', mine, lines)
  nvim:type('<C-r>')
  nvim:wait('the edit done again', merged, lines)
  nvim:command('write')
end, function(message)
  return type(message) == 'string' and message or vim.inspect(message)
end)
if not passed then
  problem = problem .. '\n' .. vim.inspect(nvim:lua('return { _G.offered, _G.progress }')) .. nvim:command('messages')
end
nvim:stop()
if not passed then
  io.stderr:write(problem .. '\n')
end
vim.cmd.cquit({ count = passed and 0 or 1, bang = true })
