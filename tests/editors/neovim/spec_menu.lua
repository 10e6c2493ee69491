--- Ghost text beside completion menus. nvim-cmp and blink.cmp are not here: what we ask them and hear from them is
--- played by stand-ins with their public names.

local scripted = require('scripted')

return function(suite)
  local function test(name, options, body)
    local folder = suite.project()
    vim.fn.writefile({ 'g', 'go_home' }, folder .. '/a.txt')
    local init = scripted.init("{ { text = 'go_on' } }", options)
    local child = { init = init, folder = folder, runtime = suite.plugin, file = 'a.txt' }
    suite.test(name, child, function(nvim)
      nvim:wait_attached()
      nvim:type('A')
      nvim:wait_ghost('o_on')
      body(nvim)
    end)
  end

  test("Neovim's menu hides it, and gives it back", nil, function(nvim)
    nvim:command('set completeopt=menu,menuone,noinsert')
    nvim:type('<C-n>')
    nvim:wait('the menu', 1, function()
      return nvim:lua('return vim.fn.pumvisible()')
    end)
    nvim:wait_ghost('')
    assert(nvim:command('Foretype status'):find('on here', 1, true), 'a menu switches nothing off')
    nvim:type('<C-e>')
    nvim:wait_ghost('o_on')
    nvim:type('<Tab>')
    nvim:wait_lines(1, 1, { 'go_on' })
  end)

  test('an item taken from the menu is gone on from', nil, function(nvim)
    nvim:command('set completeopt=menu,menuone,noinsert')
    nvim:type('<C-n>')
    nvim:wait_ghost('')
    nvim:lua("_G.items = { { text = 'go_homeward' } }")
    nvim:type('<C-y>')
    nvim:wait_lines(1, 1, { 'go_home' })
    nvim:wait_ghost('ward')
  end)

  test('it stays beside the menu where that is wanted', '{ beside_menu = true }', function(nvim)
    nvim:command('set completeopt=menu,menuone,noinsert')
    nvim:type('<C-n>')
    nvim:wait('the menu', 1, function()
      return nvim:lua('return vim.fn.pumvisible()')
    end)
    nvim:lua('vim.schedule(function() _G.is_later = true end)')
    nvim:wait('what comes after the menu', true, function()
      return nvim:lua('return _G.is_later')
    end)
    nvim:wait_ghost('o_on')
  end)

  test('left with the menu open, it comes back elsewhere', nil, function(nvim)
    nvim:command('set completeopt=menu,menuone,noinsert')
    nvim:type('<C-n>')
    nvim:wait_ghost('')
    nvim:type('<Esc>')
    nvim:command('set hidden | edit b.txt')
    nvim:wait_attached()
    nvim:type('ig')
    nvim:wait_ghost('o_on')
    nvim:type('<Esc>')
    nvim:command('edit a.txt')
    nvim:type('A')
    nvim:wait_ghost('o_on')
  end)

  --- The menu of a plugin opens and closes, as it would tell.
  local function beside(nvim, set, tell_open, tell_closed)
    nvim:lua(set, true)
    nvim:lua(tell_open)
    nvim:wait_ghost('')
    -- What is typed meanwhile brings nothing back.
    nvim:lua('_G.asked = { 0, 0 }')
    nvim:type('o')
    nvim:wait_lines(1, 1, { 'go' })
    nvim:lua('vim.defer_fn(function() _G.is_late = true end, 300)')
    nvim:wait('the time at which it would have been asked', true, function()
      return nvim:lua('return _G.is_late')
    end)
    assert(nvim:lua('return _G.asked[2]') == 0 and nvim:ghost() == '')
    nvim:lua(set, false)
    nvim:lua(tell_closed)
    nvim:wait_ghost('_on')
  end

  test('blink.cmp hides it, and gives it back', nil, function(nvim)
    beside(
      nvim,
      "local is_open = ...; package.loaded['blink.cmp'] = { is_menu_visible = function() return is_open end }",
      "vim.api.nvim_exec_autocmds('User', { pattern = 'BlinkCmpMenuOpen' })",
      "vim.api.nvim_exec_autocmds('User', { pattern = 'BlinkCmpMenuClose' })"
    )
  end)

  test('nvim-cmp hides it, and gives it back', nil, function(nvim)
    nvim:type('<Esc>')
    nvim:lua([[
      local heard = {}
      package.loaded.cmp = {
        visible = function() return _G.cmp_is_open == true end,
        event = { on = function(_, name, callback) heard[name] = callback end },
      }
      _G.tell = function(name) heard[name]() end
    ]])
    nvim:type('A')
    nvim:wait_ghost('o_on')
    beside(nvim, '_G.cmp_is_open = ...', "_G.tell('menu_opened')", "_G.tell('menu_closed')")
  end)
end
