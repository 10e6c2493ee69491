--- The set-ups of the plugin's README, as a reader would copy them.

--- The code below a line of the README.
local function code_below(line, readme, language)
  local text = table.concat(vim.fn.readfile(readme), '\n')
  local code = text:match('\n' .. vim.pesc(line) .. '.-```' .. language .. '\n(.-)```')
  return assert(code, ('no %s below `%s` in %s'):format(language, line, readme))
end

--- A repository with the plugin where it is in this one.
local function repository(suite)
  local folder = vim.fn.tempname()
  vim.fn.mkdir(folder .. '/editors', 'p')
  local author = { '-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false' }
  for _, command in ipairs({
    { 'cp', '-r', suite.plugin, folder .. '/editors/neovim' },
    { 'git', 'init', '--quiet' },
    { 'git', 'add', '--all' },
    vim.list_extend(vim.list_extend({ 'git' }, author), { 'commit', '--quiet', '--message', 'plugin' }),
  }) do
    local done = vim.system(command, { cwd = folder }):wait()
    assert(done.code == 0, table.concat(command, ' ') .. ': ' .. done.stderr)
  end
  return folder
end

--- A home folder with nothing in it but the server, found by its name.
local function home_with(server)
  local home = vim.fn.tempname()
  vim.fn.mkdir(home .. '/.cargo/bin', 'p')
  vim.fn.mkdir(home .. '/.config/nvim', 'p')
  assert(vim.uv.fs_symlink(server, home .. '/.cargo/bin/foretype'))
  return home, { HOME = home, PATH = home .. '/.cargo/bin:' .. vim.env.PATH }
end

return function(suite)
  local readme = suite.plugin .. '/README.md'
  local folder = suite.project()
  local line = '    let picked = ladder.pick_everything_ripe(basket);'
  local orchard = { 'fn main() {', line, line, line, '    ', '}' }
  vim.fn.writefile(orchard, folder .. '/src/orchard.rs')

  --- `init` is the user's configuration, in a home of its own; `shell` was run there before.
  local function test(name, init, shell, body)
    local home, env = home_with(suite.server)
    vim.fn.writefile(vim.split(init, '\n'), home .. '/.config/nvim/init.lua')
    if shell then
      local done = vim.system({ 'sh', '-ec', shell }, { env = env }):wait()
      assert(done.code == 0, done.stderr)
    end
    local child = { home = home, folder = folder, file = 'src/orchard.rs', env = env }
    suite.test(name, child, function(nvim)
      nvim:wait_attached()
      nvim:type('5GAlet p')
      nvim:wait_ghost('icked = ladder.pick_everything_ripe(basket);')
      body(nvim)
    end)
  end

  local function by_word(nvim)
    nvim:type('<C-Right>')
    nvim:wait_lines(5, 5, { '    let picked' })
    assert(nvim:command('Foretype status'):find('on here', 1, true))
  end

  local origin = 'file://' .. repository(suite)
  local by_hand = 'No plugin manager:'
  local clone = code_below(by_hand, readme, 'sh'):gsub('REPOSITORY', origin)
  test('installed by hand', code_below(by_hand, readme, 'lua'), clone, by_word)

  local line_of_status = code_below('For a status line there is', readme, 'lua')
  test('the status line', code_below(by_hand, readme, 'lua') .. line_of_status, clone, function(nvim)
    nvim:wait('the status line', 'src/orchard.rs [+] foretype 5:10', function()
      local drawn = nvim:lua('return vim.api.nvim_eval_statusline(vim.o.statusline, {}).str')
      return (drawn:gsub(' +', ' '))
    end)
  end)

  if not vim.lsp.inline_completion then
    return
  end
  local plain = code_below('## Without a plugin', readme, 'lua')
  test('five lines and no plugin', plain, nil, function(nvim)
    local _, n_lines = plain:gsub('\n', '\n')
    assert(n_lines <= 5, 'the README promises five lines')
    nvim:type('<Tab>')
    nvim:wait_lines(5, 6, { line, '}' })
    nvim:type('<Tab>x')
    nvim:wait_lines(5, 5, { line .. '   x' })
  end)

  -- Only the question before a download is left out.
  local pack = code_below('`vim.pack`, which is part of Neovim 0.12:', readme, 'lua')
  pack = pack:gsub('REPOSITORY', origin):gsub('load = ', 'confirm = false, %0')
  test('installed by vim.pack', pack, nil, by_word)
end
