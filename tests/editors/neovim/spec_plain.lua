--- The set-ups of the plugin's README, as a reader would copy them.

--- The Lua below a line of the README.
local function setup_below(line, readme)
  local text = table.concat(vim.fn.readfile(readme), '\n')
  local code = text:match('\n' .. vim.pesc(line) .. '\n.-```lua\n(.-)```')
  return assert(code, ('no Lua below `%s` in %s'):format(line, readme))
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

return function(suite)
  local readme = suite.plugin .. '/README.md'
  local setup = setup_below('## Without a plugin', readme)
  local folder = suite.project()
  local line = '    let picked = ladder.pick_everything_ripe(basket);'
  local orchard = { 'fn main() {', line, line, line, '    ', '}' }
  vim.fn.writefile(orchard, folder .. '/src/orchard.rs')

  -- The server is found by its name, as it is for a user.
  local bin = vim.fn.tempname()
  vim.fn.mkdir(bin, 'p')
  assert(vim.uv.fs_symlink(suite.server, bin .. '/foretype'))
  local env = { PATH = bin .. ':' .. vim.env.PATH }
  local child = { init = setup, folder = folder, file = 'src/orchard.rs', env = env }

  suite.test('five lines and no plugin', child, function(nvim)
    local _, n_lines = setup:gsub('\n', '\n')
    assert(n_lines <= 5, 'the README promises five lines')
    nvim:wait_attached()
    nvim:type('5GAlet p')
    nvim:wait_ghost('icked = ladder.pick_everything_ripe(basket);')
    nvim:type('<Tab>')
    nvim:wait_lines(5, 6, { line, '}' })
    nvim:type('<Tab>x')
    nvim:wait_lines(5, 5, { line .. '   x' })
  end)

  -- Only the question before a download is left out.
  local pack = setup_below('`vim.pack`, which is part of Neovim 0.12:', readme)
  pack = pack:gsub('REPOSITORY', 'file://' .. repository(suite)):gsub('load = ', 'confirm = false, %0')
  suite.test('installed by vim.pack', vim.tbl_extend('force', child, { init = pack }), function(nvim)
    nvim:wait_attached()
    nvim:type('5GAlet p')
    nvim:wait_ghost('icked = ladder.pick_everything_ripe(basket);')
    nvim:type('<C-Right>')
    nvim:wait_lines(5, 5, { '    let picked' })
    assert(nvim:command('Foretype status'):find('on here', 1, true))
  end)
end
