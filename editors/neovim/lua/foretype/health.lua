--- `:checkhealth foretype`.

local M = {}

local health = vim.health

---@param cmd string[]
local function check_server(cmd)
  local path = vim.fn.exepath(cmd[1])
  if path == '' then
    return health.error(('`%s` is not in $PATH'):format(cmd[1]), {
      'install the server, in a checkout of foretype: cargo install --path .',
      'or name it: require("foretype").setup({ cmd = { "/path/to/foretype", "lsp" } })',
    })
  end
  local answer = vim.system({ path, '--version' }, { text = true }):wait(3000)
  if answer.code == 0 then
    health.ok(('server: %s (%s)'):format(vim.trim(answer.stdout), path))
  else
    health.error(('`%s --version` failed: %s'):format(path, vim.trim(answer.stderr or '')))
  end
end

---@param buf integer
local function check_buffer(buf)
  local name = vim.api.nvim_buf_get_name(buf)
  local title = name == '' and 'untitled buffer' or vim.fn.fnamemodify(name, ':~:.')
  local on, why = require('foretype').status(buf)
  local report = on and health.ok or health.warn
  report(('%s: ghost text is %s: %s'):format(title, on and 'on' or 'off', why))
end

function M.check()
  health.start('foretype')
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.12') == 0 then
    return health.error(('Neovim %s: ghost text needs 0.12 or newer'):format(version), 'update Neovim')
  end
  health.ok('Neovim ' .. version)
  local config = vim.lsp.config.foretype
  check_server(config and config.cmd or { 'foretype' })

  local clients = vim.lsp.get_clients({ name = 'foretype' })
  for _, client in ipairs(clients) do
    local n_buffers = vim.tbl_count(client.attached_buffers)
    health.ok(('running for %s, in %d buffers'):format(client.root_dir or 'single files', n_buffers))
  end
  if #clients == 0 then
    health.info('the server is not running: it starts with the first file that you open')
  end
  -- The report has its own buffer; the user means the one before it.
  local here = vim.fn.bufnr('#')
  if here > 0 then
    check_buffer(here)
  end
end

return M
