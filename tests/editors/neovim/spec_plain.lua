--- The set-up without a plugin, taken from the plugin's README as a reader would copy it.

local function setup_of(readme)
  local text = table.concat(vim.fn.readfile(readme), '\n')
  local code = text:match('\n## Without a plugin\n.-\n```lua\n(.-)```')
  return assert(code, 'no Lua under "Without a plugin" in ' .. readme)
end

return function(suite)
  local setup = setup_of(suite.plugin .. '/README.md')
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
end
