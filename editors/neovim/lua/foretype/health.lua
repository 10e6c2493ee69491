--- `:checkhealth foretype`.

local M = {}

local health = vim.health

---@param cmd string[]|function
local function check_server(cmd)
  local server = require('foretype.server')
  if type(cmd) == 'function' then
    return health.ok('server: started by a function of yours')
  end
  local path = vim.fn.exepath(cmd[1])
  if path == '' then
    return health.error(('`%s` is not in $PATH'):format(cmd[1]), {
      ('install the server, %s or newer, %s'):format(server.NEEDED, server.HOW_TO_GET),
      'or name it: require("foretype").setup({ cmd = { "/path/to/foretype", "lsp" } })',
    })
  end
  local answer = vim.system({ path, '--version' }, { text = true }):wait(3000)
  local said = vim.trim(answer.code == 0 and answer.stdout or answer.stderr or '')
  if answer.code ~= 0 then
    health.error(('`%s --version` failed: %s'):format(path, said))
  elseif server.is_too_old(said:match('%d+%.%d+%.%d+')) then
    health.error(('%s is too old (%s): %s is needed'):format(said, path, server.NEEDED), server.HOW_TO_GET)
  else
    health.ok(('server: %s (%s)'):format(said, path))
  end
  if server.given_up then
    health.error(server.given_up)
  end
end

---@param buf integer
local function check_buffer(buf)
  local name = vim.api.nvim_buf_get_name(buf)
  local title = name == '' and 'untitled buffer' or vim.fn.fnamemodify(name, ':~:.')
  local state = require('foretype').state(buf)
  local report = state.on and health.ok or health.warn
  report(('%s: ghost text is %s: %s'):format(title, state.on and 'on' or 'off', state.why))
  if state.answers then
    health.ok('the model that is asked first: ' .. state.answers)
  end
  for label, message in pairs(state.down) do
    health.warn(('the model %s is down: %s'):format(label, message))
  end
end

local function check_keys(keys)
  for name, chosen in pairs(keys or {}) do
    for _, lhs in ipairs(type(chosen) == 'table' and chosen or { chosen or nil }) do
      local mapping = vim.fn.maparg(lhs, 'i', false, true)
      if not vim.startswith(mapping.desc or '', 'foretype') then
        local other = mapping.desc or mapping.rhs or 'a mapping that was made later'
        health.warn(('%s is not bound to %s, but to: %s'):format(lhs, name, other), 'see `keys` in :help foretype')
      end
    end
  end
end

function M.check()
  health.start('foretype')
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.10') == 0 then
    return health.error(('Neovim %s: ghost text needs 0.10 or newer'):format(version), 'update Neovim')
  end
  local drawn_by = vim.lsp.inline_completion and 'Neovim' or 'this plugin; from 0.12 on Neovim does'
  health.ok(('Neovim %s: ghost text is drawn by %s'):format(version, drawn_by))
  local options = require('foretype.scope').options()
  check_server(options and options.cmd or { 'foretype' })
  check_keys(options and options.keys)

  local clients = vim.lsp.get_clients({ name = 'foretype' })
  for _, client in ipairs(clients) do
    local n_buffers = vim.tbl_count(client.attached_buffers)
    health.ok(('running for %s, in %d buffers'):format(client.root_dir or 'single files', n_buffers))
  end
  if #clients == 0 then
    health.info('the server is not running: it starts with the first file that you open')
  end
  health.info('log of the server: ' .. require('foretype.server').log_path())
  -- The report has its own buffer; the user means the one before it.
  local here = vim.fn.bufnr('#')
  if here > 0 then
    check_buffer(here)
  end
end

return M
