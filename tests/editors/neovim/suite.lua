--- Runs the tests: `nvim -l tests/editors/neovim/suite.lua [FILTER]`. Each test has a Neovim and a project of its own.
---
--- The environment names what is tested: FORETYPE_BIN the server, FORETYPE_ROOT the repository.

local root = assert(vim.env.FORETYPE_ROOT, 'FORETYPE_ROOT is not set; start tests/editors/run')
local server = assert(vim.env.FORETYPE_BIN, 'FORETYPE_BIN is not set; start tests/editors/run')
package.path = root .. '/tests/editors/neovim/?.lua;' .. package.path

local Child = require('child')
local filter = arg[1] or ''
local n_passed, failures = 0, {}

---@class Suite
local suite = {
  root = root,
  server = server,
  plugin = root .. '/editors/neovim',
}

--- A copy of this repository's sources, as a project of its own.
function suite.project()
  local folder = vim.fn.tempname()
  vim.fn.mkdir(folder .. '/.git', 'p')
  local copied = vim.system({ 'cp', '-r', root .. '/src', root .. '/Cargo.toml', folder }):wait()
  assert(copied.code == 0, copied.stderr)
  return folder
end

--- The user's configuration with the plugin set up.
---@param options? string Lua
function suite.setup(options)
  local base = ('{ cmd = { %q, "lsp" } }'):format(server)
  return ('require("foretype").setup(vim.tbl_extend("force", %s, %s))'):format(base, options or '{}')
end

---@param name string
---@param options Child.Options
---@param body fun(nvim: table)
function suite.test(name, options, body)
  if not name:find(filter, 1, true) then
    return
  end
  local started = vim.uv.hrtime()
  local nvim
  local passed, problem = xpcall(function()
    nvim = Child.start(options)
    body(nvim)
  end, function(message)
    return type(message) == 'string' and message or vim.inspect(message)
  end)
  if nvim then
    nvim:stop()
  end
  local ms = (vim.uv.hrtime() - started) / 1e6
  io.write(('%s  %s (%.0f ms)\n'):format(passed and 'ok  ' or 'FAIL', name, ms))
  if passed then
    n_passed = n_passed + 1
  else
    table.insert(failures, name)
    io.write('  ' .. problem .. '\n')
  end
end

io.write(('Neovim %s, %s\n'):format(tostring(vim.version()), vim.trim(vim.fn.system({ server, '--version' }))))
for _, spec in ipairs({ 'real', 'text', 'scripted', 'menu', 'server', 'readme' }) do
  require('spec_' .. spec)(suite)
end
io.write(('%d passed, %d failed\n'):format(n_passed, #failures))
-- Unlike os.exit, this removes the temporary folders.
-- A name may be one that only the newest has.
local is_green = #failures == 0 and (n_passed > 0 or not vim.lsp.inline_completion)
vim.cmd.cquit({ count = is_green and 0 or 1, bang = true })
